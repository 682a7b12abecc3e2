//! A second store for answers that are too large for the first.

use std::sync::Arc;

use powertools_idempotency::{
    Answer, IdempotencyBuilder, IdempotencyErrorKind as Kind, IdempotencyLayer, IdempotencyStore,
    ReplayedRecord, Status, StoreErrorKind, StoredRecord, TooLarge, WithOverflow,
};
use serde_json::{Value, json};

use crate::support::{
    Bed, Bucket, Fault, HOUR, Op, SECONDS, TestStore, event, host, key, kind, own,
};

type Layer = IdempotencyLayer<WithOverflow<TestStore, Bucket>>;

fn builder(bed: &Bed, bucket: &Bucket) -> IdempotencyBuilder<WithOverflow<TestStore, Bucket>> {
    bed.store.limit(100);
    let store = WithOverflow::new(bed.store.clone(), bucket.clone());
    IdempotencyLayer::builder("orders", store).host(host(bed.clock.shared()))
}

fn overflowing(bed: &Bed, bucket: &Bucket) -> Layer {
    builder(bed, bucket).build().unwrap()
}

fn large() -> Value {
    json!("x".repeat(100))
}

#[tokio::test]
async fn a_large_answer_goes_there_and_the_record_holds_the_reference() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bed.answer_to(&layer, event(), large()).await.unwrap();
    let record = bed.record().await;
    let name = format!("bucket/{}/{}", key(&layer), record.owner().unwrap());
    assert_eq!(
        record.answer(),
        Some(&Answer::Overflow(name.as_str().into()))
    );
    assert_eq!(bucket.objects.lock().unwrap()[&name], large().to_string());
    let again = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(again.unwrap(), large());
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn it_is_found_by_a_read_as_well() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bed.answer_to(&layer, event(), large()).await.unwrap();
    bed.store.next(Op::Claim, Fault::RefusesBare);
    let again = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(again.unwrap(), large());
}

#[tokio::test]
async fn a_small_answer_stays_in_the_record() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bed.answer_to(&layer, event(), json!(1)).await.unwrap();
    assert!(bucket.objects.lock().unwrap().is_empty());
    assert_eq!(
        bed.record().await.answer(),
        Some(&Answer::Response("1".into()))
    );
}

#[tokio::test]
async fn an_answer_that_is_gone_is_one_that_was_not_kept_and_runs_nothing() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bed.answer_to(&layer, event(), large()).await.unwrap();
    bucket.objects.lock().unwrap().clear();
    let error = own(bed.answer_to(&layer, event(), json!(0)).await);
    assert_eq!(error.kind(), Kind::ResponseOmitted);
    assert_eq!(error.record(), Some(&bed.record().await));
    let omitted = |record: &ReplayedRecord<'_>| json!({"see": record.key()});
    let builder = builder(&bed, &bucket).omitted_response(omitted);
    let layer = builder.build().unwrap();
    let answer = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(answer.unwrap(), json!({"see": key(&layer)}));
    assert_eq!(bed.runs.count(), 1);
    assert_eq!(bed.status().await, Some(Status::Completed));
}

#[tokio::test]
async fn a_read_of_it_that_fails_is_an_error_that_runs_nothing() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let omitted = |_: &ReplayedRecord<'_>| json!("not this");
    let builder = builder(&bed, &bucket).omitted_response(omitted);
    let layer = builder.build().unwrap();
    bed.answer_to(&layer, event(), large()).await.unwrap();
    bed.store.calls();
    bucket.fail(StoreErrorKind::AccessDenied);
    let error = own(bed.answer_to(&layer, event(), json!(0)).await);
    assert_eq!(error.kind(), Kind::Read);
    assert_eq!(error.store(), Some(StoreErrorKind::AccessDenied));
    assert!(!error.has_run());
    crate::support::background().await;
    assert_eq!(bed.store.calls(), [Op::Claim], "nothing is released");
    let again = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(again.unwrap(), large());
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_put_there_is_left_to_the_lease() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bucket.fail(StoreErrorKind::Throttled);
    let error = own(bed.answer_to(&layer, event(), large()).await);
    assert_eq!(error.kind(), Kind::Complete);
    assert_eq!(error.store(), Some(StoreErrorKind::Throttled));
    assert_eq!(bed.status().await, Some(Status::InProgress));
}

#[tokio::test]
async fn it_is_fetched_for_a_replay_alone() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let plain = overflowing(&bed, &bucket);
    bed.answer_to(&plain, event(), large()).await.unwrap();
    let builder = |bed: &Bed| builder(bed, &bucket).payload_validation("id");
    // A mismatch shows the record, and needs no answer.
    let validated = builder(&bed).build().unwrap();
    let mismatch = own(bed.answer_to(&validated, event(), json!(0)).await);
    assert!(mismatch.is_payload_mismatch());
    bed.store.next(Op::Claim, Fault::RefusesBare);
    let read = bed.answer_to(&validated, event(), json!(0)).await;
    assert_eq!(kind(read), Kind::PayloadMismatch);
    let there = plain.config().store().get(&key(&plain)).await;
    let there = there.unwrap().unwrap();
    assert!(matches!(there.answer(), Some(Answer::Overflow(_))));
    assert_eq!(bucket.gets(), 0);
    for gets in 1..3 {
        bed.answer_to(&plain, event(), json!(0)).await.unwrap();
        assert_eq!(bucket.gets(), gets);
    }
}

