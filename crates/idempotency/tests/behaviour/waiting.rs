//! A duplicate that waits for the answer of the running call.

use std::{sync::Arc, time::Duration};

use futures_util::future::join;
use lambda_runtime::LambdaEvent;
use powertools_core::{LayerError, test_util::TestContext};
use powertools_idempotency::{
    Answer, IdempotencyBuilder, IdempotencyErrorKind as Kind, IdempotencyLayer, Status,
    StoreErrorKind, StoredRecord, idempotent,
};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::support::{
    Bed, Fault, MILLIS, Op, PausedClock, SECONDS, TestStore, host, inner, key, kind, moment, ms,
    own, secs,
};

/// On tokio's paused time.
fn waiting(bed: &Bed, limit: Duration) -> IdempotencyBuilder<TestStore> {
    let builder = bed.builder().host(host(PausedClock::shared()));
    builder.wait_in_progress(limit)
}

fn running_for(bed: &Bed, layer: &IdempotencyLayer<TestStore>, millis: i64) {
    let record = StoredRecord::new(Status::InProgress, SECONDS + 3600)
        .with_in_progress_expiration(MILLIS + millis)
        .with_owner("owner");
    bed.store.records.insert(key(layer), record);
}

fn completed(json: &str) -> StoredRecord {
    StoredRecord::new(Status::Completed, SECONDS + 3600)
        .with_owner("owner")
        .with_answer(Answer::Response(json.into()))
}

fn until(left: Duration) -> LambdaEvent<Value> {
    let context = TestContext::new("r").deadline(moment() + left);
    context.event(json!({"id": "k"}))
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_by_default() {
    let bed = Bed::default();
    let builder = bed.builder().host(host(PausedClock::shared()));
    let layer = builder.build().unwrap();
    running_for(&bed, &layer, 9000);
    let began = Instant::now();
    assert!(own(bed.next(&layer).await).is_in_progress());
    assert!(began.elapsed().is_zero());
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test(start_paused = true)]
async fn it_gets_the_answer_soon_after_it_is_there() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 30_000);
    let began = Instant::now();
    let completes = async {
        sleep(secs(4)).await;
        let key = key(&layer);
        bed.store.records.insert(key, completed("\"theirs\""));
    };
    let (answer, ()) = join(bed.next(&layer), completes).await;
    assert_eq!(answer.unwrap(), json!("theirs"));
    assert!(
        began.elapsed() <= secs(4) + ms(500),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(bed.runs.count(), 0);
    let calls = bed.store.calls();
    assert_eq!(calls[0], Op::Claim);
    assert!(
        calls[1..].iter().all(|call| *call == Op::Get),
        "it only reads"
    );
    assert!(calls.len() < 16, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_at_the_limit_with_the_error_of_a_running_call() {
    let bed = Bed::default();
    let layer = waiting(&bed, ms(1700)).build().unwrap();
    running_for(&bed, &layer, 30_000);
    let began = Instant::now();
    assert!(own(bed.next(&layer).await).is_in_progress());
    assert_eq!(began.elapsed(), ms(1700));
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_no_more_than_nine_tenths_of_its_own_time() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 50_000);
    let began = Instant::now();
    let answer = bed.answer_to(&layer, until(secs(10)), json!(1)).await;
    assert!(own(answer).is_in_progress());
    assert_eq!(began.elapsed(), secs(9));
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_the_owner_fails_meanwhile() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    let slow = bed.call(&layer, || async {
        sleep(secs(1)).await;
        Err::<Value, _>("declined".to_owned())
    });
    let (owner, waiter) = join(slow, bed.next(&layer)).await;
    assert_eq!(inner(owner), "declined");
    assert_eq!(waiter.unwrap(), json!("ran again"));
    assert_eq!(bed.runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_the_lease_ends_meanwhile() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 3000);
    let began = Instant::now();
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
    let waited = began.elapsed();
    assert!(
        secs(3) < waited && waited <= secs(3) + ms(500),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_told_of_another_payload_at_once() {
    let bed = Bed::default();
    let builder = waiting(&bed, secs(60)).key("id");
    let layer = builder.payload_validation("amount").build().unwrap();
    bed.next(&layer).await.unwrap();
    let record = StoredRecord::new(Status::InProgress, SECONDS + 3600)
        .with_in_progress_expiration(MILLIS + 9000)
        .with_payload_hash("another");
    let key = bed.store.records.keys().pop().unwrap();
    bed.store.records.insert(key, record);
    let began = Instant::now();
    assert!(own(bed.next(&layer).await).is_payload_mismatch());
    assert!(began.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_meanwhile_does_not_end_it() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 30_000);
    for kind in [StoreErrorKind::Throttled, StoreErrorKind::Unavailable].repeat(2) {
        bed.store.fail(Op::Get, kind);
    }
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let completes = move || records.insert(key, completed("\"theirs\""));
    bed.store.next(Op::Get, Fault::before(completes));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("theirs"));
    assert_eq!(bed.runs.count(), 0);
    let mut calls = vec![Op::Claim];
    calls.extend([Op::Get; 5]);
    assert_eq!(bed.store.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_up_to_the_limit_is_the_error_of_the_read() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(2)).build().unwrap();
    running_for(&bed, &layer, 30_000);
    let owner = bed.record().await;
    for _ in 0..32 {
        bed.store.fail(Op::Get, StoreErrorKind::Throttled);
    }
    let began = Instant::now();
    assert_eq!(kind(bed.next(&layer).await), Kind::Read);
    assert_eq!(began.elapsed(), secs(2));
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.record().await, owner, "its release is fenced");
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_a_read_that_fails_is_not_repeated() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 30_000);
    bed.store.next(Op::Claim, Fault::RefusesBare);
    bed.store.fail(Op::Get, StoreErrorKind::Throttled);
    let began = Instant::now();
    assert_eq!(kind(bed.next(&layer).await), Kind::Read);
    assert!(began.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn nine_tenths_are_taken_once_however_often_it_meets_a_running_call() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 5_000);
    // Its successor claims before us, and runs on.
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let next = StoredRecord::new(Status::InProgress, SECONDS + 3600)
        .with_in_progress_expiration(MILLIS + 50_000)
        .with_owner("next");
    bed.store.next(Op::Claim, Fault::before(|| ()));
    let claims = Fault::before(move || records.insert(key, next));
    bed.store.next(Op::Claim, claims);
    let began = Instant::now();
    let answer = bed.answer_to(&layer, until(secs(10)), json!(1)).await;
    assert!(own(answer).is_in_progress());
    assert_eq!(began.elapsed(), secs(9));
}

