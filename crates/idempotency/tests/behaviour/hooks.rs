//! The hook that sees replayed answers.

use powertools_idempotency::{
    IdempotencyErrorKind as Kind, IdempotencyLayer, ReplayHook, ReplayedRecord, Status,
};
use serde_json::{Value, json};

use crate::support::{Bed, HOUR, SECONDS, TestStore, key, own};

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

#[tokio::test]
async fn a_closure_needs_the_type_of_the_answer_alone() {
    let bed = Bed::default();
    let builder = bed.builder();
    let builder = builder.response_hook(|res: Value, record| Ok(json!([res, record.key()])));
    let layer = builder.build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!([1, key(&layer)]));
    let layer = bed.builder().response_hook(|res: Value, _| Ok(res));
    assert_eq!(bed.next(&layer.build().unwrap()).await.unwrap(), json!(1));
}

#[tokio::test]
async fn several_see_it_one_after_the_other_and_one_that_fails_ends_it() {
    let bed = Bed::default();
    let last = crate::support::Runs::default();
    let seen = last.clone();
    let builder = bed
        .builder()
        .response_hook(|res: Value, _| Ok(json!(["first", res])))
        .response_hook(|res: Value, _| match res[1] == json!("bad") {
            true => Err("no".into()),
            false => Ok(json!(["second", res])),
        })
        .response_hook(move |res: Value, _| {
            seen.add();
            Ok(json!(["third", res]))
        });
    let layer = builder.build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    let expected = json!(["third", ["second", ["first", 1]]]);
    assert_eq!(bed.next(&layer).await.unwrap(), expected);
    bed.store.records.clear();
    bed.answer(&layer, json!("bad")).await.unwrap();
    assert_eq!(own(bed.next(&layer).await).kind(), Kind::Hook);
    assert_eq!(last.count(), 1);
}

#[tokio::test]
async fn the_answer_in_the_place_of_one_stays_wherever_it_was_set() {
    let bed = Bed::default();
    bed.store.limit(8);
    let omitted = |_: &ReplayedRecord<'_>| json!("none");
    let hook = |res: Value, _: &ReplayedRecord<'_>| Ok(json!([res]));
    let before = bed.builder().omitted_response(omitted).response_hook(hook);
    omitted_is_kept(&bed, &before.build().unwrap()).await;
    let after = bed.builder().response_hook(hook).omitted_response(omitted);
    omitted_is_kept(&bed, &after.build().unwrap()).await;
}

async fn omitted_is_kept<H>(bed: &Bed, layer: &IdempotencyLayer<TestStore, H>)
where
    H: ReplayHook<Value>,
{
    bed.store.records.clear();
    bed.answer(layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(layer).await.unwrap(), json!([1]));
    bed.store.records.clear();
    own(bed.answer(layer, json!("too large")).await);
    // The hook does not see it: it was not stored.
    assert_eq!(bed.next(layer).await.unwrap(), json!("none"));
}

#[tokio::test]
async fn a_hook_that_is_a_type_replaces_what_was_set() {
    let bed = Bed::default();
    bed.store.limit(8);
    let seen = crate::support::Runs::default();
    let closure = |_: Value, _: &ReplayedRecord<'_>| -> Result<Value, BoxError> { panic!() };
    let builder = bed
        .builder()
        .response_hook(closure)
        .omitted_response(|_: &ReplayedRecord<'_>| json!("none"))
        .replay_hook(Counted(seen.clone()));
    let layer = builder.build().unwrap();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    assert_eq!(seen.count(), 1);
    bed.store.records.clear();
    own(bed.answer(&layer, json!("too large")).await);
    let error = own(bed.next(&layer).await);
    assert_eq!(error.kind(), Kind::ResponseOmitted, "that is gone as well");
    // And is gone through by one that is set afterwards.
    let builder = bed.builder().replay_hook(Counted(seen.clone()));
    let builder = builder.response_hook(|res: Value, _| Ok(json!([res])));
    let layer = builder.build().unwrap();
    bed.store.records.clear();
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!([1]));
    assert_eq!(seen.count(), 2);
}
