use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release, StoreError};
use crate::{decision::is_expired, now::Now, record::StoredRecord};

/// Below this many records nothing is swept.
const SWEEP_FROM: usize = 1024;

/// A store in the memory of this process, for tests, examples and functions of which one process
/// serves all. Clones share it.
///
/// Records that have expired are removed from time to time, so that it does not grow for ever.
#[derive(Clone, Default)]
pub struct InMemoryStore {
    records: Arc<Mutex<Records>>,
}

#[derive(Default)]
struct Records {
    by_key: HashMap<Box<str>, StoredRecord>,
    /// How many there may be before the expired ones are looked for.
    sweep_at: usize,
}

impl InMemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records there are, expired ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_key.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a record there, whatever there was: for tests.
    pub fn insert(&self, key: impl Into<Box<str>>, record: StoredRecord) {
        self.lock().by_key.insert(key.into(), record);
    }

    /// Removes a record, whosever it is.
    pub fn remove(&self, key: &str) {
        self.lock().by_key.remove(key);
    }

    /// The keys, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.lock()
            .by_key
            .keys()
            .map(|key| key.to_string())
            .collect()
    }

    /// Removes every record.
    pub fn clear(&self) {
        self.lock().by_key.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn put(&mut self, key: &str, record: StoredRecord) {
        match self.by_key.get_mut(key) {
            Some(there) => *there = record,
            None => {
                self.by_key.insert(key.into(), record);
            }
        }
    }

    /// Amortised: the next look comes when there are twice as many as are left.
    fn sweep(&mut self, now: Now) {
        if self.by_key.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        self.by_key.retain(|_, record| !is_expired(record, now));
        self.sweep_at = self.by_key.len().saturating_mul(2);
    }
}

impl IdempotencyStore for InMemoryStore {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let mut records = self.lock();
        let there = records.by_key.get(claim.key());
        if !claim.may_replace(there) {
            return Ok(Claimed::Refused(there.cloned()));
        }
        records.sweep(claim.now());
        records.put(claim.key(), claim.record());
        Ok(Claimed::Written)
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.lock().by_key.get(key).cloned())
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let mut records = self.lock();
        let there = records.by_key.get(completion.key());
        if !completion.may_replace(there) {
            return Ok(Finished::NotOwner);
        }
        let record = completion.record(there);
        records.put(completion.key(), record);
        Ok(Finished::Done)
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        let mut records = self.lock();
        if !release.may_delete(records.by_key.get(release.key())) {
            return Ok(Finished::NotOwner);
        }
        records.by_key.remove(release.key());
        Ok(Finished::Done)
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryStore")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
