//! One server: started until it answers, and watched from then on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::host::Stopwatch;
use crate::process::{Group, Supervisor};
use crate::servers::probe::free_port;
use crate::servers::recipe::Recipe;

/// How often a server that ends before it answers is started: another process may have
/// taken its port.
const ATTEMPTS: u32 = 3;
/// How long it has to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// How many lines of its log a message shows.
const TAIL: usize = 20;

#[derive(Debug)]
pub(crate) struct Server {
    recipe: Recipe,
    log: PathBuf,
    port: u16,
    group: Group,
}

impl Server {
    /// Starts it, and does not wait for it.
    pub(crate) fn start(recipe: Recipe, logs: &Path, supervisor: &Supervisor) -> Result<Self> {
        let log = logs.join(format!("{}.log", recipe.name));
        let port = free_port()?;
        let group = launch(&recipe, port, &log, supervisor)?;
        Ok(Self {
            recipe,
            log,
            port,
            group,
        })
    }

    /// Waits until it answers.
    pub(crate) fn wait(&mut self, supervisor: &Supervisor) -> Result<()> {
        for _ in 1..ATTEMPTS {
            if self.comes_up()? {
                return Ok(());
            }
            self.port = free_port()?;
            self.group = launch(&self.recipe, self.port, &self.log, supervisor)?;
        }
        if self.comes_up()? {
            return Ok(());
        }
        self.check("when it was started")
    }

    /// Whether it answers in time; `false` if it ended.
    fn comes_up(&mut self) -> Result<bool> {
        let clock = Stopwatch::start();
        let sign = self.recipe.sign(self.port);
        while clock.elapsed() < LIMIT {
            if self.group.poll()?.is_some() {
                return Ok(false);
            }
            if self.says(&sign) && self.recipe.answers(self.port) {
                return Ok(true);
            }
            thread::sleep(Group::TICK);
        }
        Err(self.failure(&format!("did not answer within {} s", LIMIT.as_secs())))
    }

    /// Fails if it has ended; `when` says what was going on.
    pub(crate) fn check(&mut self, when: &str) -> Result<()> {
        match self.group.poll()? {
            None => Ok(()),
            Some(how) => Err(self.failure(&format!("ended {when} ({how})"))),
        }
    }

    /// The name and the port.
    pub(crate) fn place(&self) -> String {
        format!("{} on port {}", self.recipe.name, self.port)
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.recipe.told(self.port)
    }

    fn says(&self, sign: &str) -> bool {
        fs::read(&self.log).is_ok_and(|log| String::from_utf8_lossy(&log).contains(sign))
    }

    fn failure(&self, what: &str) -> Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        Failure::new(format!(
            "the server {} {what}; the end of its log, {}:\n{}",
            self.recipe.name,
            self.log.display(),
            tail(&String::from_utf8_lossy(&log))
        ))
    }
}

/// Each start begins its log anew.
fn launch(recipe: &Recipe, port: u16, log: &Path, supervisor: &Supervisor) -> Result<Group> {
    let command = recipe.command(port);
    let unwritable = |e| Failure::new(format!("cannot write {}: {e}", log.display()));
    let output = File::create(log).map_err(unwritable)?;
    let errors = output.try_clone().map_err(unwritable)?;
    supervisor.start(&command, output.into(), errors.into())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let skipped = lines.len().saturating_sub(TAIL);
    lines[skipped..]
        .iter()
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let log: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let tail = tail(&log);
        assert_eq!(tail.lines().count(), TAIL);
        assert!(tail.starts_with("  | line 80\n"), "{tail}");
        assert!(tail.ends_with("  | line 99"), "{tail}");
    }
}
