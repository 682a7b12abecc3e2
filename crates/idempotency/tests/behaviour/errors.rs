//! What errors tell.

use std::error::Error;

use lambda_runtime::Diagnostic;
use powertools_idempotency::{
    Answer, IdempotencyError, IdempotencyErrorKind as Kind, Status, StoreErrorKind, StoredRecord,
};
use serde_json::json;

use crate::support::{Bed, Fault, HOUR, Op, SECONDS, event_of, key, moment, own, secs};

async fn in_progress(bed: &Bed) -> IdempotencyError {
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(9));
    own(bed.next(&layer).await)
}

async fn lease_lost(bed: &Bed) -> IdempotencyError {
    let layer = bed.layer();
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let theirs = StoredRecord::new(Status::InProgress, SECONDS + HOUR).with_owner("theirs");
    let taken_over = move || {
        records.insert(key.clone(), theirs.clone());
        async { Ok(json!("late")) }
    };
    own(bed.call(&layer, taken_over).await)
}

async fn mismatch(bed: &Bed) -> IdempotencyError {
    let builder = bed.builder().key("id").payload_validation("amount");
    let layer = builder.build().unwrap();
    let amount = |amount| event_of(json!({"id": "k", "amount": amount}));
    bed.answer_to(&layer, amount(1), json!(1)).await.unwrap();
    own(bed.answer_to(&layer, amount(2), json!(1)).await)
}

async fn unavailable(bed: &Bed, op: Op) -> IdempotencyError {
    if op == Op::Get {
        bed.store.next(Op::Claim, Fault::Refuses);
    }
    bed.store.fail(op, StoreErrorKind::Unavailable);
    match op {
        Op::Release => own(bed.fail(&bed.layer(), "declined").await),
        _ => own(bed.next(&bed.layer()).await),
    }
}

#[tokio::test]
async fn predicates_hold_for_one_kind_each() {
    let predicates = |error: &IdempotencyError| {
        [
            error.is_in_progress(),
            error.is_payload_mismatch(),
            error.is_missing_key(),
            error.is_lease_lost(),
        ]
    };
    let missing = Kind::MissingKey.into();
    let expected = [
        (
            in_progress(&Bed::default()).await,
            [true, false, false, false],
        ),
        (mismatch(&Bed::default()).await, [false, true, false, false]),
        (missing, [false, false, true, false]),
        (
            lease_lost(&Bed::default()).await,
            [false, false, false, true],
        ),
        (Kind::InconsistentState.into(), [false; 4]),
    ];
    for (error, holds) in expected {
        assert_eq!(predicates(&error), holds, "{error}");
    }
}

#[tokio::test]
async fn has_run_says_whether_the_effects_of_this_call_are_there() {
    for (op, has_run) in [
        (Op::Claim, false),
        (Op::Get, false),
        (Op::Complete, true),
        (Op::Release, true),
    ] {
        let bed = Bed::default();
        let error = unavailable(&bed, op).await;
        assert_eq!(error.has_run(), has_run, "{error}");
        assert_eq!(bed.runs.count() > 0, has_run, "{error}");
    }
    assert!(lease_lost(&Bed::default()).await.has_run());
    for kind in [Kind::Unstorable, Kind::TooLarge, Kind::ResponseBody] {
        assert!(IdempotencyError::from(kind).has_run());
    }
    for kind in [
        Kind::InProgress,
        Kind::PayloadMismatch,
        Kind::MissingKey,
        Kind::Expression,
        Kind::NoTimeLeft,
        Kind::InconsistentState,
        // Another call did.
        Kind::ResponseOmitted,
        Kind::UnreadableAnswer,
        Kind::Hook,
    ] {
        assert!(!IdempotencyError::from(kind).has_run());
    }
}

#[tokio::test]
async fn the_stores_kind_is_told_if_it_is_one_of_the_stores() {
    for op in [Op::Claim, Op::Get, Op::Complete, Op::Release] {
        let error = unavailable(&Bed::default(), op).await;
        assert_eq!(error.store(), Some(StoreErrorKind::Unavailable));
        let source = error.source().unwrap().to_string();
        assert!(source.contains("did not answer"), "{source}");
    }
    assert_eq!(in_progress(&Bed::default()).await.store(), None);
}

