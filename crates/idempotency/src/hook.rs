use std::error::Error;

use crate::record::StoredRecord;

type BoxError = Box<dyn Error + Send + Sync>;

/// Sees each replayed answer before the caller does. Closures implement it.
pub trait ReplayHook<Res>: Send + Sync + 'static {
    /// Gives the answer that the caller gets: the stored one, or another.
    ///
    /// # Errors
    ///
    /// The caller gets an error in its place.
    fn replay(&self, response: Res, record: &StoredRecord) -> Result<Res, BoxError>;

    /// The answer in the place of one that was too large to be kept.
    fn omitted(&self, record: &StoredRecord) -> Option<Res> {
        let _ = record;
        None
    }
}

/// Leaves replayed answers as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoHook;

impl<Res> ReplayHook<Res> for NoHook {
    fn replay(&self, response: Res, _record: &StoredRecord) -> Result<Res, BoxError> {
        Ok(response)
    }
}

impl<Res, F> ReplayHook<Res> for F
where
    F: Fn(Res, &StoredRecord) -> Result<Res, BoxError> + Send + Sync + 'static,
{
    fn replay(&self, response: Res, record: &StoredRecord) -> Result<Res, BoxError> {
        self(response, record)
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
    O: Fn(&StoredRecord) -> Res + Send + Sync + 'static,
{
    fn replay(&self, response: Res, record: &StoredRecord) -> Result<Res, BoxError> {
        self.hook.replay(response, record)
    }

    fn omitted(&self, record: &StoredRecord) -> Option<Res> {
        Some((self.omitted)(record))
    }
}
