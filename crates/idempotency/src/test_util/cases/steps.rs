//! What the cases do with a store.

use crate::{
    Answer, IdempotencyStore, Now, Status, StoredRecord,
    store::{Claim, Claimed, Completion, Finished, Release},
};

pub(super) const KEY: &str = "suite#4f5f4713d180fb0cb1041f7caf4faaaa";
pub(super) const MINE: &str = "00112233445566778899aabbccddeeff";
pub(super) const OTHER: &str = "ffeeddccbbaa99887766554433221100";

/// Within a second, so that seconds are rounded down.
pub(super) const NOW: Now = Now::from_millis(4_000_000_000_123);

pub(super) fn later(millis: i64) -> Now {
    Now::from_millis(NOW.millis() + millis)
}

pub(super) fn response(json: &str) -> Answer {
    Answer::Response(json.into())
}

pub(super) async fn written<St: IdempotencyStore>(store: &St, claim: &Claim<'_>) {
    let claimed = store.claim(claim).await.expect("the store claims");
    assert_eq!(claimed, Claimed::Written, "{claim:?}");
    assert_eq!(stored(store, claim.key()).await, Some(claim.record()));
}

/// The record that a claim met.
pub(super) async fn refusal<St: IdempotencyStore>(store: &St, claim: &Claim<'_>) -> StoredRecord {
    let claimed = store.claim(claim).await.expect("the store refuses");
    let told = match claimed {
        Claimed::Refused(record) => record,
        Claimed::Written => panic!("it was written over a record that counts: {claim:?}"),
    };
    let stored = stored(store, claim.key()).await;
    if told.is_some() {
        assert_eq!(told, stored, "what is told is not what is stored");
    }
    stored.expect("the record that stood in the way")
}

pub(super) async fn stored<St: IdempotencyStore>(store: &St, key: &str) -> Option<StoredRecord> {
    store.get(key).await.expect("the store reads")
}

pub(super) async fn completed<St: IdempotencyStore>(store: &St, completion: &Completion<'_>) {
    let before = stored(store, completion.key()).await;
    let finished = store.complete(completion).await;
    assert_eq!(finished.expect("the store completes"), Finished::Done);
    let expected = completion.record(before.as_ref());
    let found = stored(store, completion.key()).await;
    assert_same(found.as_ref(), Some(&expected));
}

pub(super) async fn released<St: IdempotencyStore>(store: &St, release: &Release<'_>) {
    let finished = store.release(release).await;
    assert_eq!(finished.expect("the store releases"), Finished::Done);
    assert_eq!(stored(store, release.key()).await, None);
}

/// Also in answers and hashes, which `Debug` does not show. The lease of a completed record means
/// nothing, and need not be kept.
pub(super) fn assert_same(found: Option<&StoredRecord>, expected: Option<&StoredRecord>) {
    let lease = found.and_then(StoredRecord::in_progress_expiration);
    let expected = expected
        .cloned()
        .map(|expected| match (expected.status(), lease) {
            (Status::Completed, None) => expected.with_in_progress_expiration(None),
            _ => expected,
        });
    let expected = expected.as_ref();
    assert_eq!(
        found.and_then(StoredRecord::payload_hash),
        expected.and_then(StoredRecord::payload_hash),
        "the payload's hash"
    );
    let same_answer =
        found.and_then(StoredRecord::answer) == expected.and_then(StoredRecord::answer);
    assert_eq!(found, expected, "the same answer: {same_answer}");
}
