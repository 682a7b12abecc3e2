//! The servers that are written in Python.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Result;
use crate::servers::probe::http_ok;
use crate::servers::recipe::{Recipe, hide_environment};
use crate::venv::Venv;

pub(crate) const VENV: Venv = Venv {
    requirements: "crates/xtask/servers-requirements.txt",
    directory: "test-servers/python",
    python: "3.11",
    user: "the servers of the tests",
};

/// ministack: the services of AWS, each access key of twelve digits an account of its own.
#[derive(Debug)]
pub(crate) struct Ministack {
    /// The programs of the virtual environment.
    pub(crate) bin: PathBuf,
    /// Where it may leave files.
    pub(crate) scratch: PathBuf,
}

impl Recipe for Ministack {
    fn name(&self) -> &'static str {
        "ministack"
    }

    fn command(&self, port: u16) -> Result<Command> {
        let mut command = Command::new(self.bin.join("ministack"));
        hide_environment(&mut command);
        command
            .current_dir(&self.scratch)
            .env("TMPDIR", &self.scratch)
            .env("GATEWAY_PORT", port.to_string())
            // Its defaults are every interface and, for two protocols that no test speaks,
            // ports of their own.
            .env("BIND_HOST", "127.0.0.1")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
        Ok(command)
    }

    fn sign(&self, port: u16) -> String {
        running_on(port)
    }

    fn answers(&self, port: u16) -> bool {
        http_ok(port, "/_ministack/health")
    }

    fn variables(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![("PT_TEST_AWS_URL", url(port))]
    }
}

/// moto: X-Ray documents and second opinions.
#[derive(Debug)]
pub(crate) struct Moto {
    /// The programs of the virtual environment.
    pub(crate) bin: PathBuf,
}

impl Recipe for Moto {
    fn name(&self) -> &'static str {
        "moto"
    }

    fn command(&self, port: u16) -> Result<Command> {
        let mut command = Command::new(self.bin.join("moto_server"));
        hide_environment(&mut command);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        Ok(command)
    }

    fn sign(&self, port: u16) -> String {
        running_on(port)
    }

    fn answers(&self, port: u16) -> bool {
        http_ok(port, "/moto-api/")
    }

    fn variables(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![("PT_TEST_MOTO_URL", url(port))]
    }
}

/// Both say so in the same words.
fn running_on(port: u16) -> String {
    format!("Running on {}", url(port))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
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
        assert!(packages.contains(&"ministack") && packages.contains(&"moto"));
        assert!(packages.len() > 60, "{packages:?}");
        assert!(!text.contains("://"), "no address of an index");
    }

    #[test]
    fn ministack_binds_to_the_loopback_interface_alone() {
        let recipe = Ministack {
            bin: "/bin".into(),
            scratch: "/tmp".into(),
        };
        let command = recipe.command(4566).unwrap();
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
