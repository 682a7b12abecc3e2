//! Replies that are lost, and conflicts that pass.

use std::{
    convert::Infallible,
    error::Error as _,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use powertools_core::LayerError;
use powertools_idempotency::{
    Answer, DynamoDbStore, IdempotencyConfig, IdempotencyError, IdempotencyErrorKind, Status,
    StoreErrorKind, idempotent,
    store::{Claimed, Finished, IdempotencyStore, dynamodb::DynamoDbError},
};
use testbed::{
    process::Test,
    proxy::{Fault, LostReply, Rule},
};

use super::bed::{Bed, KEY, ME, NOW, YOU, error};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("lost_reply_of_the_claim_runs_the_function_once", lost_claim),
        Test::new(
            "claim_that_got_no_answer_is_released_and_nothing_runs",
            unanswered_claim,
        ),
        Test::new(
            "claim_that_was_written_before_others_were_throttled_is_released",
            throttled_claim,
        ),
        Test::new("lost_reply_of_the_completion_is_done", lost_completion),
        Test::new("lost_reply_of_the_release_is_done", lost_release),
        Test::new("transaction_conflicts_are_retried", conflicts),
        Test::new(
            "transaction_conflicts_without_end_are_told",
            endless_conflicts,
        ),
        Test::new("refusal_without_a_row_is_read", refusal_without_row),
    ]
}

const LOST: [LostReply; 2] = [LostReply::Close, LostReply::Reset];

pub(crate) struct Counted {
    config: IdempotencyConfig<DynamoDbStore>,
    runs: AtomicU32,
}

pub(crate) fn config(store: DynamoDbStore) -> Counted {
    let config = IdempotencyConfig::builder("orders", store).key_prefix("p");
    Counted {
        config: config.build_config().unwrap(),
        runs: AtomicU32::new(0),
    }
}

/// The number of the run whose answer it is.
pub(crate) async fn run(counted: &Counted) -> Result<u32, IdempotencyError> {
    let ran = idempotent(&counted.config, &"payload", || async {
        Ok::<_, Infallible>(counted.runs.fetch_add(1, Ordering::SeqCst) + 1)
    })
    .await;
    ran.map_err(|error| match error {
        LayerError::Layer(error) => error,
        other => panic!("{other:?}"),
    })
}

async fn lost_claim() {
    for seen in LOST {
        let bed = Bed::new().await;
        let lost = Rule::new("lost", Fault::drop_reply(seen));
        bed.proxy.add_rule(lost.on_target("PutItem").times(1));
        let counted = config(bed.store());
        assert_eq!(run(&counted).await.unwrap(), 1, "{seen:?}");
        assert_eq!(
            bed.calls(),
            ["PutItem", "PutItem", "UpdateItem"],
            "{seen:?}"
        );
        assert_eq!(run(&counted).await.unwrap(), 1, "it is replayed");
        assert_eq!(counted.runs.into_inner(), 1, "{seen:?}");
    }
}

async fn unanswered_claim() {
    let bed = Bed::new().await;
    bed.proxy.set_rules([
        Rule::new("lost", Fault::drop_reply(LostReply::Close))
            .on_target("PutItem")
            .times(1),
        Rule::new("seen", Fault::delay_reply(Duration::ZERO)).on_target("DeleteItem"),
    ]);
    let counted = config(bed.store_without_retries());
    let failed = run(&counted).await.unwrap_err();
    assert_eq!(failed.kind(), IdempotencyErrorKind::Claim);
    assert_eq!(failed.store(), Some(StoreErrorKind::Unavailable));
    bed.proxy.fired("seen").await;
    assert_eq!(run(&counted).await.unwrap(), 1);
    assert_eq!(counted.runs.into_inner(), 1);
}

