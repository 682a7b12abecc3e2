//! A panic goes on, and lets the call run again.

use std::{
    future::{Ready, poll_fn},
    task::{Context, Poll},
};

use lambda_runtime::LambdaEvent;
use powertools_idempotency::{AfterTimeout, Status, StoreErrorKind};
use serde_json::{Value, json};
use tower::{Layer, Service};

use crate::support::{Bed, Logs, MILLIS, Op, background, caught, event, ms, own, secs};

/// Panics in `call`, before there is a future.
#[derive(Clone)]
struct PanicsInCall;

impl Service<LambdaEvent<Value>> for PanicsInCall {
    type Response = Value;
    type Error = String;
    type Future = Ready<Result<Value, String>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _event: LambdaEvent<Value>) -> Self::Future {
        panic!("on purpose")
    }
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap()
}

#[tokio::test]
async fn a_panic_in_call_deletes_the_record_before_it_goes_on() {
    let bed = Bed::default();
    let layer = bed.layer();
    let mut service = layer.layer(PanicsInCall);
    let panic = caught(service.call(event())).await.unwrap_err();
    assert_eq!(text(&*panic), "on purpose");
    // Without a turn of the background.
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
    assert_eq!(bed.status().await, None);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn a_panic_in_poll_deletes_the_record_before_it_goes_on_whatever_the_policy() {
    for policy in [
        AfterTimeout::Retry,
        AfterTimeout::Hold(secs(9)),
        AfterTimeout::NeverRetry,
    ] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        let panics = || {
            let mut polls = 0;
            poll_fn(move |cx| {
                polls += 1;
                assert!(polls < 3, "on purpose");
                cx.waker().wake_by_ref();
                Poll::<Result<Value, String>>::Pending
            })
        };
        caught(bed.call(&layer, panics)).await.unwrap_err();
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Release], "{policy:?}");
        assert_eq!(bed.status().await, None, "{policy:?}");
    }
}

/// Panics where it is written.
#[derive(serde::Deserialize)]
struct PanicsInSerialize;

impl serde::Serialize for PanicsInSerialize {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn a_panic_of_what_writes_the_answer_goes_on_and_leaves_the_record_to_its_lease() {
    for policy in [
        AfterTimeout::Retry,
        AfterTimeout::Hold(secs(9)),
        AfterTimeout::NeverRetry,
    ] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        let answers = || async { Ok(PanicsInSerialize) };
        let panic = caught(bed.call(&layer, answers)).await.map(drop);
        assert_eq!(text(&*panic.unwrap_err()), "on purpose");
        background().await;
        // The function has answered: what it did is done.
        assert_eq!(bed.store.calls(), [Op::Claim], "{policy:?}");
        let record = bed.record().await;
        assert_eq!(record.status(), Status::InProgress, "{policy:?}");
        let end = record.in_progress_expiration().unwrap();
        let left = u64::try_from(end - MILLIS).unwrap();
        bed.clock.advance(ms(left));
        assert!(own(bed.next(&layer).await).is_in_progress(), "{policy:?}");
        bed.clock.advance(ms(1));
        bed.next(&layer).await.unwrap();
        assert_eq!(bed.runs.count(), 2);
    }
}

#[tokio::test]
async fn a_panic_of_a_call_without_a_key_goes_on() {
    let bed = Bed::default();
    let layer = bed.builder().key("nothing").build().unwrap();
    let mut service = layer.layer(PanicsInCall);
    caught(service.call(event())).await.unwrap_err();
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn a_panic_whose_record_cannot_be_deleted_goes_on_and_warns() {
    let logs = Logs::install();
    let bed = Bed::default();
    bed.store.fail(Op::Release, StoreErrorKind::Throttled);
    let mut service = bed.layer().layer(PanicsInCall);
    let panic = caught(service.call(event())).await.unwrap_err();
    assert_eq!(text(&*panic), "on purpose");
    background().await;
    assert_eq!(bed.status().await, Some(Status::InProgress));
    let [warning] = logs.warnings().try_into().unwrap();
    assert!(warning.contains("left to its lease"), "{warning}");
}

#[tokio::test]
async fn a_panic_of_a_call_that_was_taken_over_leaves_its_successor_alone() {
    let bed = Bed::default();
    let layer = bed.layer();
    let (records, key) = (bed.store.records.clone(), crate::support::key(&layer));
    let successor = bed.running_elsewhere("other", secs(9));
    bed.store.records.clear();
    let theirs = successor.clone();
    let panics = move || {
        records.insert(key.clone(), theirs.clone());
        async { panic!("on purpose") as Result<Value, String> }
    };
    caught(bed.call(&layer, panics)).await.unwrap_err();
    background().await;
    assert_eq!(bed.record().await, successor);
}
