#[cfg(feature = "local-cache")]
use std::sync::Arc;

#[cfg(feature = "local-cache")]
use crate::decision::is_expired;
use crate::{now::Now, record::StoredRecord};

#[cfg(feature = "local-cache")]
use moka::{policy::EvictionPolicy, sync::Cache};

/// Completed records in the memory of this process: those used least recently go first.
#[derive(Debug, Default)]
pub(crate) struct LocalCache {
    #[cfg(feature = "local-cache")]
    records: Option<Cache<Arc<str>, StoredRecord>>,
}

#[cfg(feature = "local-cache")]
impl LocalCache {
    pub(crate) fn of_size(size: u64) -> Self {
        let cache = Cache::builder()
            .max_capacity(size)
            .eviction_policy(EvictionPolicy::lru());
        Self {
            records: Some(cache.build()),
        }
    }

    /// A record that still counts.
    pub(crate) fn get(&self, key: &str, now: Now) -> Option<StoredRecord> {
        let records = self.records.as_ref()?;
        let record = records.get(key)?;
        if is_expired(&record, now) {
            records.invalidate(key);
            return None;
        }
        Some(record)
    }

    pub(crate) fn insert(&self, key: &str, record: impl FnOnce() -> StoredRecord) {
        if let Some(records) = &self.records {
            records.insert(key.into(), record());
            // Else the size holds only after a while.
            records.run_pending_tasks();
        }
    }

    pub(crate) fn remove(&self, key: &str) {
        if let Some(records) = &self.records {
            records.invalidate(key);
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(records) = &self.records {
            records.invalidate_all();
        }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let keys = |records: &Cache<Arc<str>, StoredRecord>| {
            records.run_pending_tasks();
            records.iter().map(|(key, _)| (*key).to_string()).collect()
        };
        self.records.as_ref().map(keys).unwrap_or_default()
    }
}

#[cfg(not(feature = "local-cache"))]
#[expect(clippy::unused_self, reason = "there is nothing to look into")]
impl LocalCache {
    pub(crate) fn get(&self, _key: &str, _now: Now) -> Option<StoredRecord> {
        None
    }

    pub(crate) fn insert(&self, _key: &str, _record: impl FnOnce() -> StoredRecord) {}

    pub(crate) fn remove(&self, _key: &str) {}
}
