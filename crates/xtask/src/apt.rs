//! Programs that the system provides. In CI they are installed, else asked for.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::lock::lock;
use crate::workspace::{Workspace, run_aside};

/// `-o`: another package manager, such as the one that a new machine starts by itself, is
/// waited for.
const WAIT: [&str; 2] = ["-o", "DPkg::Lock::Timeout=300"];
const INSTALL: &str = "apt-get install -y --no-install-recommends";

/// Programs that belong together.
#[derive(Debug)]
pub(crate) struct Need<'a> {
    /// What needs what, as the beginning of a sentence.
    pub(crate) sentence: &'a str,
    /// The packages of Debian and Ubuntu.
    pub(crate) packages: &'a str,
}

/// Makes sure that `usable` holds.
pub(crate) fn require(
    workspace: &Workspace,
    need: &Need<'_>,
    usable: impl Fn() -> bool,
) -> Result<()> {
    if usable() {
        return Ok(());
    }
    if workspace.in_ci() {
        let _lock = lock(&workspace.target().join("apt.lock"))?;
        let install = INSTALL.split(' ').skip(1).chain(need.packages.split(' '));
        // Not behind a guard: a package manager killed half-way leaves its database broken.
        // Old lists may do, and where all fails the message below says what is missing.
        for words in [vec!["update"], WAIT.into_iter().chain(install).collect()] {
            if let Err(error) = run_aside(quiet(workspace.command("apt-get").args(words))) {
                eprintln!("warning: {error}");
            }
        }
        if usable() {
            return Ok(());
        }
    }
    Err(Failure::new(message(need)))
}

/// No question is asked, and no daemon is started: with this run level `invoke-rc.d` starts
/// none, and with this variable `systemctl` leaves systemd alone.
fn quiet(command: &mut Command) -> &mut Command {
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1")
        .env("SYSTEMD_OFFLINE", "1")
}

fn message(need: &Need<'_>) -> String {
    format!(
        "{}; on Debian and Ubuntu: apt-get update && {INSTALL} {}",
        need.sentence, need.packages
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usable_is_not_installed() {
        let workspace = Workspace::find().unwrap();
        let need = Need {
            sentence: "nobody needs this",
            packages: "no-such-package",
        };
        assert_eq!(require(&workspace, &need, || true), Ok(()));
    }

    #[test]
    fn the_message_holds_the_command() {
        let need = Need {
            sentence: "the tests need Redis",
            packages: "redis-server openssl",
        };
        assert_eq!(
            message(&need),
            "the tests need Redis; on Debian and Ubuntu: apt-get update && \
             apt-get install -y --no-install-recommends redis-server openssl"
        );
    }
}
