//! What has to be known of a server to start it.

use std::fmt;
use std::process::Command;

use crate::failure::Result;
use crate::host;

pub(crate) trait Recipe: fmt::Debug {
    /// For messages, and for the name of the log.
    fn name(&self) -> &'static str;

    /// Starts the server on this port, in the foreground.
    fn command(&self, port: u16) -> Result<Command>;

    /// What its log says once it listens. Without it, an answer on the port could be
    /// another server's.
    fn sign(&self, port: u16) -> String;

    /// Whether it answers a request. Asked once the log has the sign.
    fn answers(&self, port: u16) -> bool;

    /// What the tests are told.
    fn variables(&self, port: u16) -> Vec<(&'static str, String)>;
}

/// Hides the variables of the developer from a server: many of them would change how it
/// works.
pub(crate) fn hide_environment(command: &mut Command) {
    for name in host::variables().filter(|name| name != "PATH" && name != "HOME") {
        command.env_remove(name);
    }
}
