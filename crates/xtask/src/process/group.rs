//! A guard, its program and all that this starts: they end together.

use std::io;
use std::process::{Child, ChildStdout, ExitStatus};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, test_kill_process_group,
    waitid, waitpgid,
};

use crate::failure::{Failure, Result};
use crate::host::Stopwatch;
use crate::workspace::check;

/// How long a guard gets to end its program, and the kernel to take a group away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Killed when dropped.
#[derive(Debug)]
pub(crate) struct Group {
    /// What the leader runs, for messages.
    line: String,
    leader: Child,
    status: Option<ExitStatus>,
}

impl Group {
    /// How long the end of a program may stay unnoticed.
    pub(crate) const TICK: Duration = Duration::from_millis(20);

    /// `leader` has been started as the leader of a new group, to run what `line` shows.
    pub(crate) fn led_by(leader: Child, line: String) -> Self {
        Self {
            line,
            leader,
            status: None,
        }
    }

    /// The leader's standard output, if it was piped and nobody took it before.
    pub(crate) fn take_output(&mut self) -> Option<ChildStdout> {
        self.leader.stdout.take()
    }

    /// How the leader ended, if it did. Whoever is left of its group is ended now.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() && self.leader_has_ended().map_err(|e| self.lost(&e))? {
            self.end().map_err(|e| self.lost(&e))?;
        }
        Ok(self.status)
    }

    /// Waits for the end of the leader, and fails if it failed.
    pub(crate) fn succeed(&mut self) -> Result<()> {
        loop {
            if let Some(status) = self.poll()? {
                return check(&self.line, status);
            }
            thread::sleep(Self::TICK);
        }
    }

    fn lost(&self, error: &io::Error) -> Failure {
        Failure::new(format!("lost `{}`: {error}", self.line))
    }

    /// The leader is left unreaped: as long as it is, no other group can get its number.
    fn leader_has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(self.id()), options) {
                Err(Errno::INTR) => {}
                result => return Ok(result?.is_some()),
            }
        }
    }

    /// The guard ends its program; only where it cannot, the group is killed from here.
    fn end(&mut self) -> io::Result<()> {
        drop(self.leader.stdin.take());
        let clock = Stopwatch::start();
        while !self.leader_has_ended()? && clock.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        // Fails only if nobody is left to kill.
        let _ = kill_process_group(self.id(), Signal::KILL);
        self.status = Some(self.leader.wait()?);
        self.wait_for_the_others();
        Ok(())
    }

    /// On Linux the orphans of the group have become our own children (`descendants::adopt`),
    /// and stay in the group until we reap them.
    fn wait_for_the_others(&self) {
        let clock = Stopwatch::start();
        while clock.elapsed() < PATIENCE {
            while let Ok(Some(_)) = waitpgid(self.id(), WaitOptions::NOHANG) {}
            if test_kill_process_group(self.id()).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.leader)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.end();
        }
    }
}
