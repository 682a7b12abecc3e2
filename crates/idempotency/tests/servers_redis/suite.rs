//! The suite that every store must pass.

use std::sync::atomic::{AtomicUsize, Ordering};

use powertools_idempotency::{
    RedisStore, StoreError, StoredRecord,
    store::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release},
    test_util::assert_store_conforms,
};

use crate::bed::{Bed, within};

/// A store whose keys are its own.
struct Prefixed {
    store: RedisStore,
    prefix: String,
}

impl Prefixed {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

impl IdempotencyStore for Prefixed {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let key = self.key(claim.key());
        self.store.claim(&claim.with_key(&key)).await
    }

    async fn get(&self, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.store.get(&self.key(key)).await
    }

    async fn complete(&self, completion: &Completion<'_>) -> Result<Finished, StoreError> {
        let key = self.key(completion.key());
        self.store.complete(&completion.with_key(&key)).await
    }

    async fn release(&self, release: &Release<'_>) -> Result<Finished, StoreError> {
        let key = self.key(release.key());
        self.store.release(&release.with_key(&key)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_store_conforms() {
    let bed = Bed::plain().await;
    let stores = AtomicUsize::new(0);
    within(assert_store_conforms(async || {
        let number = stores.fetch_add(1, Ordering::Relaxed);
        Prefixed {
            store: bed.patient(),
            prefix: bed.redis.key(&format!("{number}:")),
        }
    }))
    .await;
}
