//! Starts guarded programs, and gives up waiting for them when we are told to stop.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process::descendants;
use crate::process::group::Group;
use crate::process::guard;
use crate::process::interrupt::Interrupt;
use crate::workspace::{cannot_start, check, command_line};

#[derive(Debug)]
pub(crate) struct Supervisor {
    guard: PathBuf,
    interrupt: Interrupt,
}

impl Supervisor {
    /// How long a signal or the end of a program may stay unnoticed.
    pub(crate) const TICK: Duration = Duration::from_millis(20);

    /// From now on SIGINT, SIGTERM and SIGHUP do not end this process: [`proceed`] fails.
    ///
    /// [`proceed`]: Self::proceed
    pub(crate) fn new() -> Result<Self> {
        // Asked for now: a build may put another file in its place while we run.
        let guard = env::current_exe()
            .map_err(|e| Failure::new(format!("cannot find this program itself: {e}")))?;
        descendants::adopt()
            .map_err(|e| Failure::new(format!("cannot become the reaper of orphans: {e}")))?;
        Ok(Self {
            guard,
            interrupt: Interrupt::listen()?,
        })
    }

    /// Fails if a signal has told us to stop.
    pub(crate) fn proceed(&self) -> Result<()> {
        self.interrupt.check()
    }

    /// Starts the command behind a guard.
    pub(crate) fn start(&self, command: &Command, output: Stdio, errors: Stdio) -> Result<Group> {
        self.proceed()?;
        guard::wrap(&self.guard, command)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map(Group::led_by)
            .map_err(|e| cannot_start(&command_line(command), &e))
    }

    /// Prints the command line and runs it; its output goes straight to the terminal.
    pub(crate) fn run(&self, command: &Command) -> Result<()> {
        let line = command_line(command);
        println!("$ {line}");
        let mut group = self.start(command, Stdio::inherit(), Stdio::inherit())?;
        let status = self.wait(&line, &mut group)?;
        check(&line, status)
    }

    /// Waits for the end of the command that `line` shows.
    pub(crate) fn wait(&self, line: &str, group: &mut Group) -> Result<ExitStatus> {
        loop {
            if let Some(status) = poll(line, group)? {
                return Ok(status);
            }
            self.proceed()?;
            thread::sleep(Self::TICK);
        }
    }
}

impl Drop for Supervisor {
    /// The groups have ended by now. If a guard was killed, what left its group is still here.
    fn drop(&mut self) {
        descendants::end();
    }
}

/// How the command that `line` shows has ended, if it has.
pub(crate) fn poll(line: &str, group: &mut Group) -> Result<Option<ExitStatus>> {
    group
        .poll()
        .map_err(|e| Failure::new(format!("lost `{line}`: {e}")))
}
