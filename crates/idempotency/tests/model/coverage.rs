//! What has happened in some run: a model in which nothing goes wrong would prove nothing.

use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A duplicate got the stored answer.
    Replay,
    /// An own claim was recognised after its reply was lost.
    Mine,
    /// An answer was kept although the record had gone.
    Restored,
    /// A late finisher was told so.
    LeaseLost,
    /// A claim took the place of a call whose lease was over.
    Takeover,
    /// A claim took the place of a completed record that had expired.
    Expiry,
    /// A claim was written that nobody listened for any more.
    LateClaim,
    /// The table removed an expired record.
    Removal,
    /// A duplicate was told to be in progress.
    InProgress,
    /// The record kept changing.
    Inconsistent,
    /// The reply to a claim came when the invocation was over.
    NoTimeLeft,
    /// A release met a record of ours that was completed.
    NotReleased,
    /// A durable function went on under the record of an earlier run.
    Adopted,
    /// Two runs of a durable function had their effect under one record.
    Shared,
    /// Its effect happened twice.
    Repeat,
    /// Its effect happened after its lease, beside that of the next.
    LateEffect,
}

#[derive(Debug, Default)]
pub(crate) struct Coverage(AtomicU32);

impl Coverage {
    pub(crate) fn mark(&self, seen: Seen) {
        self.0.fetch_or(1 << seen as u32, Ordering::Relaxed);
    }

    pub(crate) fn has(&self, seen: Seen) -> bool {
        self.0.load(Ordering::Relaxed) & (1 << seen as u32) != 0
    }
}