#[tokio::test]
async fn the_local_cache_keeps_the_reference_of_what_another_process_put_there() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let other = overflowing(&bed, &bucket);
    bed.answer_to(&other, event(), large()).await.unwrap();
    let layer = builder(&bed, &bucket).local_cache(8).build().unwrap();
    bed.store.calls();
    for gets in 1..4 {
        let answer = bed.answer_to(&layer, event(), json!(0)).await;
        assert_eq!(answer.unwrap(), large());
        assert_eq!(bucket.gets(), gets);
    }
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn the_local_cache_keeps_the_answer_of_its_own_process_itself() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = builder(&bed, &bucket).local_cache(8).build().unwrap();
    for _ in 0..2 {
        let answer = bed.answer_to(&layer, event(), large()).await;
        assert_eq!(answer.unwrap(), large());
    }
    assert_eq!(bucket.objects.lock().unwrap().len(), 1);
    assert_eq!((bed.runs.count(), bucket.gets()), (1, 0));
}

#[tokio::test]
async fn a_final_error_that_is_too_large_is_the_callers_and_not_put_there() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let builder = builder(&bed, &bucket).final_errors(|_: &String| true);
    let layer = builder.build().unwrap();
    let fails = || async { Err::<Value, _>("x".repeat(100)) };
    let failed = bed.call_with(&layer, event(), fails).await;
    assert_eq!(crate::support::inner(failed), "x".repeat(100));
    assert!(bucket.objects.lock().unwrap().is_empty());
    assert_eq!(bed.record().await.answer(), Some(&Answer::Omitted));
    let again = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(kind(again), Kind::ResponseOmitted);
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn one_behind_an_arc_is_a_store() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    bed.store.limit(100);
    let store = Arc::new(WithOverflow::new(bed.store.clone(), bucket.clone()));
    let layer = |store: &Arc<_>| {
        let builder = IdempotencyLayer::builder("orders", Arc::clone(store));
        builder.host(host(bed.clock.shared())).build().unwrap()
    };
    // Layers share it.
    let [first, second] = [layer(&store), layer(&store)];
    bed.answer_to(&first, event(), large()).await.unwrap();
    let again = bed.answer_to(&second, event(), json!(0)).await;
    assert_eq!(again.unwrap(), large());
    assert_eq!((bed.runs.count(), bucket.gets()), (1, 1));
    assert!(Arc::ptr_eq(first.config().store(), second.config().store()));
    let fails = || async { Err::<Value, _>("declined".to_owned()) };
    bed.store.records.clear();
    bed.store.calls();
    let failed = bed.call_with(&first, event(), fails).await;
    crate::support::inner(failed);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
    bed.store.next(Op::Claim, Fault::Refuses);
    bed.answer_to(&first, event(), json!(1)).await.unwrap();
    let read = [Op::Claim, Op::Get, Op::Claim, Op::Complete];
    assert_eq!(bed.store.calls(), read);
}

#[tokio::test]
async fn a_store_behind_an_arc_has_its_limit() {
    let bed = Bed::default();
    bed.store.limit(100);
    let builder = IdempotencyLayer::builder("orders", Arc::new(bed.store.clone()));
    let layer = builder.host(host(bed.clock.shared())).build().unwrap();
    let answer = bed.answer_to(&layer, event(), large()).await;
    assert_eq!(kind(answer), Kind::TooLarge);
}

#[tokio::test]
async fn a_late_finisher_does_not_write_over_its_successors_answer() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    let reference = format!("bucket/{}/theirs", key(&layer));
    let objects = Arc::clone(&bucket.objects);
    let theirs = json!("theirs").to_string();
    objects.lock().unwrap().insert(reference.clone(), theirs);
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let record = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Overflow(reference.into()))
        .with_owner("theirs");
    let taken_over = move || {
        records.insert(key.clone(), record.clone());
        async { Ok(large()) }
    };
    let late = bed.call_with(&layer, event(), taken_over).await;
    assert_eq!(kind(late), Kind::LeaseLost);
    let again = bed.answer_to(&layer, event(), json!(0)).await;
    assert_eq!(again.unwrap(), json!("theirs"));
}

#[tokio::test]
async fn the_policy_for_large_answers_has_nothing_to_do() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let builder = builder(&bed, &bucket);
    let layer = builder.too_large(TooLarge::OmitResponse).build().unwrap();
    for _ in 0..2 {
        let answer = bed.answer_to(&layer, event(), large()).await;
        assert_eq!(answer.unwrap(), large());
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn a_release_deletes_the_record() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    let fails = || async { Err::<Value, _>("declined".to_owned()) };
    let failed = bed.call_with(&layer, event(), fails).await;
    assert_eq!(crate::support::inner(failed), "declined");
    assert_eq!(bed.status().await, None);
}
