//! What has to be known of a server to start it.

use std::path::PathBuf;
use std::process::Command;

use crate::host;
use crate::servers::probe;

/// The texts may hold [`PORT`].
#[derive(Debug)]
pub(crate) struct Recipe {
    /// For messages, and for the name of the log.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// Where it works and may leave files.
    pub(crate) directory: PathBuf,
    /// What its log says once it listens. Without it, an answer on the port could be
    /// another server's.
    pub(crate) sign: &'static str,
    /// What it is asked once the log has the sign, and how its answer begins.
    pub(crate) question: &'static str,
    pub(crate) answer: &'static str,
    /// What the tests are told.
    pub(crate) told: Vec<(&'static str, String)>,
}

/// Stands for the number of the port.
pub(crate) const PORT: &str = "{port}";

impl Recipe {
    /// Starts the server on this port, in the foreground. The variables of the developer are
    /// hidden from it: many of them would change how it works.
    pub(crate) fn command(&self, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        for name in host::variables().filter(|name| name != "PATH" && name != "HOME") {
            command.env_remove(name);
        }
        command
            .current_dir(&self.directory)
            .env("TMPDIR", &self.directory)
            .envs(
                self.variables
                    .iter()
                    .map(|(name, value)| (name, fill(value, port))),
            )
            .args(self.arguments.iter().map(|argument| fill(argument, port)));
        command
    }

    pub(crate) fn sign(&self, port: u16) -> String {
        fill(self.sign, port)
    }

    pub(crate) fn answers(&self, port: u16) -> bool {
        probe::answers(port, self.question, self.answer)
    }

    pub(crate) fn told(&self, port: u16) -> impl Iterator<Item = (&'static str, String)> {
        self.told
            .iter()
            .map(move |(name, value)| (*name, fill(value, port)))
    }
}

fn fill(text: &str, port: u16) -> String {
    text.replace(PORT, &port.to_string())
}