/// The last attempt says that it was not written; the first one has written.
async fn throttled_claim() {
    let bed = Bed::new().await;
    let lost = Rule::new("lost", Fault::drop_reply(LostReply::Close));
    let throttled = Rule::new("throttled", error(400, "ThrottlingException"));
    bed.proxy.set_rules([
        lost.on_target("PutItem").times(1),
        throttled.on_target("PutItem").times(2),
        Rule::new("seen", Fault::delay_reply(Duration::ZERO)).on_target("DeleteItem"),
    ]);
    let counted = config(bed.store());
    let failed = run(&counted).await.unwrap_err();
    assert_eq!(failed.store(), Some(StoreErrorKind::Throttled));
    bed.proxy.fired("seen").await;
    assert_eq!(run(&counted).await.unwrap(), 1);
}

async fn lost_completion() {
    for seen in LOST {
        let bed = Bed::new().await;
        let store = bed.store();
        store.claim(&ME.claim(NOW)).await.unwrap();
        let lost = Rule::new("lost", Fault::drop_reply(seen));
        bed.proxy.add_rule(lost.on_target("UpdateItem").times(1));
        let answer = Answer::Response("1".into());
        let finished = store.complete(&ME.complete(&answer, NOW)).await.unwrap();
        assert_eq!(finished, Finished::Done, "{seen:?}");
        assert_eq!(bed.calls(), ["PutItem", "UpdateItem", "UpdateItem"]);
        let record = store.get(KEY).await.unwrap().unwrap();
        assert_eq!(
            (record.status(), record.answer()),
            (Status::Completed, Some(&answer))
        );
    }
}

async fn lost_release() {
    for seen in LOST {
        let bed = Bed::new().await;
        let store = bed.store();
        store.claim(&ME.claim(NOW)).await.unwrap();
        let lost = Rule::new("lost", Fault::drop_reply(seen));
        bed.proxy.add_rule(lost.on_target("DeleteItem").times(1));
        let finished = store.release(&ME.release()).await.unwrap();
        assert_eq!(finished, Finished::Done, "{seen:?}");
        assert_eq!(bed.calls(), ["PutItem", "DeleteItem", "DeleteItem"]);
        assert_eq!(store.get(KEY).await.unwrap(), None);
    }
}

const CONFLICT: &str = "TransactionConflictException";

async fn conflicts() {
    for operation in ["PutItem", "UpdateItem", "DeleteItem"] {
        let bed = Bed::new().await;
        let rule = Rule::new("conflict", error(400, CONFLICT)).on_target(operation);
        bed.proxy.add_rule(rule.times(5));
        let store = bed.store();
        let answer = Answer::Omitted;
        let claimed = store.claim(&ME.claim(NOW)).await.unwrap();
        assert_eq!(claimed, Claimed::Written, "{operation}");
        let released = store.release(&ME.release()).await.unwrap();
        let completed = store.complete(&ME.complete(&answer, NOW)).await.unwrap();
        assert_eq!(
            (released, completed),
            (Finished::Done, Finished::Done),
            "{operation}"
        );
        assert_eq!(bed.proxy.times_fired("conflict"), 5, "{operation}");
        assert_eq!(bed.proxy.requests().len(), 8, "{operation}");
    }
}

async fn endless_conflicts() {
    let bed = Bed::new().await;
    bed.proxy
        .add_rule(Rule::new("conflict", error(400, CONFLICT)));
    let error = bed.store().claim(&ME.claim(NOW)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Other);
    let cause = error
        .source()
        .unwrap()
        .downcast_ref::<DynamoDbError>()
        .unwrap();
    assert_eq!(cause.code(), CONFLICT);
    assert_eq!(bed.proxy.times_fired("conflict"), 6);
}

/// As a server has it that does not know `ALL_OLD`.
async fn refusal_without_row() {
    let bed = Bed::new().await;
    let counted = config(bed.store());
    assert_eq!(run(&counted).await.unwrap(), 1);
    let refused = error(400, "ConditionalCheckFailedException");
    bed.proxy
        .add_rule(Rule::new("refused", refused).on_target("PutItem"));
    let claimed = bed.store().claim(&YOU.claim(NOW)).await.unwrap();
    assert_eq!(claimed, Claimed::Refused(None));
    let before = bed.calls().len();
    assert_eq!(run(&counted).await.unwrap(), 1, "it is replayed");
    assert_eq!(bed.calls()[before..], ["PutItem", "GetItem"]);
}
