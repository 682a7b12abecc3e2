//! Runs cases, judges them and writes what came of them.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use crate::{
    arm::Arm,
    attempt::{Attempt, attempt},
    case::Case,
    compare::Difference,
    deviation::{Deviation, Deviations},
    report,
    summary::{Summary, Verdict},
};

/// Runs cases against arms.
pub struct Runner {
    arms: Vec<Arc<dyn Arm>>,
    deviations: Deviations,
    limit: Duration,
    verbose: bool,
}

/// What the cases have shown about one entry.
#[derive(Default)]
struct Use {
    matched: Vec<String>,
    differed: bool,
}

impl Runner {
    /// A runner of these arms, which gives each case 20 seconds.
    #[must_use]
    pub fn new(arms: Vec<Arc<dyn Arm>>, deviations: Deviations) -> Self {
        Self {
            arms,
            deviations,
            limit: Duration::from_secs(20),
            verbose: false,
        }
    }

    /// How long one case may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Whether deviations are written too, not only failures.
    #[must_use]
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Runs the cases in their order.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written to.
    pub fn run(&self, cases: Vec<Case>, out: &mut dyn Write) -> io::Result<Summary> {
        let mut summary = Summary::default();
        let mut uses: Vec<Use> = self.deviations.iter().map(|_| Use::default()).collect();
        for case in cases.into_iter().map(Arc::new) {
            let arm = self.arms.iter().find(|a| a.utility() == case.utility());
            let Some(arm) = arm else {
                summary.add(case.utility(), Verdict::NoArm, None);
                continue;
            };
            let attempt = attempt(arm, &case, self.limit);
            let entries = self.note(&case, &attempt, &mut uses);
            let verdict = judge(&case, &attempt, &entries);
            match verdict {
                Verdict::Failed => report::failure(out, &case, &attempt)?,
                Verdict::Deviation if self.verbose => {
                    report::deviation(out, &case, &attempt, &entries)?;
                }
                _ => {}
            }
            let remark = arm.remark(case.input());
            if let Some(remark) = remark.filter(|_| self.verbose) {
                report::remark(out, &case, remark)?;
            }
            summary.add(case.utility(), verdict, remark);
        }
        for (entry, usage) in self.deviations.iter().zip(&uses) {
            if !usage.matched.is_empty() && !usage.differed {
                report::stale(out, entry, &usage.matched)?;
                summary.add_stale();
            }
        }
        write!(out, "{summary}")?;
        Ok(summary)
    }

    /// The entries that speak of the case, once they have learned what came of it.
    fn note(&self, case: &Case, attempt: &Attempt, uses: &mut [Use]) -> Vec<&Deviation> {
        let mut entries = Vec::new();
        for (entry, usage) in self.deviations.iter().zip(uses) {
            if entry.matches(case) {
                usage.matched.push(case.id().to_owned());
                let to_be_meant = attempt.to_be_meant();
                let covers = |d: &Option<&Difference>| entry.covers(case, attempt.got(), *d);
                // What can never be meant says nothing about the entry.
                usage.differed |= (to_be_meant.is_empty() && *attempt != Attempt::Same)
                    || to_be_meant.iter().any(covers);
                entries.push(entry);
            }
        }
        entries
    }
}

/// Every difference must be one that some entry stands for.
fn judge(case: &Case, attempt: &Attempt, entries: &[&Deviation]) -> Verdict {
    if *attempt == Attempt::Same {
        return Verdict::Passed;
    }
    let to_be_meant = attempt.to_be_meant();
    let got = attempt.got();
    let meant = |d: &Option<&Difference>| entries.iter().any(|e| e.covers(case, got, *d));
    if !to_be_meant.is_empty() && to_be_meant.iter().all(meant) {
        Verdict::Deviation
    } else {
        Verdict::Failed
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arms: Vec<_> = self.arms.iter().map(|arm| arm.utility()).collect();
        f.debug_struct("Runner")
            .field("arms", &arms)
            .field("deviations", &self.deviations)
            .field("limit", &self.limit)
            .field("verbose", &self.verbose)
            .finish()
    }
}
