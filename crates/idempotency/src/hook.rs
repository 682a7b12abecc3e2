use std::{error::Error, ops::Deref};

use crate::record::StoredRecord;

type BoxError = Box<dyn Error + Send + Sync>;

/// A completed record that is replayed, with its key. From the local cache of the process that
/// ran the call it has neither mark nor lease.
#[derive(Debug, Clone, Copy)]
pub struct ReplayedRecord<'a> {
    key: &'a str,
    record: &'a StoredRecord,
}

impl<'a> ReplayedRecord<'a> {
    pub(crate) fn new(key: &'a str, record: &'a StoredRecord) -> Self {
        Self { key, record }
    }

    /// The whole key.
    #[must_use]
    pub fn key(&self) -> &'a str {
        self.key
    }
}

impl Deref for ReplayedRecord<'_> {
    type Target = StoredRecord;

    fn deref(&self) -> &StoredRecord {
        self.record
    }
}

/// Sees each replayed answer before the caller does. Closures are given to
/// [`response_hook`](crate::IdempotencyBuilder::response_hook).
pub trait ReplayHook<Res>: Send + Sync + 'static {
    /// Gives the answer that the caller gets: the stored one, or another.
    ///
    /// # Errors
    ///
    /// The caller gets an error in its place.
    fn replay(&self, response: Res, record: &ReplayedRecord<'_>) -> Result<Res, BoxError>;

    /// The answer in the place of one that was too large to be kept.
    fn omitted(&self, record: &ReplayedRecord<'_>) -> Option<Res> {
        let _ = record;
        None
    }
}

/// Leaves replayed answers as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoHook;

impl<Res> ReplayHook<Res> for NoHook {
    fn replay(&self, response: Res, _record: &ReplayedRecord<'_>) -> Result<Res, BoxError> {
        Ok(response)
    }
}

/// A closure that sees each replayed answer.
#[derive(Debug, Clone, Copy)]
pub struct WithHook<H, C> {
    before: H,
    closure: C,
}

impl<H, C> WithHook<H, C> {
    pub(crate) fn new(before: H, closure: C) -> Self {
        Self { before, closure }
    }
}

impl<Res, H, C> ReplayHook<Res> for WithHook<H, C>
where
    H: ReplayHook<Res>,
    C: Fn(Res, &ReplayedRecord<'_>) -> Result<Res, BoxError> + Send + Sync + 'static,
{
    fn replay(&self, response: Res, record: &ReplayedRecord<'_>) -> Result<Res, BoxError> {
        (self.closure)(self.before.replay(response, record)?, record)
    }

    fn omitted(&self, record: &ReplayedRecord<'_>) -> Option<Res> {
        self.before.omitted(record)
    }
}

/// A hook, and an answer in the place of those that were not kept.
#[derive(Debug, Clone, Copy)]
pub struct WithOmitted<H, O> {
    hook: H,
    omitted: O,
}

impl<H, O> WithOmitted<H, O> {
    pub(crate) fn new(hook: H, omitted: O) -> Self {
        Self { hook, omitted }
    }
}

impl<Res, H, O> ReplayHook<Res> for WithOmitted<H, O>
where
    H: ReplayHook<Res>,
    O: Fn(&ReplayedRecord<'_>) -> Res + Send + Sync + 'static,
{
    fn replay(&self, response: Res, record: &ReplayedRecord<'_>) -> Result<Res, BoxError> {
        self.hook.replay(response, record)
    }

    fn omitted(&self, record: &ReplayedRecord<'_>) -> Option<Res> {
        Some((self.omitted)(record))
    }
}
