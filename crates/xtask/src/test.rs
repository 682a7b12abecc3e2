//! `cargo xtask test`: everything that the tests need, then all of them.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::host::Stopwatch;
use crate::process::{Group, Supervisor};
use crate::servers::Servers;
use crate::tally::Tally;
use crate::workspace::{Workspace, command_line};

/// The least number of tests that a run must pass, kept in the repository.
const FLOOR: &str = "crates/xtask/test-floor.txt";

/// Unit tests, integration tests and doc examples of every member with every feature.
/// `benches` has none, and would bring the peers.
const EVERYTHING: [&str; 4] = ["--workspace", "--exclude", "benches", "--all-features"];

/// How many lines of output may wait to be printed.
const BACKLOG: usize = 1024;

/// More lines than can be on their way when the tests end.
const LATE: u32 = 100_000;

/// How long the output may be silent, but open, once the tests have ended.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the tests may be silent while they run.
const SILENCE: Duration = Duration::from_mins(10);

/// Runs the tests. The count is given whatever the verdict is.
pub(crate) fn run(workspace: &Workspace) -> (Tally, Result<()>) {
    let mut tally = Tally::default();
    let verdict = verified_run(workspace, &mut tally);
    (tally, verdict)
}

fn verified_run(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let floor = floor(&workspace.read(FLOOR)?)?;
    let mut supervisor = Supervisor::new()?;
    // First of all, so that code which does not compile shows before any server is started.
    supervisor.run(workspace.cargo("test").args(EVERYTHING).arg("--no-run"))?;
    supervisor.adopt()?;
    let mut servers = Servers::start(workspace, &supervisor)?;
    cargo_test(workspace, &supervisor, &mut servers, tally)?;
    servers.discard();
    tally.verify(floor)
}

fn cargo_test(
    workspace: &Workspace,
    supervisor: &Supervisor,
    servers: &mut Servers,
    tally: &mut Tally,
) -> Result<()> {
    let mut command = workspace.cargo("test");
    command
        .args(EVERYTHING)
        .arg("--no-fail-fast")
        .envs(servers.variables());
    let line = command_line(&command);
    println!("$ {line}");
    let mut group = supervisor.start(&command, Stdio::piped(), Stdio::inherit())?;
    let lines = read_lines(group.take_output());
    let mut terminal = io::stdout();
    let mut said = Stopwatch::start();
    let mut ended = false;
    let mut late = 0;
    loop {
        match lines.recv_timeout(Group::TICK) {
            Ok(output) => {
                pass_on(output, &mut terminal, tally).map_err(|e| {
                    Failure::new(format!("cannot pass on the output of `{line}`: {e}"))
                })?;
                said = Stopwatch::start();
                late += u32::from(ended);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        servers.check()?;
        if ended {
            // Somebody else holds the output open, which happens if the guard that would have
            // ended him was killed.
            if said.elapsed() > PATIENCE || late > LATE {
                break;
            }
        } else if group.poll()?.is_some() {
            ended = true;
            said = Stopwatch::start();
        } else {
            not_stuck(&line, said.elapsed())?;
        }
    }
    let verdict = group.succeed();
    // A server that is gone explains the tests that failed.
    servers.check()?;
    verdict
}

fn not_stuck(line: &str, silence: Duration) -> Result<()> {
    if silence <= SILENCE {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{line}` was stopped: it wrote no line for {} minutes",
        SILENCE.as_secs() / 60
    )))
}

/// Reads in a thread of its own, so that nobody waits for a silent test. The end of the
/// output disconnects the receiver.
fn read_lines(output: Option<ChildStdout>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(BACKLOG);
    if let Some(output) = output {
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(line) = next_line(&mut output).transpose() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// A line with its end, or the rest without one. A test may write bytes that are not UTF-8.
fn next_line(output: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = output.read_until(b'\n', &mut line)?;
    Ok((length > 0).then_some(line))
}

/// Prints and counts one line.
fn pass_on(
    line: io::Result<Vec<u8>>,
    terminal: &mut impl Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let line = line?;
    terminal.write_all(&line)?;
    terminal.flush()?;
    tally.read(String::from_utf8_lossy(&line).trim_end());
    Ok(())
}

fn floor(text: &str) -> Result<u64> {
    text.trim().parse().map_err(|_| {
        Failure::new(format!(
            "{FLOOR} must hold one number, the least count of tests"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_passed_on_as_it_is_and_counted() {
        let output = b"running 1 test\n\xff\xfe\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\nend";
        let mut terminal = Vec::new();
        let mut tally = Tally::default();
        let mut input = output.as_slice();
        while let Some(line) = next_line(&mut input).transpose() {
            pass_on(line, &mut terminal, &mut tally).unwrap();
        }
        assert_eq!(terminal, output);
        assert_eq!(tally.verify(1), Ok(()));
    }

    #[test]
    fn ten_minutes_without_a_line_are_an_error() {
        assert_eq!(not_stuck("cargo test", SILENCE), Ok(()));
        let error = not_stuck("cargo test", SILENCE + Duration::from_secs(1));
        let expected = "`cargo test` was stopped: it wrote no line for 10 minutes";
        assert_eq!(error, Err(Failure::new(expected)));
    }

    #[test]
    fn floor_is_one_number() {
        assert_eq!(floor("12\n"), Ok(12));
        assert!(floor("twelve").is_err());
        assert!(floor("").is_err());
    }

    #[test]
    fn floor_of_this_repository_is_readable_and_not_zero() {
        let workspace = Workspace::find().unwrap();
        assert!(floor(&workspace.read(FLOOR).unwrap()).unwrap() > 0);
    }
}
