//! Answers that are larger than the store takes.

use powertools_idempotency::{
    Answer, IdempotencyErrorKind as Kind, ReplayedRecord, Status, TooLarge,
};
use serde_json::{Value, json};

use crate::support::{Bed, Op, background, kind, ms, own, secs};

fn large() -> Value {
    json!("x".repeat(100))
}

fn limited() -> Bed {
    let bed = Bed::default();
    bed.store.limit(100);
    bed
}

#[tokio::test]
async fn it_is_an_error_by_default_and_the_record_stays_until_its_lease_is_over() {
    let bed = limited();
    let layer = bed.layer();
    let error = own(bed.answer(&layer, large()).await);
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.has_run());
    background().await;
    assert_eq!(bed.store.calls(), [Op::Claim], "found before the write");
    assert_eq!(bed.status().await, Some(Status::InProgress));
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(secs(15 * 60) + ms(1));
    bed.next(&layer).await.unwrap();
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
async fn an_error_that_is_too_large_is_refused_by_the_store_alone() {
    let bed = limited();
    let layer = bed.builder().final_errors(|_: &String| true);
    let layer = layer.build().unwrap();
    bed.store.fail(
        Op::Complete,
        powertools_idempotency::StoreErrorKind::TooLarge,
    );
    let error = bed.fail(&layer, "declined").await;
    assert_eq!(kind(error), Kind::Complete);
}
