//! How many cases passed.

use std::{collections::BTreeMap, fmt};

/// What a case counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    Deviation,
    NoArm,
}

/// The counts, for each utility in the order in which it appeared.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    utilities: Vec<(String, Counts)>,
    stale: usize,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    deviations: usize,
    no_arm: usize,
    /// How many cases there is something else to say of.
    remarks: BTreeMap<&'static str, usize>,
}

impl Summary {
    /// Whether nothing failed and no entry of the deviations is stale.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.total().failed == 0 && self.stale == 0
    }

    pub(crate) fn add(&mut self, utility: &str, verdict: Verdict, remark: Option<&'static str>) {
        let known = self.utilities.iter().position(|(name, _)| name == utility);
        let place = known.unwrap_or_else(|| {
            self.utilities.push((utility.to_owned(), Counts::default()));
            self.utilities.len() - 1
        });
        let counts = &mut self.utilities[place].1;
        match verdict {
            Verdict::Passed => counts.passed += 1,
            Verdict::Failed => counts.failed += 1,
            Verdict::Deviation => counts.deviations += 1,
            Verdict::NoArm => counts.no_arm += 1,
        }
        if let Some(remark) = remark {
            *counts.remarks.entry(remark).or_default() += 1;
        }
    }

    pub(crate) fn add_stale(&mut self) {
        self.stale += 1;
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for (_, counts) in &self.utilities {
            total.passed += counts.passed;
            total.failed += counts.failed;
            total.deviations += counts.deviations;
            total.no_arm += counts.no_arm;
        }
        total
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.no_arm > 0 {
            return write!(f, "no arm, {} cases", self.no_arm);
        }
        write!(
            f,
            "{} passed, {} failed, {} deviations",
            self.passed, self.failed, self.deviations
        )?;
        for (remark, count) in &self.remarks {
            write!(f, "; {count} {remark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (utility, counts) in &self.utilities {
            writeln!(f, "{utility}: {counts}")?;
        }
        let total = Counts {
            no_arm: 0,
            ..self.total()
        };
        writeln!(f, "total: {total}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilities_stand_in_the_order_of_their_appearance() {
        let mut summary = Summary::default();
        for (utility, verdict) in [
            ("logger", Verdict::Passed),
            ("kafka", Verdict::NoArm),
            ("jmespath", Verdict::Deviation),
            ("logger", Verdict::Passed),
            ("kafka", Verdict::NoArm),
            ("jmespath", Verdict::Failed),
        ] {
            summary.add(utility, verdict, None);
        }
        assert_eq!(
            summary.to_string(),
            "logger: 2 passed, 0 failed, 0 deviations\n\
             kafka: no arm, 2 cases\n\
             jmespath: 0 passed, 1 failed, 1 deviations\n\
             total: 2 passed, 1 failed, 1 deviations\n"
        );
        assert!(!summary.is_success());
    }

    #[test]
    fn remarks_are_counted_behind_the_verdicts() {
        let mut summary = Summary::default();
        for (verdict, remark) in [
            (Verdict::Passed, Some("odd")),
            (Verdict::Failed, Some("odd")),
            (Verdict::Passed, None),
        ] {
            summary.add("logger", verdict, remark);
        }
        assert_eq!(
            summary.to_string(),
            "logger: 2 passed, 1 failed, 0 deviations; 2 odd\n\
             total: 2 passed, 1 failed, 0 deviations\n"
        );
    }

    #[test]
    fn stale_entry_is_no_success_although_nothing_failed() {
        let mut summary = Summary::default();
        summary.add("logger", Verdict::Deviation, None);
        summary.add("kafka", Verdict::NoArm, None);
        assert!(summary.is_success());
        summary.add_stale();
        assert!(!summary.is_success());
    }
}
