//! Starts programs behind guards.
//!
//! No signal is caught. What ends this process closes the guards' inputs, and they end
//! everything, a moment after us.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::process::descendants;
use crate::process::group::Group;
use crate::process::guard::{self, Reach};
use crate::workspace::{cannot_start, command_line};

#[derive(Debug)]
pub(crate) struct Supervisor {
    guard: PathBuf,
    reach: Reach,
}

impl Supervisor {
    /// What it starts ends with its process group. A daemon that leaves the group stays: a
    /// build may start one for the builds to come.
    pub(crate) fn new() -> Result<Self> {
        // Asked for now: a build may put another file in its place while we run.
        let guard = env::current_exe()
            .map_err(|e| Failure::new(format!("cannot find this program itself: {e}")))?;
        Ok(Self {
            guard,
            reach: Reach::Group,
        })
    }

    /// From now on nothing stays, whatever group it is in.
    pub(crate) fn adopt(&mut self) -> Result<()> {
        self.reach = Reach::Descendants;
        descendants::adopt()
            .map_err(|e| Failure::new(format!("cannot become the reaper of orphans: {e}")))
    }

    /// Starts the command.
    pub(crate) fn start(&self, command: &Command, output: Stdio, errors: Stdio) -> Result<Group> {
        let line = command_line(command);
        guard::wrap(&self.guard, self.reach, command)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|e| cannot_start(&line, &e))
            .map(|leader| Group::led_by(leader, line))
    }

    /// Prints the command line and runs it. Its output goes straight to the terminal, where
    /// cargo shows its progress. The price: `stty tostop` stops it.
    pub(crate) fn run(&self, command: &Command) -> Result<()> {
        println!("$ {}", command_line(command));
        self.start(command, Stdio::inherit(), Stdio::inherit())?
            .succeed()
    }
}

impl Drop for Supervisor {
    /// The groups have ended by now. If a guard was killed, what left its group is still here.
    fn drop(&mut self) {
        if self.reach == Reach::Descendants {
            descendants::end();
        }
    }
}
