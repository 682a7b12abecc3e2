//! `cargo xtask test`: everything that the tests need, then all of them.

use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;

use crate::failure::{Failure, Result};
use crate::tally::Tally;
use crate::workspace::{Workspace, cannot_start, check, command_line};

/// The least number of tests that a run must pass, kept in the repository.
const FLOOR: &str = "crates/xtask/test-floor.txt";

/// Runs the tests. The count is given whatever the verdict is.
pub(crate) fn run(workspace: &Workspace) -> (Tally, Result<()>) {
    let mut tally = Tally::default();
    let verdict = verified_run(workspace, &mut tally);
    (tally, verdict)
}

fn verified_run(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let floor = floor(&workspace.read(FLOOR)?)?;
    cargo_test(workspace, tally)?;
    tally.verify(floor)
}

/// Unit tests, integration tests and doc examples of every member with every feature.
fn cargo_test(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let mut command = workspace.cargo("test");
    command.args(["--workspace", "--all-features", "--no-fail-fast"]);
    let line = command_line(&command);
    println!("$ {line}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| cannot_start(&line, &e))?;
    let copied = match child.stdout.take() {
        Some(output) => copy_and_count(BufReader::new(output), io::stdout(), tally),
        None => Ok(()),
    };
    let status = child
        .wait()
        .map_err(|e| Failure::new(format!("lost `{line}`: {e}")))?;
    copied.map_err(|e| Failure::new(format!("cannot pass on the output of `{line}`: {e}")))?;
    check(&line, status)
}

/// Copies line by line as the lines come. A test may write bytes that are not UTF-8.
fn copy_and_count(
    mut output: impl BufRead,
    mut terminal: impl Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        terminal.write_all(&line)?;
        tally.read(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    terminal.flush()
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
        copy_and_count(output.as_slice(), &mut terminal, &mut tally).unwrap();
        assert_eq!(terminal, output);
        assert_eq!(tally.verify(1), Ok(()));
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
