//! Errors that are final answers.

use powertools_idempotency::{
    Answer, IdempotencyErrorKind as Kind, KeepErrors, Status, StoreErrorKind, StoredRecord,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Bed, Fault, HOUR, Logs, Op, SECONDS, drop_pending, inner, key, kind, own};

fn declined(error: &String) -> bool {
    error == "declined"
}

#[tokio::test]
async fn a_final_error_is_kept_and_replayed() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    assert_eq!(inner(bed.fail(&layer, "declined").await), "declined");
    let record = bed.record().await;
    assert_eq!(record.status(), Status::Completed);
    assert_eq!(record.answer(), Some(&Answer::Error("\"declined\"".into())));
    assert_eq!(record.expiration(), SECONDS + HOUR);
    assert_eq!(inner(bed.next(&layer).await), "declined");
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn another_error_lets_the_call_run_again() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    assert_eq!(inner(bed.fail(&layer, "busy").await), "busy");
    assert_eq!(bed.status().await, None);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn it_is_replayed_from_the_local_cache_too() {
    let bed = Bed::default();
    let builder = bed.builder().local_cache(8).final_errors(declined);
    let layer = builder.build().unwrap();
    inner(bed.fail(&layer, "declined").await);
    bed.store.calls();
    assert_eq!(inner(bed.next(&layer).await), "declined");
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn the_hook_does_not_see_it() {
    let bed = Bed::default();
    let hook = |_: Value, _: &powertools_idempotency::ReplayedRecord<'_>| panic!("not called");
    let builder = bed.builder().final_errors(declined).response_hook(hook);
    let layer = builder.build().unwrap();
    inner(bed.fail(&layer, "declined").await);
    assert_eq!(inner(bed.next(&layer).await), "declined");
}

#[tokio::test]
async fn one_that_cannot_be_kept_is_the_layers_error() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    bed.store.fail(Op::Complete, StoreErrorKind::Unavailable);
    let error = own(bed.fail(&layer, "declined").await);
    assert_eq!(error.kind(), Kind::Complete);
    assert!(error.has_run());
    assert_eq!(
        bed.status().await,
        Some(Status::InProgress),
        "it is not released"
    );
}

#[tokio::test]
async fn one_of_a_call_that_was_taken_over_is_the_callers_and_leaves_its_successor_alone() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let theirs = StoredRecord::new(Status::InProgress, SECONDS + HOUR).with_owner("theirs");
    let taken_over = move || {
        records.insert(key.clone(), theirs.clone());
        async { Err::<Value, _>("declined".to_owned()) }
    };
    assert_eq!(inner(bed.call(&layer, taken_over).await), "declined");
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Complete]);
    assert_eq!(bed.record().await.owner(), Some("theirs"));
    assert_eq!(bed.status().await, Some(Status::InProgress));
}

#[tokio::test]
async fn a_call_dropped_while_it_is_kept_keeps_it() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    bed.store.next(Op::Complete, Fault::HangsBefore);
    drop_pending(bed.fail(&layer, "declined")).await;
    assert_eq!(inner(bed.next(&layer).await), "declined");
}

#[tokio::test]
async fn one_that_is_none_of_this_handler_is_an_error_that_runs_nothing() {
    let bed = Bed::default();
    let layer = bed.builder().final_errors(declined).build().unwrap();
    let theirs = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Error("{\"code\": 1}".into()));
    bed.store.records.insert(key(&layer), theirs);
    assert_eq!(kind(bed.next(&layer).await), Kind::UnreadableAnswer);
    // Nor can a layer without final errors read one.
    assert_eq!(kind(bed.next(&bed.layer()).await), Kind::UnreadableAnswer);
    assert_eq!(bed.runs.count(), 0);
}

/// Writes no JSON.
#[derive(Debug, Clone, Deserialize)]
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("s3cret"))
    }
}

#[tokio::test]
async fn one_that_is_not_json_is_kept_without_its_text_and_warns() {
    let logs = Logs::install();
    let bed = Bed::default();
    let builder = bed.builder().final_errors(|_: &Stubborn| true);
    let config = builder.build_config().unwrap();
    let call =
        || powertools_idempotency::idempotent(&config, &"k", || async { Err::<(), _>(Stubborn) });
    let Err(powertools_core::LayerError::Inner(Stubborn)) = call().await else {
        panic!("the handler's error");
    };
    assert_eq!(bed.status().await, Some(Status::Completed));
    let [warning] = logs.warnings().try_into().unwrap();
    assert!(
        warning.contains("without its text") && !warning.contains("s3cret"),
        "{warning}"
    );
}

/// Codes as text.
struct ByCode;

impl KeepErrors<String> for ByCode {
    fn keep(&self, error: &String) -> Option<String> {
        error.strip_prefix("E-").map(ToOwned::to_owned)
    }

    fn replay(&self, json: &str) -> Option<String> {
        Some(format!("E-{json}"))
    }
}

#[tokio::test]
async fn errors_that_serde_cannot_write_are_kept_by_hand() {
    let bed = Bed::default();
    let layer = bed.builder().keep_errors(ByCode).build().unwrap();
    inner(bed.fail(&layer, "E-7").await);
    assert_eq!(
        bed.record().await.answer(),
        Some(&Answer::Error("7".into()))
    );
    assert_eq!(inner(bed.next(&layer).await), "E-7");
}

#[tokio::test]
async fn a_predicate_that_panics_lets_the_call_run_again() {
    let bed = Bed::default();
    let panics = |_: &String| panic!("on purpose");
    let layer = bed.builder().final_errors(panics).build().unwrap();
    let failed = crate::support::caught(bed.fail(&layer, "declined")).await;
    failed.unwrap_err();
    crate::support::background().await;
    assert_eq!(bed.status().await, None);
}
