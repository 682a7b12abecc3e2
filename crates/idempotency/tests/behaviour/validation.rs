//! What must not change while the key stays the same.

use powertools_idempotency::{IdempotencyLayer, Status};
use serde_json::json;

use crate::support::{Bed, TestStore, event_of, ms, own, secs};

fn validated(bed: &Bed) -> IdempotencyLayer<TestStore> {
    let builder = bed.builder().key("id").payload_validation("amount");
    builder.build().unwrap()
}

fn amount(amount: i32) -> lambda_runtime::LambdaEvent<serde_json::Value> {
    event_of(json!({"id": "k", "amount": amount}))
}

#[tokio::test]
async fn the_same_key_with_another_payload_is_an_error() {
    let bed = Bed::default();
    let layer = validated(&bed);
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    let completed = bed.record().await;
    let error = own(bed.answer_to(&layer, amount(2), json!(2)).await);
    assert!(error.is_payload_mismatch());
    assert_eq!(error.record(), Some(&completed));
    assert_eq!(
        error.key(),
        bed.store.records.keys().first().map(String::as_str)
    );
    assert_eq!(bed.record().await, completed, "it is left alone");
    let again = bed.answer_to(&layer, amount(1), json!(3)).await;
    assert_eq!(again.unwrap(), json!(1));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn it_is_one_even_while_the_first_call_runs() {
    let bed = Bed::default();
    let layer = validated(&bed);
    let inner = layer.clone();
    let nested = Bed {
        store: bed.store.clone(),
        ..Bed::default()
    };
    let nested = std::sync::Arc::new(nested);
    let duplicates = move || {
        let (inner, nested) = (inner.clone(), std::sync::Arc::clone(&nested));
        async move {
            let other = own(nested.answer_to(&inner, amount(2), json!(2)).await);
            assert!(other.is_payload_mismatch());
            assert_eq!(other.record().unwrap().status(), Status::InProgress);
            let same = own(nested.answer_to(&inner, amount(1), json!(2)).await);
            assert!(same.is_in_progress());
            Ok(json!(1))
        }
    };
    bed.call_with(&layer, amount(1), duplicates).await.unwrap();
    assert_eq!(bed.status().await, Some(Status::Completed));
}

#[tokio::test]
async fn what_is_not_selected_may_change() {
    let bed = Bed::default();
    let layer = validated(&bed);
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    let other = event_of(json!({"id": "k", "amount": 1, "time": 2}));
    let again = bed.answer_to(&layer, other, json!(2)).await;
    assert_eq!(again.unwrap(), json!(1));
}

#[tokio::test]
async fn nothing_is_compared_by_default() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    let again = bed.answer_to(&layer, amount(2), json!(2)).await;
    assert_eq!(again.unwrap(), json!(1));
}

#[tokio::test]
async fn a_record_that_was_written_without_it_is_another_payload() {
    let bed = Bed::default();
    let plain = bed.builder().key("id").build().unwrap();
    bed.answer_to(&plain, amount(1), json!(1)).await.unwrap();
    let answer = bed.answer_to(&validated(&bed), amount(1), json!(2)).await;
    assert!(own(answer).is_payload_mismatch());
}

#[tokio::test]
async fn what_is_selected_may_be_missing_and_then_stays_so() {
    let bed = Bed::default();
    let layer = validated(&bed);
    let none = || event_of(json!({"id": "k"}));
    bed.answer_to(&layer, none(), json!(1)).await.unwrap();
    let again = bed.answer_to(&layer, none(), json!(2)).await;
    assert_eq!(again.unwrap(), json!(1));
    let answer = bed.answer_to(&layer, amount(0), json!(3)).await;
    assert!(own(answer).is_payload_mismatch());
}

#[tokio::test]
async fn once_the_lease_is_over_a_changed_payload_is_still_an_error_but_may_claim() {
    let bed = Bed::default();
    let layer = validated(&bed);
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    let key = bed.store.records.keys().pop().unwrap();
    let hash = bed.record().await.payload_hash().unwrap().to_owned();
    let running = bed.running_elsewhere(&key, secs(1)).with_payload_hash(hash);
    bed.store.records.insert(key, running);
    let other = bed.answer_to(&layer, amount(2), json!(2)).await;
    assert!(own(other).is_payload_mismatch());
    // The store lets a claim take the place of what is over, whatever its payload was.
    bed.clock.advance(secs(1) + ms(1));
    let other = bed.answer_to(&layer, amount(2), json!(2)).await;
    assert_eq!(other.unwrap(), json!(2));
}

#[tokio::test]
async fn the_hash_stays_in_the_completed_record() {
    let bed = Bed::default();
    let layer = validated(&bed);
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    assert!(bed.record().await.payload_hash().is_some());
    let plain = Bed::default();
    plain.answer(&plain.layer(), json!(1)).await.unwrap();
    assert_eq!(plain.record().await.payload_hash(), None);
}
