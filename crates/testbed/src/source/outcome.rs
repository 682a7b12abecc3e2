//! What an invocation gave back, as the event source mapping sees it.

use bytes::Bytes;
use powertools_local::Reply;
use serde_json::json;

/// How an invocation with a batch ended.
///
/// A [`Reply`] of `powertools-local` converts into it, so that a real function can stand behind
/// a simulated source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The function answered with these bytes, which need not be JSON.
    Answer(Bytes),
    /// The function returned an error, panicked, or its process ended.
    Error,
    /// The function did not answer before its deadline.
    TimedOut,
}

impl Outcome {
    /// Takes an answer as it is.
    #[must_use]
    pub fn answer(body: impl Into<Bytes>) -> Self {
        Self::Answer(body.into())
    }

    /// An answer with an empty list of failures.
    #[must_use]
    pub fn success() -> Self {
        Self::failures::<&str>([])
    }

    /// A well-formed answer that reports these identifiers.
    #[must_use]
    pub fn failures<S: AsRef<str>>(identifiers: impl IntoIterator<Item = S>) -> Self {
        let failures: Vec<_> = identifiers
            .into_iter()
            .map(|identifier| json!({ "itemIdentifier": identifier.as_ref() }))
            .collect();
        Self::answer(json!({ "batchItemFailures": failures }).to_string())
    }
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Response { body, .. }
            | Reply::Streamed {
                body, error: None, ..
            } => Self::Answer(body),
            Reply::TimedOut => Self::TimedOut,
            // A crash, and whatever may be added: nothing that could be read as a success.
            _ => Self::Error,
        }
    }
}
