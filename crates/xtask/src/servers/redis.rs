//! Redis: plain, and with TLS and an access control list.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::apt::{self, Need};
use crate::failure::{Failure, Result};
use crate::servers::certificate::{self, AUTHORITY, CERTIFICATE, KEY};
use crate::servers::recipe::{Recipe, hide_environment};
use crate::workspace::{Workspace, succeeds};

/// The only user of the server with TLS. May touch the keys that begin with `pt:`.
const USER: &str = "app";

/// What has to be on the machine: program, the word for its version, and package.
const PROGRAMS: [[&str; 3]; 3] = [
    ["redis-server", "--version", "redis-server"],
    ["redis-cli", "--version", "redis-tools"],
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

#[derive(Debug)]
pub(crate) struct Plain {
    /// Where it may leave files.
    pub(crate) scratch: PathBuf,
}

impl Recipe for Plain {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn command(&self, port: u16) -> Result<Command> {
        let mut command = Command::new("redis-server");
        hide_environment(&mut command);
        command
            .current_dir(&self.scratch)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"]);
        Ok(command)
    }

    fn sign(&self, _: u16) -> String {
        READY.to_owned()
    }

    fn answers(&self, port: u16) -> bool {
        pongs(client(port).args(["-h", "127.0.0.1"]))
    }

    fn variables(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![("PT_TEST_REDIS_URL", format!("redis://127.0.0.1:{port}"))]
    }
}

#[derive(Debug)]
pub(crate) struct Tls {
    directory: PathBuf,
    password: String,
}

impl Tls {
    /// With a certificate and a password of its own, in this empty directory.
    pub(crate) fn new(directory: PathBuf) -> Result<Self> {
        certificate::make(&directory)?;
        Ok(Self {
            directory,
            password: certificate::password()?,
        })
    }

    /// Redis takes users from its configuration file only, not from its arguments.
    fn configuration(&self, port: u16) -> String {
        format!(
            "bind 127.0.0.1\n\
             port 0\n\
             tls-port {port}\n\
             tls-cert-file {CERTIFICATE}\n\
             tls-key-file {KEY}\n\
             tls-ca-cert-file {AUTHORITY}\n\
             tls-auth-clients no\n\
             save \"\"\n\
             appendonly no\n\
             user default off\n\
             user {USER} on >{} ~pt:* +@all\n",
            self.password
        )
    }
}

impl Recipe for Tls {
    fn name(&self) -> &'static str {
        "redis-tls"
    }

    fn command(&self, port: u16) -> Result<Command> {
        let path = self.directory.join("redis.conf");
        fs::write(&path, self.configuration(port))
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))?;
        let mut command = Command::new("redis-server");
        hide_environment(&mut command);
        command.current_dir(&self.directory).arg("redis.conf");
        Ok(command)
    }

    fn sign(&self, _: u16) -> String {
        READY.to_owned()
    }

    fn answers(&self, port: u16) -> bool {
        pongs(
            client(port)
                .current_dir(&self.directory)
                .env("REDISCLI_AUTH", &self.password)
                .args(["-h", "localhost", "--user", USER])
                .args(["--tls", "--cacert", AUTHORITY]),
        )
    }

    fn variables(&self, port: u16) -> Vec<(&'static str, String)> {
        let authority = self.directory.join(AUTHORITY);
        vec![
            (
                "PT_TEST_REDIS_TLS_URL",
                format!("rediss://{USER}:{}@localhost:{port}", self.password),
            ),
            ("PT_TEST_REDIS_TLS_CA", authority.display().to_string()),
        ]
    }
}

/// A Redis that cannot listen ends before it says this.
const READY: &str = "Ready to accept connections";

fn client(port: u16) -> Command {
    let mut command = Command::new("redis-cli");
    command.args(["-p", &port.to_string()]);
    command
}

fn pongs(client: &mut Command) -> bool {
    client
        .arg("ping")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"PONG")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls() -> Tls {
        Tls {
            directory: "/run-1/redis-tls".into(),
            password: "secret".to_owned(),
        }
    }

    #[test]
    fn the_server_with_tls_has_one_user_and_no_plain_port() {
        let configuration = tls().configuration(7000);
        let lines: Vec<&str> = configuration.lines().collect();
        for line in [
            "bind 127.0.0.1",
            "port 0",
            "tls-port 7000",
            "user default off",
            "user app on >secret ~pt:* +@all",
        ] {
            assert!(lines.contains(&line), "{line} in {lines:?}");
        }
    }

    #[test]
    fn the_tests_are_told_the_password_and_the_authority() {
        assert_eq!(
            tls().variables(7000),
            [
                (
                    "PT_TEST_REDIS_TLS_URL",
                    "rediss://app:secret@localhost:7000".to_owned()
                ),
                ("PT_TEST_REDIS_TLS_CA", "/run-1/redis-tls/ca.pem".to_owned()),
            ]
        );
    }
}
