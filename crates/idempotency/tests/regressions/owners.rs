//! Records that stuck, or were taken from their owner.

use std::future::pending;

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_idempotency::{
    AfterTimeout, Answer, IdempotencyErrorKind as Kind, Status, StoredRecord, idempotent,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    self, Bed, Fault, HOUR, MILLIS, Op, SECONDS, background, event, key, kill, kind, moment, ms,
    own, secs,
};

// 4, I3: a rejected duplicate deleted the lock of the owner.

#[tokio::test]
async fn a_rejected_duplicate_does_not_delete_the_owners_record() {
    let bed = Bed::default();
    let layer = bed.layer();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    for _ in 0..3 {
        assert!(own(bed.next(&layer).await).is_in_progress());
        background().await;
        assert_eq!(bed.record().await, running);
    }
    assert!(!bed.store.calls().contains(&Op::Release));
}

#[tokio::test]
async fn a_duplicate_with_another_payload_does_not_delete_the_owners_record() {
    let bed = Bed::default();
    let layer = bed.builder().payload_validation("id").build().unwrap();
    let running = bed
        .running_elsewhere(&key(&layer), secs(9))
        .with_payload_hash("other");
    bed.store.records.insert(key(&layer), running.clone());
    assert!(own(bed.next(&layer).await).is_payload_mismatch());
    background().await;
    assert_eq!(bed.record().await, running);
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

// 5, I3: the recovery of an orphan overwrote a finished record.

#[tokio::test]
async fn taking_over_an_orphan_does_not_overwrite_a_record_that_was_finished_meanwhile() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(1));
    bed.clock.advance(secs(2));
    // The owner was late, and completes right before the orphan is claimed.
    let finished = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("\"finished\"".into()))
        .with_owner("somebody else");
    let (records, key, late) = (bed.store.records.clone(), key(&layer), finished.clone());
    bed.store
        .next(Op::Claim, Fault::before(move || records.insert(key, late)));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("finished"));
    assert_eq!(bed.record().await, finished);
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn two_that_take_over_one_orphan_do_not_both_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(1));
    bed.clock.advance(secs(2));
    let runs = bed.runs.clone();
    let hangs = service_fn(move |_: LambdaEvent<Value>| {
        runs.add();
        pending::<Result<Value, String>>()
    });
    let mut first = Box::pin(layer.layer(hangs).oneshot(event()));
    assert!(support::polled(first.as_mut()).await.is_none());
    assert!(own(bed.next(&layer).await).is_in_progress());
    assert_eq!(bed.runs.count(), 1);
}

// 5: a live record was reclaimed.

#[tokio::test]
async fn a_live_record_is_not_reclaimed() {
    let bed = Bed::default();
    let layer = bed.layer();
    for record in [
        StoredRecord::new(Status::InProgress, SECONDS + HOUR),
        StoredRecord::new(Status::InProgress, SECONDS + HOUR).with_in_progress_expiration(MILLIS),
        StoredRecord::new(Status::Completed, SECONDS).with_in_progress_expiration(0),
    ] {
        bed.store.records.insert(key(&layer), record.clone());
        let _ = bed.next(&layer).await;
        assert_eq!(bed.record().await, record);
    }
    assert_eq!(bed.runs.count(), 0);
}

// I3: a call that ran past its time overwrote what its successor had written.

#[tokio::test]
async fn a_call_past_its_time_does_not_overwrite_its_successor() {
    let bed = Bed::default();
    let layer = bed.builder().lease(secs(1)).build().unwrap();
    let (clock, records, key) = (bed.clock.clone(), bed.store.records.clone(), key(&layer));
    let late = move || {
        clock.advance(secs(2));
        let successor = StoredRecord::new(Status::Completed, SECONDS + HOUR)
            .with_answer(Answer::Response("\"successor\"".into()))
            .with_owner("successor");
        records.insert(key.clone(), successor);
        async { Ok(json!("late")) }
    };
    assert_eq!(kind(bed.call(&layer, late).await), Kind::LeaseLost);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("successor"));
}

// 6, I1: a remaining time of zero was taken for none, and the record stuck until it expired.

#[tokio::test]
async fn no_time_left_is_not_a_missing_lease() {
    let bed = Bed::default();
    let layer = bed.builder().key_prefix("outer").build().unwrap();
    let config = bed.builder().build_config().unwrap();
    let (clock, inner) = (bed.clock.clone(), config.clone());
    // The time is over when the function is called, and the process is killed in it.
    let late = move || {
        clock.advance(secs(3));
        let config = inner.clone();
        async move {
            let hangs = || pending::<Result<Value, String>>();
            let mut call = Box::pin(idempotent(&config, &"late", hangs));
            assert!(support::polled(call.as_mut()).await.is_none());
            kill(call);
            Ok(json!(null))
        }
    };
    let event = TestContext::new("r")
        .deadline(moment() + secs(3))
        .event(json!(1));
    bed.call_with(&layer, event, late).await.unwrap();
    bed.clock.advance(ms(1));
    let run = || async { Ok::<_, String>(json!("ran again")) };
    assert_eq!(
        idempotent(&config, &"late", run).await.unwrap(),
        json!("ran again")
    );
}

#[tokio::test]
async fn a_record_is_not_stuck_in_progress_after_a_time_out() {
    let bed = Bed::default();
    let layer = bed.layer();
    let hangs = || pending::<Result<Value, String>>();
    for left in [None, Some(secs(3))] {
        bed.store.records.clear();
        let context = TestContext::new("r");
        let context = match left {
            Some(left) => context.deadline(powertools_core::Clock::now(&bed.clock) + left),
            None => context,
        };
        let event = context.event(json!({"id": "k"}));
        let mut call = Box::pin(bed.call_with(&layer, event, hangs));
        assert!(support::polled(call.as_mut()).await.is_none());
        kill(call);
        assert!(bed.record().await.in_progress_expiration().is_some());
        bed.clock.advance(left.unwrap_or(secs(15 * 60)) + ms(1));
        bed.next(&layer).await.unwrap();
    }
}

// I2: nobody could ask for a call not to be run again after a time-out.

#[tokio::test]
async fn a_call_that_must_not_run_twice_is_not_retried_after_a_time_out() {
    let bed = Bed::default();
    let builder = bed.builder().after_timeout(AfterTimeout::NeverRetry);
    let layer = builder.build().unwrap();
    let hangs = || pending::<Result<Value, String>>();
    support::drop_pending(bed.call(&layer, hangs)).await;
    bed.clock.advance(secs(3600));
    assert!(own(bed.next(&layer).await).is_in_progress());
}
