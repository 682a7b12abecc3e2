use std::{fmt, future::Future};

use super::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release, StoreError};
use crate::record::{Answer, StoredRecord};

/// Where answers go that are larger than a record may be: a bucket, for example.
pub trait OverflowStore: Send + Sync + 'static {
    /// Keeps an answer under this name, which is new for each run, and gives the reference by
    /// which it is found again. It must live at least as long as the record; let a lifecycle
    /// rule delete it afterwards.
    ///
    /// # Errors
    ///
    /// It was not kept.
    fn put(
        &self,
        name: &str,
        json: &str,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// The answer of this reference; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// It could not be read.
    fn get(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}

/// A store with another for answers that are too large for it. The record holds the reference,
/// as `powertools_overflow`; other languages see a record without a response.
pub struct WithOverflow<St, O> {
    store: St,
    overflow: O,
}

impl<St, O> WithOverflow<St, O> {
    /// A store for records, and one for large answers.
    #[must_use]
    pub fn new(store: St, overflow: O) -> Self {
        Self { store, overflow }
    }
}

/// The name of an object of one run: a late finisher must not write over its successor's.
fn name(completion: &Completion<'_>) -> String {
    match completion.run() {
        Some(mark) => format!("{}/{mark}", completion.key()),
        None => completion.key().to_owned(),
    }
}

impl<St: IdempotencyStore, O: OverflowStore> IdempotencyStore for WithOverflow<St, O> {
    fn claim(&self, claim: &Claim<'_>) -> impl Future<Output = Result<Claimed, StoreError>> + Send {
        self.store.claim(claim)
    }

    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<StoredRecord>, StoreError>> + Send {
        self.store.get(key)
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let max = self.store.max_answer_len(completion.key());
        let answer = match completion.answer() {
            Answer::Response(json) if max.is_some_and(|max| json.len() > max) => {
                Answer::Overflow(self.overflow.put(&name(completion), json).await?.into())
            }
            Answer::Error(json) if max.is_some_and(|max| json.len() > max) => Answer::Omitted,
            _ => return self.store.complete(completion).await,
        };
        self.store.complete(&completion.with_answer(&answer)).await
    }

    fn release(
        &self,
        release: &Release<'_>,
    ) -> impl Future<Output = Result<Finished, StoreError>> + Send {
        self.store.release(release)
    }

    fn overflow(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send {
        self.overflow.get(reference)
    }
}

impl<St, O> fmt::Debug for WithOverflow<St, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithOverflow").finish_non_exhaustive()
    }
}
