//! A second store for answers that are too large for the first.

use powertools_idempotency::{
    Answer, IdempotencyErrorKind as Kind, IdempotencyLayer, Status, StoreErrorKind, StoredRecord,
    TooLarge, WithOverflow,
};
use serde_json::{Value, json};

use crate::support::{
    Bed, Bucket, Fault, HOUR, Op, SECONDS, TestStore, event, host, key, kind, own,
};
use powertools_core::test_util::ManualClock;

type Layer = IdempotencyLayer<WithOverflow<TestStore, Bucket>>;

fn overflowing(bed: &Bed, bucket: &Bucket) -> Layer {
    bed.store.limit(100);
    let store = WithOverflow::new(bed.store.clone(), bucket.clone());
    let builder = IdempotencyLayer::builder("orders", store).host(host(bed.clock.shared()));
    builder.build().unwrap()
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
async fn an_answer_that_is_gone_is_an_error_that_runs_nothing() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    bed.answer_to(&layer, event(), large()).await.unwrap();
    bucket.objects.lock().unwrap().clear();
    let error = own(bed.answer_to(&layer, event(), json!(0)).await);
    assert_eq!(error.store(), Some(StoreErrorKind::InvalidRecord));
    assert_eq!(bed.runs.count(), 1);
    assert_eq!(bed.status().await, Some(Status::Completed));
}

#[tokio::test]
async fn a_late_finisher_does_not_write_over_its_successors_answer() {
    let (bed, bucket) = (Bed::default(), Bucket::default());
    let layer = overflowing(&bed, &bucket);
    let reference = format!("bucket/{}/theirs", key(&layer));
    let objects = std::sync::Arc::clone(&bucket.objects);
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
    bed.store.limit(100);
    let store = WithOverflow::new(bed.store.clone(), bucket.clone());
    let clock: &ManualClock = &bed.clock;
    let builder = IdempotencyLayer::builder("orders", store).host(host(clock.shared()));
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
