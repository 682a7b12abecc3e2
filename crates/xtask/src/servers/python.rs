//! The servers that are written in Python, and what else the tests need of it.

use std::path::{Path, PathBuf};

use crate::servers::recipe::Recipe;
use crate::venv::Venv;

pub(crate) const VENV: Venv = Venv {
    requirements: "crates/xtask/servers-requirements.txt",
    directory: "test-servers/python",
    python: "3.11",
    user: "the servers of the tests",
};

/// Both say so in the same words.
const RUNNING: &str = "Running on http://127.0.0.1:{port}";
const URL: &str = "http://127.0.0.1:{port}";

/// ministack: the services of AWS, each access key of twelve digits an account of its own.
pub(crate) fn ministack(bin: &Path, directory: PathBuf) -> Recipe {
    Recipe {
        name: "ministack",
        program: bin.join("python"),
        arguments: &["-m", "ministack"],
        // Its defaults are every interface and, for two protocols that no test speaks, ports
        // of their own.
        variables: &[
            ("GATEWAY_PORT", "{port}"),
            ("BIND_HOST", "127.0.0.1"),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
        ],
        directory,
        sign: RUNNING,
        question: "GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        answer: "HTTP/1.1 200 ",
        told: vec![("PT_TEST_AWS_URL", URL.to_owned())],
    }
}

/// moto: X-Ray documents and second opinions.
pub(crate) fn moto(bin: &Path, directory: PathBuf) -> Recipe {
    Recipe {
        name: "moto",
        program: bin.join("python"),
        arguments: &["-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"],
        variables: &[],
        directory,
        sign: RUNNING,
        question: "GET /moto-api/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        answer: "HTTP/1.1 200 ",
        told: vec![("PT_TEST_MOTO_URL", URL.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venv::pinned;
    use crate::workspace::Workspace;

    #[test]
    fn every_package_is_pinned_by_version_and_hash() {
        let text = Workspace::find().unwrap().read(VENV.requirements).unwrap();
        let packages = pinned(&text);
        for package in ["ministack", "moto", "aws-lambda-powertools", "redis"] {
            assert!(packages.contains(&package), "{package}");
        }
        assert!(packages.len() > 60, "{packages:?}");
        assert!(!text.contains("://"), "no address of an index");
    }

    #[test]
    fn ministack_binds_to_the_loopback_interface_alone() {
        let command = ministack(Path::new("/bin"), "/tmp".into()).command(4566);
        let value = |name: &str| {
            let mut variables = command.get_envs();
            variables.find_map(|(key, value)| (key == name).then_some(value?.to_str()?))
        };
        assert_eq!(value("BIND_HOST"), Some("127.0.0.1"));
        assert_eq!(value("GATEWAY_PORT"), Some("4566"));
        assert_eq!(value("IOT_MTLS_ENABLED"), Some("0"));
        assert_eq!(value("CARGO_PKG_NAME"), None);
    }
}
