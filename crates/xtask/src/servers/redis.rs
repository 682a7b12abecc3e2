//! Redis: plain, and with TLS and an access control list.

use std::fs;
use std::path::PathBuf;

use crate::apt::{self, Need};
use crate::failure::{Failure, Result};
use crate::servers::certificate::{self, AUTHORITY, CERTIFICATE, KEY};
use crate::servers::recipe::Recipe;
use crate::workspace::{Workspace, succeeds};

/// The only user of the server with TLS. May touch the keys that begin with `pt:`.
const USER: &str = "app";

/// A Redis that cannot listen ends before it says this.
const READY: &str = "Ready to accept connections";

/// What has to be on the machine: program, the word for its version, and package.
const PROGRAMS: [[&str; 3]; 2] = [
    ["redis-server", "--version", "redis-server"],
    // Makes the certificate.
    ["openssl", "version", "openssl"],
];

/// Fails if a program is missing and cannot be installed.
pub(crate) fn require(workspace: &Workspace) -> Result<()> {
    let missing = || {
        PROGRAMS
            .iter()
            .filter(|[program, version, _]| !succeeds(workspace.command(program).arg(version)))
            .map(|[_, _, package]| *package)
            .collect::<Vec<_>>()
    };
    let need = Need {
        sentence: "the tests need Redis and OpenSSL",
        packages: &missing().join(" "),
    };
    apt::require(workspace, &need, || missing().is_empty())
}

pub(crate) fn plain(directory: PathBuf) -> Recipe {
    Recipe {
        name: "redis",
        program: "redis-server".into(),
        arguments: &[
            "--port",
            "{port}",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        variables: &[],
        directory,
        sign: READY,
        question: "PING\r\n",
        answer: "+PONG\r\n",
        told: vec![("PT_TEST_REDIS_URL", "redis://127.0.0.1:{port}".to_owned())],
    }
}

/// With a certificate and a password of its own, in this empty directory.
pub(crate) fn tls(directory: PathBuf) -> Result<Recipe> {
    certificate::make(&directory)?;
    let password = certificate::password()?;
    let path = directory.join("redis.conf");
    fs::write(&path, configuration(&password))
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))?;
    let authority = directory.join(AUTHORITY).display().to_string();
    Ok(Recipe {
        name: "redis-tls",
        program: "redis-server".into(),
        arguments: &["redis.conf", "--tls-port", "{port}"],
        variables: &[],
        directory,
        sign: READY,
        // That it accepts a connection has to do: to ask it something takes TLS.
        question: "",
        answer: "",
        told: vec![
            (
                "PT_TEST_REDIS_TLS_URL",
                format!("rediss://{USER}:{password}@127.0.0.1:{{port}}"),
            ),
            ("PT_TEST_REDIS_TLS_CA", authority),
        ],
    })
}

/// Redis takes users from its configuration file only, not from its arguments.
fn configuration(password: &str) -> String {
    format!(
        "bind 127.0.0.1\n\
         port 0\n\
         tls-cert-file {CERTIFICATE}\n\
         tls-key-file {KEY}\n\
         tls-ca-cert-file {AUTHORITY}\n\
         tls-auth-clients no\n\
         save \"\"\n\
         appendonly no\n\
         user default off\n\
         user {USER} on >{password} ~pt:* +@all\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_with_tls_has_one_user_and_no_plain_port() {
        let configuration = configuration("secret");
        let lines: Vec<&str> = configuration.lines().collect();
        for line in [
            "bind 127.0.0.1",
            "port 0",
            "user default off",
            "user app on >secret ~pt:* +@all",
        ] {
            assert!(lines.contains(&line), "{line} in {lines:?}");
        }
    }
}
