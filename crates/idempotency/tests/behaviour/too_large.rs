//! Answers that are larger than the store takes.

use powertools_idempotency::{
    Answer, IdempotencyErrorKind as Kind, ReplayedRecord, Status, StoreErrorKind, TooLarge,
};
use serde_json::{Value, json};

use crate::support::{Bed, Op, background, inner, kind, ms, own, secs};

fn large() -> Value {
    json!("x".repeat(100))
}

fn limited() -> Bed {
    let bed = Bed::default();
    bed.store.limit(100);
    bed
}

#[tokio::test]
async fn it_is_an_error_by_default_and_the_record_is_completed_without_it() {
    let bed = limited();
    let layer = bed.layer();
    let error = own(bed.answer(&layer, large()).await);
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.has_run());
    assert_eq!(error.key(), Some(crate::support::key(&layer).as_str()));
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete]);
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.answer(), Some(&Answer::Omitted));
    // It would be too large each time: it does not run again, not even after the lease.
    for _ in 0..2 {
        let error = own(bed.next(&layer).await);
        assert_eq!(error.kind(), Kind::ResponseOmitted);
        assert!(!error.has_run(), "this call has not");
        assert_eq!(error.record(), Some(&record));
        bed.clock.advance(secs(15 * 60) + ms(1));
    }
    assert_eq!(bed.runs.count(), 1);
    // Only when the record expires.
    bed.clock.advance(secs(30 * 60 + 1));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn a_duplicate_gets_the_answer_in_its_place_also_where_it_was_an_error() {
    let bed = limited();
    let omitted = |_: &ReplayedRecord<'_>| json!("see the order");
    let layer = bed.builder().omitted_response(omitted).build().unwrap();
    // The first caller is told.
    assert_eq!(kind(bed.answer(&layer, large()).await), Kind::TooLarge);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("see the order"));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn where_the_record_cannot_be_completed_either_it_is_left_to_its_lease() {
    for policy in [TooLarge::Error, TooLarge::OmitResponse] {
        let bed = limited();
        let layer = bed.builder().too_large(policy).build().unwrap();
        bed.store.fail(Op::Complete, StoreErrorKind::Unavailable);
        assert_eq!(kind(bed.answer(&layer, large()).await), Kind::Complete);
        background().await;
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete], "{policy:?}");
        assert_eq!(bed.status().await, Some(Status::InProgress));
    }
}

#[tokio::test]
async fn what_just_fits_is_kept() {
    let bed = limited();
    let layer = bed.layer();
    // With its quotes.
    let fits = json!("x".repeat(98));
    bed.answer(&layer, fits.clone()).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), fits);
}

#[tokio::test]
async fn omitted_the_caller_gets_the_answer_and_a_duplicate_an_error() {
    let bed = limited();
    let builder = bed.builder().too_large(TooLarge::OmitResponse);
    let layer = builder.build().unwrap();
    assert_eq!(bed.answer(&layer, large()).await.unwrap(), large());
    assert_eq!(bed.record().await.answer(), Some(&Answer::Omitted));
    let error = own(bed.next(&layer).await);
    assert_eq!(error.kind(), Kind::ResponseOmitted);
    assert_eq!(error.record().unwrap().status(), Status::Completed);
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn omitted_a_duplicate_gets_the_answer_in_its_place_from_store_and_cache() {
    for size in [0, 8] {
        let bed = limited();
        let omitted = |record: &ReplayedRecord<'_>| json!({"see": record.key()});
        let builder = bed.builder().local_cache(size);
        let builder = builder.too_large(TooLarge::OmitResponse);
        let layer = builder.omitted_response(omitted).build().unwrap();
        bed.answer(&layer, large()).await.unwrap();
        let key = crate::support::key(&layer);
        assert_eq!(bed.next(&layer).await.unwrap(), json!({ "see": key }));
    }
}

#[tokio::test]
async fn the_hook_that_was_set_before_sees_what_was_kept() {
    let bed = limited();
    let hook = |answer: Value, _: &ReplayedRecord<'_>| Ok(json!([answer]));
    let builder = bed.builder().too_large(TooLarge::OmitResponse);
    let builder = builder.response_hook(hook);
    let layer = builder.omitted_response(|_: &ReplayedRecord<'_>| json!("none"));
    let layer = layer.build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!([1]));
    bed.store.records.clear();
    bed.answer(&layer, large()).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!("none"));
}

#[tokio::test]
async fn a_final_error_that_is_too_large_is_the_callers_and_not_kept() {
    for policy in [TooLarge::Error, TooLarge::OmitResponse] {
        let bed = Bed::default();
        bed.store.limit(9);
        let builder = bed.builder().final_errors(|_: &String| true);
        let layer = builder.too_large(policy).build().unwrap();
        assert_eq!(inner(bed.fail(&layer, "declined").await), "declined");
        assert_eq!(bed.record().await.answer(), Some(&Answer::Omitted));
        let error = own(bed.next(&layer).await);
        assert_eq!(error.kind(), Kind::ResponseOmitted, "{policy:?}");
        bed.clock.advance(secs(15 * 60) + ms(1));
        assert_eq!(kind(bed.next(&layer).await), Kind::ResponseOmitted);
        assert_eq!(bed.runs.count(), 1);
    }
    // With its quotes it just fits.
    let bed = Bed::default();
    bed.store.limit(10);
    let builder = bed.builder().final_errors(|_: &String| true);
    let layer = builder.build().unwrap();
    inner(bed.fail(&layer, "declined").await);
    assert_eq!(inner(bed.next(&layer).await), "declined");
}

#[tokio::test]
async fn a_duplicate_of_a_final_error_that_was_not_kept_gets_the_answer_in_its_place() {
    let bed = Bed::default();
    bed.store.limit(9);
    let builder = bed.builder().final_errors(|_: &String| true);
    let layer = builder.omitted_response(|_: &ReplayedRecord<'_>| json!("none"));
    let layer = layer.build().unwrap();
    inner(bed.fail(&layer, "declined").await);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("none"));
}

#[tokio::test]
async fn what_the_store_alone_finds_too_large_is_completed_without_it() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(|_: &String| true);
    let layer = layer.build().unwrap();
    bed.store.fail(Op::Complete, StoreErrorKind::TooLarge);
    let error = own(bed.next(&layer).await);
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(bed.status().await, Some(Status::Completed));
    bed.store.records.clear();
    bed.store.fail(Op::Complete, StoreErrorKind::TooLarge);
    let declined = bed.fail(&layer, "declined").await;
    assert!(
        matches!(declined, Err(powertools_core::LayerError::Inner(text)) if text == "declined")
    );
    assert_eq!(bed.status().await, Some(Status::Completed));
}
