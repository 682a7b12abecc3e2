//! The local cache in front of the store.

use powertools_idempotency::{
    Answer, IdempotencyBuilder, IdempotencyErrorKind as Kind, ReplayedRecord, Status, StoredRecord,
};
use serde_json::{Value, json};

use crate::support::{
    Bed, HOUR, LEASE, MILLIS, Op, SECONDS, TestStore, event_of, inner, key, kind, ms, own, secs,
};

fn cached(bed: &Bed) -> IdempotencyBuilder<TestStore> {
    bed.builder().local_cache(8)
}

#[tokio::test]
async fn there_is_none_by_default() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert!(layer.config().cached_keys().is_empty());
}

#[tokio::test]
async fn a_hit_costs_no_call_of_the_store() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(layer.config().cached_keys(), [key(&layer)]);
    bed.store.calls();
    bed.store.records.clear();
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    assert_eq!(bed.store.calls(), []);
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn what_is_read_from_the_store_is_kept() {
    let bed = Bed::default();
    bed.answer(&bed.layer(), json!(1)).await.unwrap();
    let layer = cached(&bed).build().unwrap();
    bed.store.calls();
    for _ in 0..2 {
        assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    }
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn an_expired_entry_is_dropped() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    bed.clock.advance(secs(3600) + ms(499));
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    bed.clock.advance(ms(1));
    let config = layer.config().clone();
    let looks = move || {
        let keys = config.cached_keys();
        async move { Ok(json!(keys)) }
    };
    // It is gone when the call runs, and the new one is there afterwards.
    assert_eq!(bed.call(&layer, looks).await.unwrap(), json!([]));
    assert_eq!(layer.config().cached_keys(), [key(&layer)]);
    assert_eq!(bed.next(&layer).await.unwrap(), json!([]));
    assert_eq!(bed.runs.count(), 2);
}

#[tokio::test]
async fn a_hit_is_validated() {
    let bed = Bed::default();
    let builder = cached(&bed).key("id").payload_validation("amount");
    let layer = builder.build().unwrap();
    let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    bed.store.calls();
    let error = own(bed.answer_to(&layer, amount(2), json!(2)).await);
    assert!(error.is_payload_mismatch());
    assert_eq!(error.record().unwrap().status(), Status::Completed);
    let again = bed.answer_to(&layer, amount(1), json!(3)).await;
    assert_eq!(again.unwrap(), json!(1));
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn a_mismatch_does_not_fill_it() {
    let bed = Bed::default();
    let builder = |bed: &Bed| bed.builder().key("id").payload_validation("amount");
    let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
    let plain = builder(&bed).build().unwrap();
    bed.answer_to(&plain, amount(1), json!(1)).await.unwrap();
    let layer = builder(&bed).local_cache(8).build().unwrap();
    let mismatch = bed.answer_to(&layer, amount(2), json!(2)).await;
    assert_eq!(kind(mismatch), Kind::PayloadMismatch);
    assert!(layer.config().cached_keys().is_empty());
}

#[tokio::test]
async fn a_running_call_is_never_in_it() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    bed.running_elsewhere(&key(&layer), secs(9));
    own(bed.next(&layer).await);
    assert!(layer.config().cached_keys().is_empty());
    bed.store.records.clear();
    let config = layer.config().clone();
    let looks = move || {
        let keys = config.cached_keys();
        async move { Ok(json!(keys)) }
    };
    assert_eq!(bed.call(&layer, looks).await.unwrap(), json!([]));
}

#[tokio::test]
async fn what_was_used_least_recently_goes_first() {
    let bed = Bed::default();
    let layer = bed.builder().local_cache(2).build().unwrap();
    for id in ["a", "b"] {
        let event = event_of(json!({ "id": id }));
        bed.answer_to(&layer, event, json!(id)).await.unwrap();
    }
    // `a` is used again, so that `b` goes.
    let event = || event_of(json!({"id": "a"}));
    bed.answer_to(&layer, event(), json!(0)).await.unwrap();
    let third = event_of(json!({"id": "c"}));
    bed.answer_to(&layer, third, json!("c")).await.unwrap();
    assert_eq!(layer.config().cached_keys().len(), 2);
    bed.store.calls();
    for id in ["a", "c"] {
        let event = event_of(json!({ "id": id }));
        bed.answer_to(&layer, event, json!(0)).await.unwrap();
        assert_eq!(bed.store.calls(), [], "{id}");
    }
    let second = event_of(json!({"id": "b"}));
    let answer = bed.answer_to(&layer, second, json!(0)).await;
    assert_eq!(answer.unwrap(), json!("b"));
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn a_failed_call_leaves_nothing_in_it() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    inner(bed.fail(&layer, "declined").await);
    assert!(layer.config().cached_keys().is_empty());
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_was_not_kept_is_not_in_it() {
    use crate::support::Fault;
    for fault in [
        Fault::LosesReply,
        Fault::Fails(powertools_idempotency::StoreErrorKind::Other),
    ] {
        let bed = Bed::default();
        let layer = cached(&bed).build().unwrap();
        bed.store.next(Op::Complete, fault);
        assert_eq!(kind(bed.answer(&layer, json!(1)).await), Kind::Complete);
        assert!(layer.config().cached_keys().is_empty());
    }
}

#[tokio::test]
async fn the_answer_of_a_call_that_was_taken_over_is_not_in_it() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let theirs = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("\"theirs\"".into()))
        .with_owner("theirs");
    let taken_over = move || {
        records.insert(key.clone(), theirs.clone());
        async { Ok(json!("late")) }
    };
    assert_eq!(kind(bed.call(&layer, taken_over).await), Kind::LeaseLost);
    assert!(layer.config().cached_keys().is_empty());
    assert_eq!(bed.next(&layer).await.unwrap(), json!("theirs"));
}

#[tokio::test]
async fn clear_cache_empties_it() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    layer.config().clear_cache();
    assert!(layer.config().cached_keys().is_empty());
    bed.store.calls();
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn a_hook_sees_neither_mark_nor_lease_of_what_this_process_completed() {
    let bed = Bed::default();
    let builder = cached(&bed).key("id").payload_validation("id");
    let shown = |_: Value, record: &ReplayedRecord<'_>| {
        let lease = record.in_progress_expiration();
        let hash = record.payload_hash();
        let (key, expiration) = (record.key(), record.expiration());
        Ok(json!([key, expiration, hash, record.owner(), lease]))
    };
    let layer = builder.response_hook(shown).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    let (record, key) = (bed.record().await, bed.store.records.keys().pop().unwrap());
    let (hash, owner) = (record.payload_hash().unwrap(), record.owner().unwrap());
    let expiration = SECONDS + HOUR;
    let shown = bed.next(&layer).await.unwrap();
    assert_eq!(shown, json!([key, expiration, hash, null, null]));
    // What was read from the store is as it is there, the second time from the cache.
    layer.config().clear_cache();
    let whole = json!([key, expiration, hash, owner, MILLIS + LEASE]);
    for calls in [vec![Op::Claim], vec![]] {
        bed.store.calls();
        assert_eq!(bed.next(&layer).await.unwrap(), whole);
        assert_eq!(bed.store.calls(), calls);
    }
}

#[tokio::test]
async fn layers_do_not_share_it() {
    let bed = Bed::default();
    let layer = cached(&bed).build().unwrap();
    let other = cached(&bed).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert!(other.config().cached_keys().is_empty());
    assert_eq!(layer.clone().config().cached_keys().len(), 1, "clones do");
}
