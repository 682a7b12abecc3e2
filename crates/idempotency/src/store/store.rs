use std::{
    fmt,
    future::{Future, ready},
    sync::Arc,
};

use crate::{
    decision::{Fence, Times},
    now::Now,
    record::{Answer, StoredRecord},
    store::StoreError,
};

/// Where records live.
///
/// Each method is one step that the store does as a whole: nobody else's step may come between
/// what it looks at and what it writes. Any of them may be called twice for the same step, when
/// a reply was lost; the owner's mark tells that it is the same.
///
/// Run the suite in `test_util` (feature `test-util`) over a store of your own.
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Writes the record of a running call, if there is none, or one that has expired, or one of
    /// a call whose lease is over: [`Claim::may_replace`]. It replaces the whole record. In the
    /// last millisecond of a lease it may say either, and it may take its time between two
    /// take-overs of one key.
    ///
    /// # Errors
    ///
    /// The store cannot say, or what it has is no record.
    fn claim(&self, claim: &Claim<'_>) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Reads a record; never a stale one.
    ///
    /// # Errors
    ///
    /// The store cannot say, or what it has is no record.
    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<StoredRecord>, StoreError>> + Send;

    /// Writes the answer, if there is no record, or one of a running call that passes the
    /// [`Fence`], or one that passes it and has this very answer: [`Completion::may_replace`].
    /// The lease need not be kept.
    ///
    /// # Errors
    ///
    /// The store cannot say whether it was written.
    fn complete(
        &self,
        completion: &Completion<'_>,
    ) -> impl Future<Output = Result<Finished, StoreError>> + Send;

    /// Deletes the record, if it is that of a running call and passes the [`Fence`]:
    /// [`Release::may_delete`]. That there is none is fine.
    ///
    /// # Errors
    ///
    /// The store cannot say whether it is gone.
    fn release(
        &self,
        release: &Release<'_>,
    ) -> impl Future<Output = Result<Finished, StoreError>> + Send;

    /// Reads an answer that lies in another store. A store that writes no
    /// [`Answer::Overflow`] has none.
    ///
    /// # Errors
    ///
    /// The other store cannot say.
    fn overflow(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send {
        let _ = reference;
        ready(Ok(None))
    }

    /// How many bytes of JSON fit beside this key; `None` if there is no limit.
    fn max_answer_len(&self, key: &str) -> Option<usize> {
        let _ = key;
        None
    }
}

/// Layers may share a store.
impl<St: IdempotencyStore> IdempotencyStore for Arc<St> {
    fn claim(&self, claim: &Claim<'_>) -> impl Future<Output = Result<Claimed, StoreError>> + Send {
        (**self).claim(claim)
    }

    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<StoredRecord>, StoreError>> + Send {
        (**self).get(key)
    }

    fn complete(
        &self,
        completion: &Completion<'_>,
    ) -> impl Future<Output = Result<Finished, StoreError>> + Send {
        (**self).complete(completion)
    }

    fn release(
        &self,
        release: &Release<'_>,
    ) -> impl Future<Output = Result<Finished, StoreError>> + Send {
        (**self).release(release)
    }

    fn overflow(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send {
        (**self).overflow(reference)
    }

    fn max_answer_len(&self, key: &str) -> Option<usize> {
        (**self).max_answer_len(key)
    }
}

/// What a claim came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claimed {
    /// It is written, or was before: the same claim was sent twice.
    Written,
    /// There is a record that counts. A store that knows it tells it, else it is read.
    Refused(Option<StoredRecord>),
}

/// What a completion or a release came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finished {
    /// It is done.
    Done,
    /// The record belongs to somebody else by now, and was left alone.
    NotOwner,
}

/// A claim: the record of a call that is about to run.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    key: &'a str,
    owner: &'a str,
    now: Now,
    times: Times,
    payload_hash: Option<&'a str>,
}

impl<'a> Claim<'a> {
    /// A claim of this key, by whoever has this mark, decided now.
    pub(crate) fn new(key: &'a str, owner: &'a str, now: Now, times: Times) -> Self {
        Self {
            key,
            owner,
            now,
            times,
            payload_hash: None,
        }
    }

    /// Sets the hash of the payload.
    pub(crate) fn with_payload_hash(mut self, hash: impl Into<Option<&'a str>>) -> Self {
        self.payload_hash = hash.into();
        self
    }

