//! Durable functions, which run once more over what they have done.

use lambda_runtime::LambdaEvent;
use powertools_core::{InvocationRequest, test_util::TestContext};
use powertools_idempotency::{
    Answer, Durable, IdempotencyLayer, Lease, Status, StoredRecord, idempotent,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    Answered, Bed, HOUR, MILLIS, Op, SECONDS, TestStore, background, event, key, own, secs,
};

async fn call(
    bed: &Bed,
    layer: &IdempotencyLayer<TestStore>,
    replays: bool,
    answer: Result<Value, String>,
) -> Answered {
    let runs = bed.runs.clone();
    let handler = service_fn(move |event: Durable<LambdaEvent<Value>>| {
        runs.add();
        assert_eq!(event.replays(), replays);
        let answer = answer.clone();
        async { answer }
    });
    layer
        .layer(handler)
        .oneshot(Durable::new(event(), replays))
        .await
}

#[tokio::test]
async fn in_a_replay_a_running_call_goes_on_under_its_own_mark() {
    let bed = Bed::default();
    let layer = bed.layer();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    let answer = call(&bed, &layer, true, Ok(json!("done"))).await;
    assert_eq!(answer.unwrap(), json!("done"));
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.owner(), running.owner());
}

#[tokio::test]
async fn outside_of_a_replay_it_is_refused() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    let answer = call(&bed, &layer, false, Ok(json!("done"))).await;
    assert!(own(answer).is_in_progress());
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_completed_one_is_replayed_as_ever() {
    let bed = Bed::default();
    let layer = bed.layer();
    for replays in [false, true, true] {
        let answer = call(&bed, &layer, replays, Ok(json!(replays))).await;
        assert_eq!(answer.unwrap(), json!(false));
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn a_replay_without_a_record_claims_as_ever() {
    let bed = Bed::default();
    let layer = bed.layer();
    call(&bed, &layer, true, Ok(json!(1))).await.unwrap();
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete]);
}

#[tokio::test]
async fn a_replay_that_fails_deletes_the_record() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    let failed = call(&bed, &layer, true, Err("declined".to_owned())).await;
    assert_eq!(crate::support::inner(failed), "declined");
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn a_record_of_another_language_is_gone_on_with_and_completed_without_a_mark() {
    let bed = Bed::default();
    let layer = bed.layer();
    let theirs = StoredRecord::new(Status::InProgress, SECONDS + HOUR);
    bed.store.records.insert(key(&layer), theirs);
    let handler = service_fn(|_: Durable<LambdaEvent<Value>>| async {
        let lease = Lease::current().unwrap();
        assert_eq!(lease.owner(), None);
        assert_eq!(lease.ends_at(), None);
        assert!(lease.is_live());
        Ok::<_, String>(json!("done"))
    });
    let request = Durable::new(event(), true);
    layer.layer(handler).oneshot(request).await.unwrap();
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.owner(), None);
}

#[tokio::test]
async fn a_replay_that_is_dropped_releases_the_record_it_goes_on_with() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    let hangs = service_fn(|_: Durable<LambdaEvent<Value>>| {
        std::future::pending::<Result<Value, String>>()
    });
    let call = layer.layer(hangs).oneshot(Durable::new(event(), true));
    crate::support::drop_pending(call).await;
    background().await;
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn a_replay_whose_lease_is_over_claims_anew() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    bed.clock.advance(secs(10));
    call(&bed, &layer, true, Ok(json!(1))).await.unwrap();
    assert_ne!(bed.record().await.owner(), Some("somebody else"));
}

#[tokio::test]
async fn a_replay_is_validated() {
    let bed = Bed::default();
    let layer = bed.builder().payload_validation("id").build().unwrap();
    let completed = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("1".into()))
        .with_payload_hash("another");
    bed.store.records.insert(key(&layer), completed);
    let answer = call(&bed, &layer, true, Ok(json!(1))).await;
    assert!(own(answer).is_payload_mismatch());
}

#[tokio::test]
async fn it_is_the_request_it_wraps() {
    let mut durable = Durable::new(TestContext::new("r").event(json!(1)), true);
    assert_eq!(durable.lambda_context().unwrap().request_id, "r");
    assert_eq!(durable.payload, json!(1));
    durable.payload = json!(2);
    assert_eq!(durable.into_inner().payload, json!(2));
}

