//! The steps of one call, without I/O: what it does next, given what the store said. The future
//! in `engine` carries the steps out, and so does the model check.

use std::{sync::Arc, time::Duration};

use crate::{
    decision::{AfterTimeout, Decision, Question, Times, decide, lease},
    now::Now,
    record::StoredRecord,
};

/// How often a record that keeps changing under us is looked at before we give up.
pub(crate) const ATTEMPTS: u8 = 3;

/// What one call is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Protocol {
    owner: Arc<str>,
    payload_hash: Option<Arc<str>>,
    durable_replay: bool,
    attempts_left: u8,
    terms: Terms,
    /// Of the last claim.
    lease_end: Option<i64>,
    /// How much longer the record of the last claim keeps others away.
    hold: i64,
}

/// What decides how long a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    /// When this invocation ends, if that is known.
    pub(crate) deadline: Option<Now>,
    /// What is written otherwise.
    pub(crate) otherwise: Duration,
    pub(crate) expires_after: Duration,
    pub(crate) after_timeout: AfterTimeout,
}

impl Terms {
    fn times(&self, now: Now) -> Times {
        let time = self
            .deadline
            .map_or(self.otherwise, |deadline| now.until(deadline.millis()));
        lease(now, time, self.expires_after, self.after_timeout)
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Claim the key with these times.
    Claim(Times),
    /// Read the record.
    Read,
    /// Call the function.
    Run(Run),
    /// Give the stored answer.
    Replay(StoredRecord),
    /// Somebody else runs it. Those who wait go on by reading the record.
    InProgress(StoredRecord),
    /// The same key with another payload.
    Mismatch(StoredRecord),
    /// The record kept changing.
    Inconsistent,
    /// The claim is written, but the invocation is over. Nothing may run.
    NoTimeLeft,
}

/// Under which record the function runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Run {
    /// Under our own, for as long as our own time lasts.
    Own {
        /// Our mark.
        owner: Arc<str>,
        /// The last millisecond of the lease.
        lease_end: i64,
    },
    /// Under that of an earlier run of a durable function.
    Adopted {
        /// Its mark; none if another language wrote it.
        owner: Option<Arc<str>>,
        /// The end of its lease, if it has one.
        in_progress_expiration: Option<i64>,
    },
}

impl Protocol {
    pub(crate) fn new(
        owner: Arc<str>,
        payload_hash: Option<Arc<str>>,
        durable_replay: bool,
        terms: Terms,
    ) -> Self {
        Self {
            owner,
            payload_hash,
            durable_replay,
            attempts_left: ATTEMPTS,
            terms,
            lease_end: None,
            hold: 0,
        }
    }

    pub(crate) fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    pub(crate) fn payload_hash(&self) -> Option<&Arc<str>> {
        self.payload_hash.as_ref()
    }

    /// The first step. It costs the first of the attempts.
    pub(crate) fn begin(&mut self, now: Now) -> Step {
        if self.attempts_left == 0 {
            return Step::Inconsistent;
        }
        self.attempts_left -= 1;
        let times = self.terms.times(now);
        self.lease_end = Some(times.lease_end);
        self.hold = times.in_progress_expiration.saturating_sub(times.lease_end);
        Step::Claim(times)
    }

    /// The record was that of a running call, and there was a wait. What it met until then is no
    /// sign of a record that keeps changing under us.
    pub(crate) fn waited(&mut self) -> Step {
        self.attempts_left = ATTEMPTS;
        Step::Read
    }

    /// The store wrote the last claim.
    pub(crate) fn claimed(&mut self, now: Now) -> Step {
        let lease_end = self.lease_end;
        self.run_own(lease_end, now)
    }

    /// Runs under our own record, if there is time.
    fn run_own(&mut self, lease_end: Option<i64>, now: Now) -> Step {
        match lease_end {
            Some(lease_end) if lease_end >= now.millis() => Step::Run(Run::Own {
                owner: Arc::clone(&self.owner),
                lease_end,
            }),
            // The reply has taken longer than the lease: somebody else may run it by now.
            _ if self.terms.deadline.is_some() => Step::NoTimeLeft,
            _ => self.begin(now),
        }
    }

    /// The store refused the claim, and may have said why.
    pub(crate) fn refused(&mut self, record: Option<StoredRecord>, now: Now) -> Step {
        match record {
            Some(record) => self.judge(record, now),
            None => Step::Read,
        }
    }

    /// What the store has.
    pub(crate) fn read(&mut self, record: Option<StoredRecord>, now: Now) -> Step {
        match record {
            Some(record) => self.judge(record, now),
            // It refused the claim, and now there is nothing: gone in between.
            None => self.begin(now),
        }
    }

    fn judge(&mut self, record: StoredRecord, now: Now) -> Step {
        match self.decide(&record, now) {
            Decision::Run => Step::Run(Run::Adopted {
                owner: record.owner().map(Into::into),
                in_progress_expiration: record.in_progress_expiration(),
            }),
            Decision::Mine => {
                // An earlier claim of ours may have come late, with a shorter lease. The hold in
                // what it wrote is not our time.
                let written = record.in_progress_expiration();
                let lease_end = written.map(|end| end.saturating_sub(self.hold));
                self.run_own(lease_end.min(self.lease_end), now)
            }
            Decision::Replay => Step::Replay(record),
            Decision::InProgress => Step::InProgress(record),
            Decision::Mismatch => Step::Mismatch(record),
            Decision::Retry => self.begin(now),
        }
    }

    /// What a record means for this call.
    pub(crate) fn decide(&self, record: &StoredRecord, now: Now) -> Decision {
        let question = Question {
            now,
            owner: &self.owner,
            payload_hash: self.payload_hash.as_deref(),
            durable_replay: self.durable_replay,
        };
        decide(record, &question)
    }
}
