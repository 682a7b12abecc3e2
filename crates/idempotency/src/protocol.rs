//! The steps of one call, without I/O: what it does next, given what the store said. The future
//! in `engine` carries the steps out, and so does the model check.

use std::time::Duration;

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
    owner: Box<str>,
    payload_hash: Option<Box<str>>,
    durable_replay: bool,
    attempts_left: u8,
    lease: Lease,
}

/// What decides how long a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    /// When this invocation ends, if that is known.
    pub(crate) deadline: Option<Now>,
    /// What is written otherwise.
    pub(crate) otherwise: Duration,
    pub(crate) expires_after: Duration,
    pub(crate) after_timeout: AfterTimeout,
}

impl Lease {
    pub(crate) fn times(&self, now: Now) -> Times {
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
}

/// Under which record the function runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    /// The mark under which it completes; none if it goes on where another language began.
    pub(crate) owner: Option<Box<str>>,
    /// The last millisecond of its lease, if it has one.
    pub(crate) lease_end: Option<i64>,
}

impl Protocol {
    pub(crate) fn new(
        owner: Box<str>,
        payload_hash: Option<Box<str>>,
        durable_replay: bool,
        lease: Lease,
    ) -> Self {
        Self {
            owner,
            payload_hash,
            durable_replay,
            attempts_left: ATTEMPTS,
            lease,
        }
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn payload_hash(&self) -> Option<&str> {
        self.payload_hash.as_deref()
    }

    /// The first step. It costs the first of the attempts.
    pub(crate) fn begin(&mut self, now: Now) -> Step {
        if self.attempts_left == 0 {
            return Step::Inconsistent;
        }
        self.attempts_left -= 1;
        Step::Claim(self.lease.times(now))
    }

    /// The store wrote the claim that had these times.
    pub(crate) fn claimed(&mut self, times: Times, now: Now) -> Step {
        // The reply may have taken longer than the lease: somebody else may run it by now.
        if times.in_progress_expiration < now.millis() {
            return self.begin(now);
        }
        Step::Run(Run {
            owner: Some(self.owner.clone()),
            lease_end: Some(times.in_progress_expiration),
        })
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
            Decision::Run => Step::Run(Run {
                owner: record.owner().map(Into::into),
                lease_end: record.in_progress_expiration(),
            }),
            Decision::Mine => Step::Run(Run {
                owner: Some(self.owner.clone()),
                lease_end: record.in_progress_expiration(),
            }),
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
            payload_hash: self.payload_hash(),
            durable_replay: self.durable_replay,
        };
        decide(record, &question)
    }
}