/// A replay and the call it replays are both at it: the other one has an answer by now.
async fn overtaken(theirs: StoredRecord, mine: Result<Value, String>) -> (Bed, Answered) {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.records.insert(key(&layer), theirs.clone());
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let done = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("\"first\"".into()))
        .with_in_progress_expiration(theirs.in_progress_expiration());
    let done = match theirs.owner() {
        Some(owner) => done.with_owner(owner),
        None => done,
    };
    let handler = service_fn(move |_: Durable<LambdaEvent<Value>>| {
        records.insert(key.clone(), done.clone());
        let mine = mine.clone();
        async { mine }
    });
    let request = Durable::new(event(), true);
    let answered = layer.layer(handler).oneshot(request).await;
    assert_eq!(bed.next(&layer).await.unwrap(), json!("first"));
    assert_eq!(bed.status().await, Some(Status::Completed));
    assert_eq!(bed.runs.count(), 0);
    (bed, answered)
}

/// One with a mark, and two of other languages.
fn running() -> [StoredRecord; 3] {
    let record = StoredRecord::new(Status::InProgress, SECONDS + HOUR);
    let leased = record.clone().with_in_progress_expiration(MILLIS + 9000);
    [leased.clone().with_owner("mark"), leased, record]
}

#[tokio::test]
async fn an_answer_that_was_kept_meanwhile_is_not_overwritten_under_the_same_mark() {
    for theirs in running() {
        let (bed, answered) = overtaken(theirs, Ok(json!("second"))).await;
        assert!(own(answered).is_lease_lost());
        assert_eq!(bed.store.calls()[..2], [Op::Claim, Op::Complete]);
    }
}

#[tokio::test]
async fn an_answer_that_was_kept_meanwhile_is_not_deleted_under_the_same_mark() {
    for theirs in running() {
        let (bed, answered) = overtaken(theirs, Err("declined".to_owned())).await;
        assert_eq!(crate::support::inner(answered), "declined");
        assert_eq!(bed.store.calls()[..2], [Op::Claim, Op::Release]);
    }
}

#[tokio::test]
async fn the_same_answer_under_the_same_mark_is_kept_once_more() {
    for theirs in running() {
        let (_, answered) = overtaken(theirs, Ok(json!("first"))).await;
        assert_eq!(answered.unwrap(), json!("first"));
    }
}

#[tokio::test]
async fn a_record_of_another_language_is_known_by_the_end_of_its_lease() {
    let [_, theirs, _] = running();
    let successor = theirs.clone().with_in_progress_expiration(MILLIS + 9001);
    for answer in [Ok(json!("late")), Err("declined".to_owned())] {
        let bed = Bed::default();
        let layer = bed.layer();
        bed.store.records.insert(key(&layer), theirs.clone());
        let (records, key) = (bed.store.records.clone(), key(&layer));
        let taken_over = (successor.clone(), answer.clone());
        let handler = service_fn(move |_: Durable<LambdaEvent<Value>>| {
            let (successor, answer) = taken_over.clone();
            records.insert(key.clone(), successor);
            async { answer }
        });
        let request = Durable::new(event(), true);
        let answered = layer.layer(handler).oneshot(request).await;
        match answer {
            Ok(_) => assert!(own(answered).is_lease_lost()),
            Err(error) => assert_eq!(crate::support::inner(answered), error),
        }
        assert_eq!(bed.record().await, successor);
    }
}

#[tokio::test]
async fn for_a_function_it_is_a_switch_of_the_config() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let key = config.key_of(&"k").unwrap().unwrap();
    let running = bed.running_elsewhere(&key, secs(9));
    let run = || async { Ok::<_, String>("done".to_owned()) };
    let refused = idempotent(&config, &"k", run).await;
    assert!(own(refused).is_in_progress());
    let off = idempotent(&config.durable_replay(false), &"k", run).await;
    assert!(own(off).is_in_progress());
    let replay = config.durable_replay(true);
    let answer = idempotent(&replay, &"k", run).await;
    assert_eq!(answer.unwrap(), "done");
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.owner(), running.owner());
    // The config itself is as it was, and a switch can be set back.
    bed.running_elsewhere(&key, secs(9));
    for config in [config, replay.durable_replay(false)] {
        let refused = idempotent(&config, &"k", run).await;
        assert!(own(refused).is_in_progress());
    }
}

#[tokio::test]
async fn a_layer_of_such_a_config_replays_too() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let layer = IdempotencyLayer::new(config.durable_replay(true));
    bed.running_elsewhere(&key(&layer), secs(9));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}
