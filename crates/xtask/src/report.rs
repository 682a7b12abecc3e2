//! What the steps came to: one line each as they end, and a table at the end.

use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// The step cannot run on this machine; the reason was printed.
    Skipped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Outcome, Duration)>,
    not_run: Vec<&'static str>,
}

impl Report {
    pub(crate) fn add(&mut self, step: &'static str, outcome: Outcome, took: Duration) {
        println!("== {step}: {outcome} in {:.1} s\n", took.as_secs_f64());
        self.rows.push((step, outcome, took));
    }

    pub(crate) fn add_not_run(&mut self, step: &'static str) {
        self.not_run.push(step);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sum = Duration::ZERO;
        for (step, outcome, took) in &self.rows {
            sum += *took;
            writeln!(f, "{step:<11} {outcome:<8} {:>7.1} s", took.as_secs_f64())?;
        }
        for step in &self.not_run {
            writeln!(f, "{step:<11} not run")?;
        }
        write!(f, "{:<11} {:<8} {:>7.1} s", "all", "", sum.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_lists_every_step_and_the_sum() {
        let mut report = Report::default();
        report.add("fmt", Outcome::Passed, Duration::from_millis(500));
        report.add("toml", Outcome::Skipped, Duration::ZERO);
        report.add("clippy", Outcome::Failed, Duration::from_secs(61));
        report.add_not_run("docs");
        assert_eq!(
            report.to_string(),
            "fmt         ok           0.5 s\n\
             toml        skipped      0.0 s\n\
             clippy      FAILED      61.0 s\n\
             docs        not run\n\
             all                     61.5 s"
        );
    }
}
