//! What happens to a call, and what becomes of its record.

use powertools_idempotency::{AfterTimeout, Answer, IdempotencyErrorKind, Status, StoredRecord};
use serde_json::json;

use crate::support::{
    Bed, Fault, HOUR, LEASE, MILLIS, Op, SECONDS, inner, key, kind, ms, own, secs,
};

#[tokio::test]
async fn without_a_record_the_handler_runs() {
    let bed = Bed::default();
    let answer = bed.answer(&bed.layer(), json!(1)).await;
    assert_eq!(answer.unwrap(), json!(1));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn a_repeated_call_gets_the_stored_answer_and_the_handler_does_not_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!({"first": 1})).await.unwrap();
    let again = bed.next(&layer).await.unwrap();
    assert_eq!(again, json!({"first": 1}));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn an_expired_record_lets_the_handler_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!(1)).await.unwrap();
    // Up to and in the last second.
    bed.clock.advance(secs(3600) + ms(499));
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    bed.clock.advance(ms(1));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn a_running_call_is_an_error_with_its_record() {
    let bed = Bed::default();
    let layer = bed.layer();
    let running = bed.running_elsewhere(&key(&layer), secs(10));
    let error = own(bed.next(&layer).await);
    assert!(error.is_in_progress());
    assert_eq!(error.record(), Some(&running));
    assert_eq!(error.key(), Some(key(&layer).as_str()));
    assert_eq!(bed.record().await, running, "it is left alone");
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_call_whose_time_is_over_lets_the_handler_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(10));
    bed.clock.advance(secs(10));
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(ms(1));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn an_answer_completes_the_record() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!({"a": 1})).await.unwrap();
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.expiration(), SECONDS + HOUR);
    assert_eq!(record.in_progress_expiration(), Some(MILLIS + LEASE));
    let Some(Answer::Response(json)) = record.answer() else {
        panic!("{record:?}");
    };
    assert_eq!(json.parse::<serde_json::Value>().unwrap(), json!({"a": 1}));
    assert_eq!(bed.store.records.keys(), [key(&layer)]);
}

#[tokio::test]
async fn the_record_of_a_running_call_has_a_lease_and_an_owner_and_no_answer() {
    let bed = Bed::default();
    let records = bed.store.clone();
    let looks = move || {
        let records = records.clone();
        async move {
            let record = records.only().await.unwrap();
            assert_eq!(record.status(), Status::InProgress);
            assert_eq!(record.in_progress_expiration(), Some(MILLIS + LEASE));
            assert_eq!(record.answer(), None);
            let owner = record.owner().unwrap();
            assert!(owner.len() == 32 && owner.bytes().all(|b| b.is_ascii_hexdigit()));
            Ok(json!(owner))
        }
    };
    let owner = bed.call(&bed.layer(), looks).await.unwrap();
    assert_eq!(bed.record().await.owner(), owner.as_str(), "it is kept");
}

#[tokio::test]
async fn an_error_deletes_the_record_so_that_a_retry_runs() {
    let bed = Bed::default();
    let layer = bed.layer();
    assert_eq!(inner(bed.fail(&layer, "declined").await), "declined");
    assert_eq!(bed.status().await, None);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn an_error_deletes_the_record_whatever_happens_after_a_time_out() {
    for policy in [AfterTimeout::Hold(secs(9)), AfterTimeout::NeverRetry] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        inner(bed.fail(&layer, "declined").await);
        assert_eq!(bed.status().await, None, "{policy:?}");
    }
}

#[tokio::test]
async fn a_killed_call_is_left_to_its_lease() {
    let bed = Bed::default();
    let layer = bed.layer();
    let killed = bed.running_elsewhere(&key(&layer), secs(3));
    bed.clock.advance(secs(2));
    assert!(own(bed.next(&layer).await).is_in_progress());
    assert_eq!(bed.record().await, killed);
    bed.clock.advance(secs(2));
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn a_new_key_costs_two_writes_and_no_read_and_a_duplicate_one_write_that_is_refused() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete]);
    bed.next(&layer).await.unwrap();
    assert_eq!(bed.store.calls(), [Op::Claim]);
    bed.running_elsewhere(&key(&layer), secs(9));
    own(bed.next(&layer).await);
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn a_completed_record_is_replayed_whoever_wrote_it() {
    let bed = Bed::default();
    let layer = bed.layer();
    // As in Python: no mark, no lease.
    let python = StoredRecord::new(Status::Completed, SECONDS + 1).with_answer(Answer::Response(
        "{\"b\": [1, 2.0], \"a\": \"h\\u00e9\"}".into(),
    ));
    bed.store.records.insert(key(&layer), python);
    let answer = bed.next(&layer).await.unwrap();
    assert_eq!(answer, json!({"b": [1, 2.0], "a": "hé"}));
}

#[tokio::test]
async fn a_record_that_changes_each_time_it_is_looked_at_is_an_error_after_three_looks() {
    let bed = Bed::default();
    for _ in 0..3 {
        // It refuses, and then there is nothing.
        bed.store.next(Op::Claim, Fault::Refuses);
    }
    let found = kind(bed.next(&bed.layer()).await);
    assert_eq!(found, IdempotencyErrorKind::InconsistentState);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Get].repeat(3));
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_record_that_changes_twice_is_no_error() {
    let bed = Bed::default();
    for _ in 0..2 {
        bed.store.next(Op::Claim, Fault::Refuses);
    }
    bed.next(&bed.layer()).await.unwrap();
}

#[tokio::test]
async fn a_store_that_does_not_tell_what_it_refused_for_is_read() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!(1)).await.unwrap();
    bed.store.calls();
    bed.store.next(Op::Claim, Fault::RefusesBare);
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Get]);
}