/// Calls by `idempotent` inside of a call with the key `k`, and gives what that met.
async fn nested(bed: &Bed, between: bool) -> Duration {
    let config = waiting(bed, secs(60)).build_config().unwrap();
    let began = Instant::now();
    let innermost = || async {
        let run = || async { Ok::<_, String>(1) };
        assert!(own(idempotent(&config, &"k", run).await).is_in_progress());
        Ok::<_, String>(2)
    };
    let run = || async {
        match between {
            true => idempotent(&config, &"another", innermost).await,
            false => innermost().await.map_err(LayerError::Inner),
        }
        .map_err(|error| error.to_string())
    };
    assert_eq!(idempotent(&config, &"k", run).await.unwrap(), 2);
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_call_inside_of_the_one_that_holds_its_key_is_refused_at_once() {
    for between in [false, true] {
        assert!(nested(&Bed::default(), between).await.is_zero());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_inside_of_one_with_another_key_waits() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(2)).build().unwrap();
    let config = layer.config().clone();
    running_for(&bed, &layer, 30_000);
    let began = Instant::now();
    let run = || async {
        let run = || async { Ok::<_, String>(json!(1)) };
        let answer = idempotent(&config, &json!({"id": "k"}), run).await;
        assert!(own(answer).is_in_progress());
        Ok::<_, String>(2)
    };
    idempotent(layer.config(), &"outer", run).await.unwrap();
    assert_eq!(began.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_back_does_not_prolong_it() {
    // The wall clock stands still, and so does the lease.
    let bed = Bed::default();
    let clock = WallJumps::default();
    let shared = powertools_core::SharedClock::new(clock);
    let builder = bed.builder().host(host(shared));
    let layer = builder.wait_in_progress(secs(2)).build().unwrap();
    running_for(&bed, &layer, 1_000);
    let began = Instant::now();
    assert!(own(bed.next(&layer).await).is_in_progress());
    assert_eq!(began.elapsed(), secs(2));
}

/// A wall clock that goes back a second with each look.
#[derive(Default)]
struct WallJumps(std::sync::atomic::AtomicU32);

impl powertools_core::Clock for WallJumps {
    fn now(&self) -> std::time::SystemTime {
        let looks = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        moment() - secs(u64::from(looks))
    }

    fn instant(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

#[tokio::test(start_paused = true)]
async fn many_that_wait_get_one_answer() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    let go = Arc::new(Notify::new());
    let owner = {
        let go = Arc::clone(&go);
        bed.call(&layer, move || {
            let go = Arc::clone(&go);
            async move {
                go.notified().await;
                Ok(json!("once"))
            }
        })
    };
    let waiters = async {
        let calls = (0..32).map(|_| bed.next(&layer));
        let waiters = futures_util::future::join_all(calls);
        let goes = async {
            sleep(secs(2)).await;
            go.notify_one();
        };
        join(waiters, goes).await.0
    };
    let (owner, waiters) = join(owner, waiters).await;
    assert_eq!(owner.unwrap(), json!("once"));
    for waiter in waiters {
        assert_eq!(waiter.unwrap(), json!("once"));
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_waits_on_when_one_owner_after_the_other_fails() {
    let bed = Bed::default();
    let layer = waiting(&bed, secs(60)).build().unwrap();
    running_for(&bed, &layer, 50_000);
    for _ in 0..5 {
        // The owner has failed, and the next one is there before us.
        let records = bed.store.records.clone();
        bed.store
            .next(Op::Get, Fault::before(move || records.clear()));
        let (records, key) = (bed.store.records.clone(), key(&layer));
        let running = StoredRecord::new(Status::InProgress, SECONDS + 3600)
            .with_in_progress_expiration(MILLIS + 50_000)
            .with_owner("next");
        let claims = Fault::before(move || records.insert(key, running));
        bed.store.next(Op::Claim, claims);
    }
    // The first is our own.
    let records = bed.store.records.clone();
    bed.store
        .next(Op::Get, Fault::before(move || records.clear()));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}
