//! Each failure has its kind, and shows nothing of a record.

use std::error::Error;

use aws_sdk_dynamodb::types::ScalarAttributeType;
use powertools_idempotency::{
    Answer, DynamoDbStore, Now, StoreError, StoreErrorKind,
    store::{IdempotencyStore, dynamodb::DynamoDbError},
    test_util::Caller,
};
use testbed::{
    process::Test,
    proxy::{Answer as Canned, Fault, LostReply, Rule},
};

use super::bed::{Bed, KEY, ME, NOW, TABLE, YOU, create_table, error, number, row, text};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("missing_table_is_told", missing_table),
        Test::new("another_key_schema_is_told", key_schema),
        Test::new("keys_that_share_a_row_are_told", shared_row),
        Test::new("row_that_is_too_large_is_told", too_large),
        Test::new("throttling_is_told_when_retries_are_exhausted", throttled),
        Test::new("denied_access_is_told", denied),
        Test::new("store_that_does_not_answer_is_unavailable", unavailable),
        Test::new("errors_show_nothing_of_a_record", no_payload),
    ]
}

fn cause(error: &StoreError) -> &DynamoDbError {
    error.source().unwrap().downcast_ref().unwrap()
}

/// The errors of the four calls, the claim's first.
async fn errors(store: &DynamoDbStore) -> [StoreError; 4] {
    let answer = Answer::Response("\"s3cret\"".into());
    [
        store.claim(&ME.claim(NOW)).await.unwrap_err(),
        store.get(KEY).await.unwrap_err(),
        store
            .complete(&ME.complete(&answer, NOW))
            .await
            .unwrap_err(),
        store.release(&ME.release()).await.unwrap_err(),
    ]
}

async fn missing_table() {
    let bed = Bed::without_table().await;
    for error in errors(&bed.store()).await {
        assert_eq!(error.kind(), StoreErrorKind::TableNotFound, "{error:?}");
        assert_eq!(cause(&error).code(), "ResourceNotFoundException");
    }
}

async fn key_schema() {
    for (key, kind) in [
        (&["pk"][..], ScalarAttributeType::S),
        (&["id"], ScalarAttributeType::N),
        (&["id", "sk"], ScalarAttributeType::S),
    ] {
        let bed = Bed::without_table().await;
        create_table(&bed.direct, TABLE, key, kind).await;
        for error in errors(&bed.store()).await {
            assert_eq!(
                error.kind(),
                StoreErrorKind::KeySchema,
                "{key:?}: {error:?}"
            );
        }
    }
}

/// A table without a sort key takes the first claim, and has one row for all keys.
async fn shared_row() {
    let bed = Bed::new().await;
    let store = DynamoDbStore::builder(bed.client(), TABLE)
        .sort_key_attr("sk")
        .build()
        .unwrap();
    let other = Caller::new("other", "theirs");
    store.claim(&other.claim(NOW)).await.unwrap();
    for error in errors(&store).await {
        assert_eq!(error.kind(), StoreErrorKind::KeySchema, "{error:?}");
    }
}

async fn too_large() {
    let bed = Bed::new().await;
    let store = bed.store();
    store.claim(&ME.claim(NOW)).await.unwrap();
    let longest = store.max_answer_len(KEY).unwrap();
    // What is kept free for a hash and for longer numbers is used up as well.
    let answer = Answer::Response("x".repeat(longest + 600).into());
    let error = store
        .complete(&ME.complete(&answer, NOW))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge, "{error:?}");
}

async fn throttled() {
    for code in [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
    ] {
        let bed = Bed::new().await;
        bed.proxy.add_rule(Rule::new("throttled", error(400, code)));
        let error = bed.store().claim(&ME.claim(NOW)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Throttled, "{error:?}");
        assert_eq!(cause(&error).code(), code);
        assert_eq!(
            bed.proxy.times_fired("throttled"),
            3,
            "the retries are the SDK's"
        );
    }
}

async fn denied() {
    let bed = Bed::new().await;
    let message = "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: \
                   dynamodb:PutItem";
    let answer = Canned::aws_error(400, "AccessDeniedException", message);
    let answer = answer.header("x-amzn-requestid", "REQUEST1");
    bed.proxy
        .add_rule(Rule::new("denied", Fault::answer(answer)));
    for (error, operation) in
        errors(&bed.store())
            .await
            .iter()
            .zip(["PutItem", "GetItem", "UpdateItem", "DeleteItem"])
    {
        assert_eq!(error.kind(), StoreErrorKind::AccessDenied, "{error:?}");
        assert_eq!(cause(error).request_id(), Some("REQUEST1"));
        let expected =
            format!("{operation} failed: AccessDeniedException: {message} (request REQUEST1)");
        assert_eq!(cause(error).to_string(), expected);
    }
}

async fn unavailable() {
    for (name, fault, code) in [
        (
            "500",
            error(500, "InternalServerError"),
            "InternalServerError",
        ),
        (
            "503",
            error(503, "ServiceUnavailable"),
            "ServiceUnavailable",
        ),
        ("502", Fault::answer(Canned::status(502)), "status_502"),
        ("garbled", garbled(200), "status_200"),
        ("reset", Fault::reset(), "connection"),
        ("lost", Fault::drop_reply(LostReply::Close), "connection"),
        ("cut", Fault::truncate(), "response"),
    ] {
        let bed = Bed::new().await;
        bed.proxy.add_rule(Rule::new(name, fault));
        for error in errors(&bed.store_without_retries()).await {
            assert_eq!(
                error.kind(),
                StoreErrorKind::Unavailable,
                "{name}: {error:?}"
            );
            assert_eq!(cause(&error).code(), code, "{name}");
        }
    }
}

fn chain(error: &StoreError) -> String {
    let mut text = format!("{error}\n{error:?}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!("{cause}\n{cause:?}\n{cause:#?}\n");
        source = cause.source();
    }
    text
}

/// An answer with a row, which ends in the middle.
fn garbled(status: u16) -> Fault {
    let answer = Canned::status(status).header("content-type", "application/x-amz-json-1.0");
    Fault::answer(answer.body("{\"Item\": {\"data\": {\"S\": \"s3cret\"}, "))
}

async fn no_payload() {
    let bed = Bed::new().await;
    let store = bed.store();
    // No record, but with an answer.
    bed.put(row([
        ("data", text("s3cret")),
        ("status", text("s3cret")),
        ("expiration", number("5")),
    ]))
    .await;
    let answer = Answer::Response("\"s3cret\"".into());
    let claim = YOU.claim_until(Now::from_millis(0), 1, 1);
    let mut all = vec![
        store.claim(&claim).await.unwrap_err(),
        store.get(KEY).await.unwrap_err(),
    ];
    assert_eq!(all[0].kind(), StoreErrorKind::InvalidStatus);
    for fault in [
        error(400, "ValidationException"),
        error(500, "InternalServerError"),
        Fault::reset(),
        Fault::truncate(),
        Fault::drop_reply(LostReply::Reset),
        garbled(200),
        garbled(400),
        garbled(500),
    ] {
        bed.proxy.set_rules([Rule::new("fault", fault)]);
        let store = bed.store_without_retries();
        all.push(store.claim(&claim).await.unwrap_err());
        all.push(store.get(KEY).await.unwrap_err());
        all.push(
            store
                .complete(&ME.complete(&answer, NOW))
                .await
                .unwrap_err(),
        );
    }
    for error in all {
        let text = chain(&error);
        assert!(!text.contains("s3cret"), "{text}");
    }
}
