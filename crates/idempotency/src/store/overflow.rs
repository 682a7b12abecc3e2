use std::{fmt, future::Future};

use super::{
    Claim, Claimed, Completion, Finished, IdempotencyStore, Release, StoreError, StoreErrorKind,
};
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

impl<St: IdempotencyStore, O: OverflowStore> WithOverflow<St, O> {
    async fn resolved(&self, record: StoredRecord) -> Result<StoredRecord, StoreError> {
        let Some(Answer::Overflow(reference)) = record.answer() else {
            return Ok(record);
        };
        match self.overflow.get(reference).await? {
            Some(json) => Ok(record.with_answer(Answer::Response(json.into()))),
            None => Err(StoreError::new(StoreErrorKind::InvalidRecord).with_source(Gone)),
        }
    }
}

/// The name of an object of one run: a late finisher must not write over its successor's.
fn name(completion: &Completion<'_>) -> String {
    match completion.owner() {
        Some(owner) => format!("{}/{owner}", completion.key()),
        None => completion.key().to_owned(),
    }
}

impl<St: IdempotencyStore, O: OverflowStore> IdempotencyStore for WithOverflow<St, O> {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        match self.store.claim(claim).await? {
            Claimed::Refused(Some(record)) => {
                Ok(Claimed::Refused(Some(self.resolved(record).await?)))
            }
            claimed => Ok(claimed),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        match self.store.get(key).await? {
            Some(record) => self.resolved(record).await.map(Some),
            None => Ok(None),
        }
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let max = self.store.max_answer_len(completion.key());
        match completion.answer() {
            Answer::Response(json) if max.is_some_and(|max| json.len() > max) => {
                let reference = self.overflow.put(&name(completion), json).await?;
                let answer = Answer::Overflow(reference.into());
                self.store.complete(&completion.with_answer(&answer)).await
            }
            _ => self.store.complete(completion).await,
        }
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        self.store.release(release).await
    }
}

impl<St, O> fmt::Debug for WithOverflow<St, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithOverflow").finish_non_exhaustive()
    }
}

/// A record refers to an answer that is not there.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer that the record refers to is gone from the overflow store")
    }
}

impl std::error::Error for Gone {}
