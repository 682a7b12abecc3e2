//! Adds up what the test binaries say about themselves.
//!
//! Each binary opens with `running 3 tests` and closes with
//! `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; …`.

use std::fmt;

use crate::failure::{Failure, Result};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    announced: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
    measured: u64,
    filtered: u64,
}

impl Tally {
    /// Takes one line of output into account.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(count) = announced(line) {
            self.announced += count;
            return;
        }
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|l| l.split_once(". "))
        else {
            return;
        };
        for part in counts.split(';') {
            let Some((count, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                "measured" => self.measured += count,
                "filtered out" => self.filtered += count,
                _ => {}
            }
        }
    }

    /// Refuses a run that proves less than it seems to: tests ignored or filtered
    /// out, a binary that ended early, fewer tests than the floor.
    pub(crate) fn verify(&self, floor: u64) -> Result<()> {
        let Self {
            announced,
            passed,
            failed,
            ignored,
            measured,
            filtered,
        } = *self;
        if failed > 0 {
            return Err(Failure::new(format!(
                "{failed} of {announced} tests failed"
            )));
        }
        if ignored > 0 {
            return Err(Failure::new(format!(
                "some tests are ignored ({ignored}): repair them or remove them (`ignore` on a doc \
                 example counts too; use `no_run` or `text`)"
            )));
        }
        if filtered > 0 {
            return Err(Failure::new(format!(
                "some tests were filtered out of this run ({filtered})"
            )));
        }
        let finished = passed + measured;
        if announced != finished {
            return Err(Failure::new(format!(
                "{announced} tests were started, but only {finished} finished: a test ended its \
                 process early"
            )));
        }
        if passed < floor {
            return Err(Failure::new(format!(
                "{passed} tests passed, but there must be at least {floor}: find the tests that \
                 were lost, or lower the floor if they were removed on purpose"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn announced(line: &str) -> Option<u64> {
    let (count, noun) = line.strip_prefix("running ")?.split_once(' ')?;
    matches!(noun, "test" | "tests").then(|| count.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    fn refusal(output: &str, floor: u64) -> String {
        tally(output)
            .verify(floor)
            .expect_err("must be refused")
            .to_string()
    }

    const UNIT: &str = "running 2 tests\ntest a ... ok\ntest b ... ok\n\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    const DOC: &str = "running 1 test\ntest src/lib.rs - (line 3) ... ok\n\n\
        test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.2s; 0.1s\n";

    #[test]
    fn binaries_and_doc_examples_are_added_up() {
        let sum = tally(&format!("{UNIT}\n{DOC}"));
        assert_eq!(sum.verify(3), Ok(()));
        assert_eq!(sum.to_string(), "3 passed, 0 failed");
    }

    #[test]
    fn failed_test_is_refused_and_counted() {
        let output = "running 3 tests\n\
            test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s";
        assert_eq!(tally(output).to_string(), "2 passed, 1 failed");
        assert_eq!(refusal(output, 1), "1 of 3 tests failed");
    }

    #[test]
    fn ignored_test_is_refused() {
        let output = "running 3 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0s";
        assert!(refusal(output, 1).starts_with("some tests are ignored (1)"));
    }

    #[test]
    fn filtered_test_is_refused() {
        let output = "running 1 test\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0s";
        assert_eq!(
            refusal(output, 1),
            "some tests were filtered out of this run (4)"
        );
    }

    #[test]
    fn binary_that_ended_early_is_refused() {
        let output = format!("running 5 tests\ntest a ... ok\n{UNIT}");
        assert!(refusal(&output, 1).starts_with("7 tests were started, but only 2 finished"));
    }

    #[test]
    fn fewer_tests_than_the_floor_are_refused() {
        assert!(refusal(UNIT, 3).starts_with("2 tests passed, but there must be at least 3"));
    }

    #[test]
    fn other_lines_are_not_read() {
        let output = "running 2 testers\ntest result: none\nthe test result: ok. 9 passed;\n";
        assert_eq!(tally(output), Tally::default());
    }
}
