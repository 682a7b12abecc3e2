use super::steps::{KEY, MINE, NOW, OTHER, completed, later, refusal, response, stored, written};
use crate::{IdempotencyStore, store::Claimed, test_util::Caller};

const ME: Caller<'static> = Caller::new(KEY, MINE);
const YOU: Caller<'static> = Caller::new(KEY, OTHER);

pub(in crate::test_util) async fn absent_key_is_claimed(store: impl IdempotencyStore) {
    assert_eq!(stored(&store, KEY).await, None);
    written(&store, &ME.with_payload_hash("h4sh").claim(NOW)).await;
}

pub(in crate::test_util) async fn claim_is_refused_with_the_record_of_the_running_call(
    store: impl IdempotencyStore,
) {
    for (key, caller) in [
        (KEY, ME),
        (
            "hashed",
            Caller::new("hashed", MINE).with_payload_hash("h4sh"),
        ),
    ] {
        let claim = caller.claim(NOW);
        written(&store, &claim).await;
        let other = Caller::new(key, OTHER).with_payload_hash("other");
        assert_eq!(refusal(&store, &other.claim(NOW)).await, claim.record());
        assert_eq!(
            refusal(&store, &other.claim(later(1))).await,
            claim.record()
        );
    }
}

pub(in crate::test_util) async fn claim_is_refused_with_the_completed_record(
    store: impl IdempotencyStore,
) {
    let claim = ME.with_payload_hash("h4sh").claim(NOW);
    written(&store, &claim).await;
    let answer = response("{\"a\": 1}");
    let completion = ME.complete(&answer, later(20));
    completed(&store, &completion).await;
    let record = refusal(&store, &YOU.claim(later(21))).await;
    let lease = record.in_progress_expiration();
    let expected = completion.record(Some(&claim.record()));
    assert_eq!(record, expected.with_in_progress_expiration(lease));
}

/// What happens in its last millisecond is the store's.
pub(in crate::test_util) async fn lease_holds_until_its_last_millisecond(
    store: impl IdempotencyStore,
) {
    let expiration = later(3_600_000).seconds();
    let claim = ME.claim_until(NOW, expiration, later(5_000).millis());
    written(&store, &claim).await;
    assert_eq!(
        refusal(&store, &YOU.claim(later(4_999))).await,
        claim.record()
    );
    written(&store, &YOU.claim(later(5_001))).await;
}

pub(in crate::test_util) async fn lease_of_no_time_is_a_lease(store: impl IdempotencyStore) {
    let expiration = later(3_600_000).seconds();
    let claim = ME.claim_until(NOW, expiration, NOW.millis());
    written(&store, &claim).await;
    written(&store, &YOU.claim(later(1))).await;
}

/// The lease is longer than the record counts, so that only the expiry decides.
pub(in crate::test_util) async fn running_record_counts_in_its_last_second(
    store: impl IdempotencyStore,
) {
    let expiration = later(3_600_000).seconds();
    let claim = ME.claim_until(NOW, expiration, later(9_000_000).millis());
    written(&store, &claim).await;
    let last = later(3_600_000);
    assert_eq!(last.seconds(), expiration);
    assert_eq!(refusal(&store, &YOU.claim(last)).await, claim.record());
    written(&store, &YOU.claim(later(3_601_000))).await;
}

pub(in crate::test_util) async fn completed_record_counts_in_its_last_second(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    let answer = response("true");
    completed(&store, &ME.complete(&answer, NOW)).await;
    let record = stored(&store, KEY).await;
    assert_eq!(
        Some(refusal(&store, &YOU.claim(later(3_600_000))).await),
        record
    );
    written(&store, &YOU.claim(later(3_601_000))).await;
}

pub(in crate::test_util) async fn lease_of_a_completed_record_means_nothing(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    let answer = response("true");
    completed(&store, &ME.complete(&answer, NOW)).await;
    let record = stored(&store, KEY).await;
    assert_eq!(
        Some(refusal(&store, &YOU.claim(later(1_000_000))).await),
        record
    );
}

/// A key for each: a store may take its time between two take-overs of one.
pub(in crate::test_util) async fn takeover_wipes_answer_and_hash(store: impl IdempotencyStore) {
    for (number, answer) in super::finishes::answers().iter().enumerate() {
        let key = format!("takeover {number}");
        let first = Caller::new(&key, MINE).with_payload_hash("h4sh");
        written(&store, &first.claim(NOW)).await;
        completed(&store, &first.complete(answer, NOW)).await;
        // `written` compares the whole record.
        let second = Caller::new(&key, OTHER);
        written(&store, &second.claim(later(4_000_000))).await;
        super::steps::released(&store, &second.release()).await;
    }
    written(&store, &ME.with_payload_hash("h4sh").claim(NOW)).await;
    written(&store, &YOU.claim(later(31_000))).await;
}

/// As the first claim's lost reply has it. A store may know the claim again, or let the caller.
pub(in crate::test_util) async fn same_claim_twice_meets_itself(store: impl IdempotencyStore) {
    let claim = ME.with_payload_hash("h4sh").claim(NOW);
    written(&store, &claim).await;
    match store.claim(&claim).await.expect("the store answers") {
        Claimed::Written | Claimed::Refused(None) => {}
        Claimed::Refused(record) => assert_eq!(record, Some(claim.record())),
    }
    assert_eq!(stored(&store, KEY).await, Some(claim.record()));
}
