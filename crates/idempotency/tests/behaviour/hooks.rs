//! The hook that sees replayed answers.

use powertools_idempotency::{IdempotencyErrorKind as Kind, ReplayHook, ReplayedRecord, Status};
use serde_json::{Value, json};

use crate::support::{Bed, HOUR, SECONDS, key, own};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[expect(
    clippy::needless_pass_by_value,
    reason = "a hook gets the answer itself"
)]
fn wrap(answer: Value, record: &ReplayedRecord<'_>) -> Result<Value, BoxError> {
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.expiration(), SECONDS + HOUR);
    Ok(json!({"replayed": answer, "key": record.key()}))
}

#[tokio::test]
async fn it_sees_replays_only_and_gives_what_the_caller_gets() {
    let bed = Bed::default();
    let layer = bed.builder().response_hook(wrap).build().unwrap();
    assert_eq!(bed.answer(&layer, json!(1)).await.unwrap(), json!(1));
    let wrapped = json!({"replayed": 1, "key": key(&layer)});
    for _ in 0..2 {
        // What it gives is not stored.
        assert_eq!(bed.next(&layer).await.unwrap(), wrapped);
    }
}

#[tokio::test]
async fn it_sees_falsy_answers_too() {
    for answer in [
        json!(null),
        json!(0),
        json!(false),
        json!(""),
        json!([]),
        json!({}),
    ] {
        let bed = Bed::default();
        let layer = bed.builder().response_hook(wrap).build().unwrap();
        bed.answer(&layer, answer.clone()).await.unwrap();
        assert_eq!(bed.next(&layer).await.unwrap()["replayed"], answer);
    }
}

#[tokio::test]
async fn its_error_is_what_the_caller_gets_and_the_answer_stays() {
    let bed = Bed::default();
    let fails = |_: Value, _: &ReplayedRecord<'_>| Err::<Value, BoxError>("no".into());
    let layer = bed.builder().response_hook(fails).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    let error = own(bed.next(&layer).await);
    assert_eq!(error.kind(), Kind::Hook);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "no");
    assert_eq!(bed.next(&bed.layer()).await.unwrap(), json!(1));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn its_panic_goes_on_and_the_answer_stays() {
    let bed = Bed::default();
    let panics = |_: Value, _: &ReplayedRecord<'_>| -> Result<Value, BoxError> { panic!() };
    let layer = bed.builder().response_hook(panics).build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    crate::support::caught(bed.next(&layer)).await.unwrap_err();
    crate::support::background().await;
    assert_eq!(bed.next(&bed.layer()).await.unwrap(), json!(1));
}

#[tokio::test]
async fn it_is_not_asked_when_a_running_call_refuses() {
    let bed = Bed::default();
    let layer = bed.builder().response_hook(wrap).build().unwrap();
    bed.running_elsewhere(&key(&layer), crate::support::secs(9));
    assert!(own(bed.next(&layer).await).is_in_progress());
}

/// A hook that is a type.
struct Counted(crate::support::Runs);

impl ReplayHook<Value> for Counted {
    fn replay(&self, answer: Value, _record: &ReplayedRecord<'_>) -> Result<Value, BoxError> {
        self.0.add();
        Ok(answer)
    }
}

#[tokio::test]
async fn it_is_called_once_for_each_replay() {
    let bed = Bed::default();
    let seen = crate::support::Runs::default();
    let hook = Counted(seen.clone());
    let layer = bed.builder().replay_hook(hook).build().unwrap();
    for calls in 0..4 {
        assert_eq!(seen.count(), usize::max(calls, 1) - 1);
        bed.answer(&layer, json!(1)).await.unwrap();
    }
}
