//! What is promised, held against what happened.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cause::{self, Cause},
    event::{End, Said},
    fate::Fate,
    faults::Fired,
    history::{Call, Run},
    life::Life,
    order::Point,
    place::Network,
};

/// Of everything that happened.
#[derive(Default)]
pub(crate) struct Verdict {
    /// What must not be.
    pub(crate) violations: Vec<String>,
    pub(crate) repeated: Vec<Repeated>,
}

/// An effect that was not the last one of its key.
pub(crate) struct Repeated {
    pub(crate) key: u32,
    pub(crate) earlier: (String, i64),
    pub(crate) later: (String, i64),
    pub(crate) cause: Cause,
}

/// Judges the calls of all keys. Lives are found by their numbers.
pub(crate) fn judge(calls: &[Call], lives: &[Life], fired: &Fired) -> Verdict {
    let mut verdict = Verdict::default();
    let mut keys: BTreeMap<u32, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        keys.entry(call.key).or_default().push(call);
        verdict.told_what_happened(call, &lives[call.life]);
        verdict.run_under_a_live_lease(call, &lives[call.life]);
    }
    for (key, calls) in &keys {
        verdict.one_live_lease(*key, calls);
        verdict.repeated_for_a_cause(*key, calls, lives, fired);
        verdict.one_answer(*key, calls);
    }
    verdict
}

/// In the order of their leases: the next one is claimed after the end of the last.
fn runs<'a>(calls: &[&'a Call]) -> Vec<(&'a Call, &'a Run)> {
    let mut runs: Vec<_> = calls
        .iter()
        .filter_map(|call| Some((*call, call.run.as_ref()?)))
        .collect();
    runs.sort_by_key(|(_, run)| (run.lease_end, run.claim.decided));
    runs
}

impl Verdict {
    fn violation(&mut self, key: u32, what: &str, runs: &[&Run]) {
        self.violations
            .push(format!("key {key}: {what}: {runs:#?}"));
    }

    /// No two owners have live leases, unless the first has given its own up; and no effect is
    /// outside of its owner's lease. So no two effects are in one lease.
    fn one_live_lease(&mut self, key: u32, calls: &[&Call]) {
        let runs = runs(calls);
        for (number, (_, later)) in runs.iter().enumerate() {
            for (_, earlier) in &runs[..number] {
                // A claim may take its time: it may be written after the release of a later one.
                let released =
                    |one: &Run, other: &Run| one.releasing.is_some_and(|at| at <= other.began);
                if later.claim.decided <= earlier.lease_end
                    && !released(earlier, later)
                    && !released(later, earlier)
                {
                    self.violation(key, "two live leases", &[earlier, later]);
                }
            }
            if let Some(at) = later.effect
                && !(later.claim.decided..=later.lease_end).contains(&at)
            {
                self.violation(key, "an effect outside of its lease", &[later]);
            }
        }
    }

    /// Whoever had its effect and is not the last one was kept from its completion.
    fn repeated_for_a_cause(&mut self, key: u32, calls: &[&Call], lives: &[Life], fired: &Fired) {
        let effects: Vec<_> = runs(calls)
            .into_iter()
            .filter_map(|(call, run)| Some((call, run, run.effect?)))
            .collect();
        for pair in effects.windows(2) {
            let [(call, earlier, at), (_, later, then)] = pair else {
                unreachable!("two at a time");
            };
            match cause::of(call, earlier, &lives[call.life], fired) {
                None => self.violation(key, "repeated without a cause", &[earlier, later]),
                Some(cause) => self.repeated.push(Repeated {
                    key,
                    earlier: (earlier.claim.owner.clone(), *at),
                    later: (later.claim.owner.clone(), *then),
                    cause,
                }),
            }
        }
    }

    /// All callers that were given an answer were given the same, of a run that had its effect
    /// and has kept it.
    fn one_answer(&mut self, key: u32, calls: &[&Call]) {
        let answers: BTreeSet<&str> = calls
            .iter()
            .filter_map(|call| match call.said.as_ref()? {
                Said::Answer(run) => Some(run.as_str()),
                _ => None,
            })
            .collect();
        let runs = runs(calls);
        if answers.len() > 1 {
            let runs: Vec<_> = runs.iter().map(|(_, run)| *run).collect();
            self.violation(key, &format!("several answers {answers:?}"), &runs);
        }
        for answer in answers {
            let of = runs.iter().find(|(_, run)| run.claim.owner == answer);
            match of {
                Some((_, run)) if run.effect.is_some() && run.completing.is_some() => {}
                _ => self.violation(key, &format!("the answer {answer} of no effect"), &[]),
            }
        }
    }

    /// Whoever hears of its claim when the lease is over does not run under it.
    fn run_under_a_live_lease(&mut self, call: &Call, life: &Life) {
        if let Some(run) = &call.run
            && call.stopped
            && matches!(life.fate, Fate::PausedAt(Point::AfterPut, _))
            && life.is_paused(run.claim.decided, run.began, run.lease_end)
        {
            self.violation(call.key, "run under a lease that was over", &[run]);
        }
    }

    /// A caller is told what has become of its call.
    fn told_what_happened(&mut self, call: &Call, life: &Life) {
        let Some(said) = &call.said else {
            if !life.is_killed() {
                let what = format!("no answer, although its process lived: {call:#?}");
                self.violation(call.key, &what, &[]);
            }
            return;
        };
        let run = call.run.as_ref();
        let fits = match run.map(|run| (run, run.effect, run.completed)) {
            // Of another run, which one is seen over all calls of the key.
            None => match said {
                Said::Answer(_) => true,
                Said::InProgress { own } => !own,
                Said::Error(kind) => may_fail(kind, life),
                Said::Failed | Said::GaveUp | Said::LeaseLost => false,
            },
            Some((run, Some(_), Some((End::Done, _)))) => {
                *said == Said::Answer(run.claim.owner.clone())
            }
            Some((_, Some(_), Some((End::NotOwner, _)))) => *said == Said::LeaseLost,
            Some((_, Some(_), Some((End::Failed, _)))) => {
                *said == Said::Error("Complete".to_owned()) && may_fail("Complete", life)
            }
            // Whoever had its effect completes, and nobody else.
            Some((_, Some(_), None) | (_, None, Some(_))) => false,
            Some((run, None, None)) => match said {
                Said::Failed | Said::GaveUp => {
                    matches!(run.released, Some(End::Done | End::NotOwner))
                }
                Said::Error(kind) => {
                    kind == "Release" && run.released == Some(End::Failed) && may_fail(kind, life)
                }
                Said::Answer(_) | Said::InProgress { .. } | Said::LeaseLost => false,
            },
        };
        if !fits {
            self.violation(call.key, &format!("told {said:?} of {call:#?}"), &[]);
        }
    }
}

/// Where nothing breaks, the store does not fail.
fn may_fail(kind: &str, life: &Life) -> bool {
    match kind {
        "Claim" | "Read" | "Complete" | "Release" => life.network != Network::Sound,
        "NoTimeLeft" | "InconsistentState" => true,
        _ => false,
    }
}