    /// The same under another key: for stores that wrap another.
    #[must_use]
    pub fn with_key<'b>(self, key: &'b str) -> Claim<'b>
    where
        'a: 'b,
    {
        Claim { key, ..self }
    }

    /// The whole key.
    #[must_use]
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The mark of the run that claims: 32 hexadecimal digits, new for each run.
    #[must_use]
    pub fn owner(&self) -> &'a str {
        self.owner
    }

    /// When it is decided.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// The last second since 1970 in which the record counts.
    #[must_use]
    pub fn expiration(&self) -> i64 {
        self.times.expiration
    }

    /// The last millisecond since 1970 of the lease.
    #[must_use]
    pub fn in_progress_expiration(&self) -> i64 {
        self.times.in_progress_expiration
    }

    /// The hash of the payload, if payloads are validated.
    #[must_use]
    pub fn payload_hash(&self) -> Option<&'a str> {
        self.payload_hash
    }

    /// Whether the claim may take the place of what there is.
    #[must_use]
    pub fn may_replace(&self, record: Option<&StoredRecord>) -> bool {
        crate::decision::may_claim(record, self.now)
    }

    /// The record to write.
    #[must_use]
    pub fn record(&self) -> StoredRecord {
        let record = StoredRecord::new(crate::Status::InProgress, self.expiration())
            .with_in_progress_expiration(self.in_progress_expiration())
            .with_owner(self.owner);
        match self.payload_hash {
            Some(hash) => record.with_payload_hash(hash),
            None => record,
        }
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("key", &self.key)
            .field("owner", &self.owner)
            .field("now", &self.now)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

/// A completion: the answer of a call that has run.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    key: &'a str,
    fence: Fence<'a>,
    run: Option<&'a str>,
    now: Now,
    expiration: i64,
    answer: &'a Answer,
    payload_hash: Option<&'a str>,
}

impl<'a> Completion<'a> {
    pub(crate) fn new(
        key: &'a str,
        fence: Fence<'a>,
        answer: &'a Answer,
        now: Now,
        expiration: i64,
    ) -> Self {
        Self {
            key,
            fence,
            run: None,
            now,
            expiration,
            answer,
            payload_hash: None,
        }
    }

    /// Sets the hash of the payload.
    pub(crate) fn with_payload_hash(mut self, hash: impl Into<Option<&'a str>>) -> Self {
        self.payload_hash = hash.into();
        self
    }

    /// Sets the mark of this run, where it is not that of the record.
    pub(crate) fn with_run(mut self, mark: &'a str) -> Self {
        self.run = Some(mark);
        self
    }

    /// The mark of this run, which no other has, also where it goes on under the record of
    /// another.
    #[must_use]
    pub fn run(&self) -> Option<&'a str> {
        self.run.or(match self.fence {
            Fence::Owner(mark) => Some(mark),
            Fence::Lease(_) => None,
        })
    }

    /// The same completion with another answer.
    #[must_use]
    pub fn with_answer<'b>(self, answer: &'b Answer) -> Completion<'b>
    where
        'a: 'b,
    {
        Completion { answer, ..self }
    }

    /// The same under another key: for stores that wrap another.
    #[must_use]
    pub fn with_key<'b>(self, key: &'b str) -> Completion<'b>
    where
        'a: 'b,
    {
        Completion { key, ..self }
    }

    /// The whole key.
    #[must_use]
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// Whose record it must be.
    #[must_use]
    pub fn fence(&self) -> Fence<'a> {
        self.fence
    }

    /// When it is decided.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// The last second since 1970 in which the record counts.
    #[must_use]
    pub fn expiration(&self) -> i64 {
        self.expiration
    }

    /// What the call left.
    #[must_use]
    pub fn answer(&self) -> &'a Answer {
        self.answer
    }

    /// The hash of the payload, if payloads are validated.
    #[must_use]
    pub fn payload_hash(&self) -> Option<&'a str> {
        self.payload_hash
    }

    /// Whether the completion may take the place of what there is.
    #[must_use]
    pub fn may_replace(&self, record: Option<&StoredRecord>) -> bool {
        crate::decision::may_complete(record, self.fence, self.answer)
    }

    /// The record to write over the one there was.
    #[must_use]
    pub fn record(&self, before: Option<&StoredRecord>) -> StoredRecord {
        let mut record = StoredRecord::new(crate::Status::Completed, self.expiration)
            .with_answer(self.answer.clone())
            .with_in_progress_expiration(before.and_then(StoredRecord::in_progress_expiration));
        if let Fence::Owner(owner) = self.fence {
            record = record.with_owner(owner);
        }
        let hash = self
            .payload_hash
            .or(before.and_then(StoredRecord::payload_hash));
        match hash {
            Some(hash) => record.with_payload_hash(hash),
            None => record,
        }
    }
}

/// A release: a call that failed, and may run again.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    key: &'a str,
    fence: Fence<'a>,
}

impl<'a> Release<'a> {
    pub(crate) fn new(key: &'a str, fence: Fence<'a>) -> Self {
        Self { key, fence }
    }

    /// The same under another key: for stores that wrap another.
    #[must_use]
    pub fn with_key<'b>(self, key: &'b str) -> Release<'b>
    where
        'a: 'b,
    {
        Release { key, ..self }
    }

    /// The whole key.
    #[must_use]
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// Whose record it must be.
    #[must_use]
    pub fn fence(&self) -> Fence<'a> {
        self.fence
    }

    /// Whether this record may be deleted.
    #[must_use]
    pub fn may_delete(&self, record: Option<&StoredRecord>) -> bool {
        crate::decision::may_release(record, self.fence)
    }
}
