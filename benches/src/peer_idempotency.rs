//! A peer's idempotent calls. It has no key expression, no JSON and no invocation: the caller takes
//! key and body out of the request and makes the answer's bytes.

use std::{hint::black_box, time::Duration};

use idempotent::{
    CachedResponse, IdempotencyEntry, IdempotencyKey, Metadata,
    entry::ExistingEntry,
    fingerprint::{DefaultFingerprintStrategy, FingerprintStrategy},
    store::{IdempotencyStore, InsertResult, memory::MemoryStore},
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::{bench::Bench, event, operation::Operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::peer(
        "peer:idempotent/stored_hit",
        "idempotency/stored_hit",
        stored_hit,
    ),
    Operation::peer(
        "peer:idempotent/first_run",
        "idempotency/first_run",
        first_run,
    ),
];

const HOUR: Duration = Duration::from_secs(3600);

/// Its store is a task of its own, so it needs a runtime.
fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("the runtime starts")
}

/// One call, which must run the function or must not. The store is told to forget it after the
/// first.
async fn call(store: &MemoryStore, event: &Value, runs: bool) {
    let key = event["headers"]["idempotency-key"].as_str();
    let key = IdempotencyKey::new(key.expect("it is there")).expect("it is a key");
    let body = event["body"].as_str().expect("it is there");
    let fingerprint = DefaultFingerprintStrategy.compute("POST /orders", body.as_bytes());
    let entry = IdempotencyEntry::new(fingerprint, HOUR);
    match store.try_insert(&key, entry.clone()).await {
        Ok(InsertResult::Claimed { fencing_token }) => {
            assert!(runs);
            let answer = CachedResponse {
                status_code: 200,
                metadata: Metadata::default(),
                body: "{\"message\": \"hello\"}".into(),
            };
            let done = entry.complete(answer);
            store
                .complete(&key, done, fencing_token)
                .await
                .expect("it is kept");
        }
        Ok(InsertResult::Exists(ExistingEntry::Completed(entry))) => {
            assert!(!runs && entry.fingerprint_matches(fingerprint));
            black_box(entry.into_response());
        }
        Ok(InsertResult::Exists(_)) | Err(_) => unreachable!("nothing runs beside"),
    }
}

fn stored_hit(bench: &mut Bench) {
    let runtime = runtime();
    let event = event::value();
    let store = runtime.block_on(async { MemoryStore::new(16, HOUR) });
    runtime.block_on(call(&store, &event, true));
    bench.measure(|| runtime.block_on(call(&store, black_box(&event), false)));
}

fn first_run(bench: &mut Bench) {
    let runtime = runtime();
    let event = event::value();
    let store = runtime.block_on(async { MemoryStore::new(16, HOUR) });
    let key = event["headers"]["idempotency-key"]
        .as_str()
        .expect("it is there");
    let key = IdempotencyKey::new(key).expect("it is a key");
    bench.measure(|| {
        runtime.block_on(async {
            call(&store, black_box(&event), true).await;
            store.remove(&key).await.expect("it is removed");
        });
    });
}