#[tokio::test]
async fn the_end_of_the_lease_is_told_while_the_call_runs() {
    let error = in_progress(&Bed::default()).await;
    assert_eq!(error.lease_ends_at(), Some(moment() + secs(9)));
    assert_eq!(lease_lost(&Bed::default()).await.lease_ends_at(), None);
    // A completed record keeps its lease, which means nothing there.
    let completed = mismatch(&Bed::default()).await;
    assert!(
        completed
            .record()
            .unwrap()
            .in_progress_expiration()
            .is_some()
    );
    assert_eq!(completed.lease_ends_at(), None);
    let bed = Bed::default();
    let layer = bed.layer();
    let record = StoredRecord::new(Status::InProgress, SECONDS + HOUR);
    bed.store.records.insert(key(&layer), record);
    let without = own(bed.next(&layer).await);
    assert_eq!(without.lease_ends_at(), None, "of another language");
}

#[tokio::test]
async fn the_text_is_one_line_with_the_key_and_without_the_source() {
    for op in [Op::Claim, Op::Get, Op::Complete, Op::Release] {
        let bed = Bed::default();
        let error = unavailable(&bed, op).await;
        let text = error.to_string();
        assert!(
            !text.contains('\n') && !text.contains("did not answer"),
            "{text}"
        );
        assert!(
            text.ends_with(&format!("(key {})", key(&bed.layer()))),
            "{text}"
        );
        assert!(text.starts_with(char::is_lowercase), "{text}");
    }
}

#[tokio::test]
async fn diagnostics_have_the_type_of_the_other_languages_and_the_whole_chain() {
    let types = [
        (Kind::MissingKey, "IdempotencyKeyError"),
        (Kind::MissingTenant, "IdempotencyKeyError"),
        (Kind::InProgress, "IdempotencyAlreadyInProgressError"),
        (Kind::PayloadMismatch, "IdempotencyValidationError"),
        (Kind::InconsistentState, "IdempotencyInconsistentStateError"),
        (Kind::Complete, "IdempotencyPersistenceLayerError"),
        (Kind::Release, "IdempotencyPersistenceLayerError"),
        (Kind::NoTimeLeft, "IdempotencyPersistenceLayerError"),
        (Kind::TooLarge, "IdempotencyPersistenceLayerError"),
        // These two have no name there.
        (Kind::LeaseLost, "IdempotencyLeaseLostError"),
        (Kind::Hook, "IdempotencyResponseHookError"),
    ];
    for (kind, name) in types {
        let diagnostic = Diagnostic::from(IdempotencyError::from(kind));
        assert_eq!(diagnostic.error_type, name);
        assert!(!diagnostic.error_message.is_empty());
    }
    let error = unavailable(&Bed::default(), Op::Claim).await;
    let chain = [error.to_string(), error.source().unwrap().to_string()].join(": ");
    assert_eq!(Diagnostic::from(error).error_message, chain);
}

#[tokio::test]
async fn the_handlers_error_is_forwarded_with_its_diagnostic() {
    let bed = Bed::default();
    let failed = bed.fail(&bed.layer(), "declined").await.unwrap_err();
    let plain = Diagnostic::from("declined".to_owned());
    let forwarded = Diagnostic::from(failed);
    assert_eq!(forwarded.error_type, plain.error_type);
    assert_eq!(forwarded.error_message, plain.error_message);
}

#[tokio::test]
async fn a_store_error_keeps_its_cause_and_says_what_to_do() {
    use powertools_idempotency::StoreError;
    let cause = std::io::Error::other("reset");
    let error = StoreError::new(StoreErrorKind::Throttled).with_source(cause);
    assert_eq!(error.kind(), StoreErrorKind::Throttled);
    assert!(error.to_string().contains("check the capacity"));
    assert_eq!(error.source().unwrap().to_string(), "reset");
    let record =
        StoredRecord::new(Status::Completed, 1).with_answer(Answer::Response("s3cret".into()));
    assert!(!format!("{record:?}").contains("s3cret"));
}
