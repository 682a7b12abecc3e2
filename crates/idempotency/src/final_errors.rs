use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

/// Tells which of the handler's errors are final answers, and keeps them.
///
/// [`FinalErrors`] does it for errors that serde can write and read.
pub trait KeepErrors<Err>: Send + Sync + 'static {
    /// The error as JSON, if it is final; `None` if the call may run again.
    fn keep(&self, error: &Err) -> Option<String>;

    /// The error again; `None` if this is not one.
    fn replay(&self, json: &str) -> Option<Err>;
}

/// No error is final: a failed call may run again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoErrors;

impl<Err> KeepErrors<Err> for NoErrors {
    fn keep(&self, _error: &Err) -> Option<String> {
        None
    }

    fn replay(&self, _json: &str) -> Option<Err> {
        None
    }
}

/// Errors are final where a predicate says so.
pub struct FinalErrors<Err, P> {
    is_final: P,
    _error: PhantomData<fn(Err)>,
}

impl<Err, P> FinalErrors<Err, P> {
    pub(crate) fn new(is_final: P) -> Self {
        Self {
            is_final,
            _error: PhantomData,
        }
    }
}

impl<Err, P> KeepErrors<Err> for FinalErrors<Err, P>
where
    Err: Serialize + DeserializeOwned + 'static,
    P: Fn(&Err) -> bool + Send + Sync + 'static,
{
    fn keep(&self, error: &Err) -> Option<String> {
        if !(self.is_final)(error) {
            return None;
        }
        // It is final: without its text it must not run again either.
        Some(serde_json::to_string(error).unwrap_or_else(|_| {
            tracing::warn!(
                target: "powertools::idempotency",
                "a final error cannot be written as JSON and is kept without its text: a \
                 duplicate gets another error"
            );
            "null".to_owned()
        }))
    }

    fn replay(&self, json: &str) -> Option<Err> {
        serde_json::from_str(json).ok()
    }
}

impl<Err, P> fmt::Debug for FinalErrors<Err, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinalErrors").finish_non_exhaustive()
    }
}
