//! Rows that other languages or people have written.

use std::error::Error as _;

use aws_sdk_dynamodb::types::AttributeValue;
use powertools_idempotency::{
    Answer, Status, StoreErrorKind, StoredRecord,
    store::{Claimed, Finished, IdempotencyStore, dynamodb::InvalidAttribute},
    test_util::Caller,
};
use serde_json::{Value, json};
use testbed::process::Test;

use super::bed::{Bed, KEY, ME, NOW, Row, number, row, text};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("rows_of_python_are_read", python),
        Test::new("running_call_of_python_is_left_alone", python_in_progress),
        Test::new("native_answers_of_typescript_are_read_as_json", typescript),
        Test::new("edited_rows_are_told_and_left_alone", edited),
        Test::new("unknown_attributes_are_left_alone", unknown),
    ]
}

/// The record, as a claim and as a read meet it.
async fn met(bed: &Bed, row: Row) -> StoredRecord {
    bed.put(row).await;
    let store = bed.store();
    let record = store.get(KEY).await.unwrap().unwrap();
    let claimed = store.claim(&ME.claim(NOW)).await.unwrap();
    assert_eq!(claimed, Claimed::Refused(Some(record.clone())));
    record
}

async fn python() {
    let bed = Bed::new().await;
    let json = "{\"a\": [1.0, null], \"message\": \"h\\u00e9llo\"}";
    let completed = row([
        ("expiration", number("4000003600")),
        ("in_progress_expiration", number("4000000030123")),
        ("status", text("COMPLETED")),
        ("data", text(json)),
        ("validation", text("h4sh")),
    ]);
    let expected = StoredRecord::new(Status::Completed, 4_000_003_600)
        .with_in_progress_expiration(4_000_000_030_123)
        .with_payload_hash("h4sh")
        .with_answer(Answer::Response(json.into()));
    assert!(met(&bed, completed).await == expected);
    let nothing = row([
        ("expiration", number("4000003600")),
        ("status", text("COMPLETED")),
    ]);
    let expected = StoredRecord::new(Status::Completed, 4_000_003_600);
    assert!(met(&bed, nothing).await == expected);
}

/// Which has no mark: only a run that goes on with it finishes it.
async fn python_in_progress() {
    let bed = Bed::new().await;
    let running = row([
        ("expiration", number("4000003600")),
        ("status", text("INPROGRESS")),
    ]);
    let record = met(&bed, running.clone()).await;
    assert_eq!(record, StoredRecord::new(Status::InProgress, 4_000_003_600));
    let store = bed.store();
    let answer = Answer::Response("1".into());
    let completed = store.complete(&ME.complete(&answer, NOW)).await.unwrap();
    let released = store.release(&ME.release()).await.unwrap();
    assert_eq!(
        (completed, released),
        (Finished::NotOwner, Finished::NotOwner)
    );
    assert_eq!(bed.row(KEY).await, Some(running));

    let successor = Caller::unmarked(KEY, Some(1)).complete(&answer, NOW);
    assert_eq!(
        store.complete(&successor).await.unwrap(),
        Finished::NotOwner
    );
    let adopted = Caller::unmarked(KEY, None).complete(&answer, NOW);
    assert_eq!(store.complete(&adopted).await.unwrap(), Finished::Done);
    let expected = row([
        ("expiration", number("4000003600")),
        ("status", text("COMPLETED")),
        ("data", text("1")),
    ]);
    assert_eq!(bed.row(KEY).await, Some(expected));
}

async fn typescript() {
    let native = AttributeValue::M(
        [
            ("id", text("o-1")),
            ("total", number("12.5")),
            ("paid", AttributeValue::Bool(true)),
            ("note", AttributeValue::Null(true)),
            ("items", AttributeValue::L(vec![number("1"), text("two")])),
            ("tags", AttributeValue::Ss(vec!["x".to_owned()])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    );
    let json = json!({
        "id": "o-1", "total": 12.5, "paid": true, "note": null, "items": [1, "two"], "tags": ["x"],
    });
    for (data, expected) in [
        (native, json),
        (number("0"), json!(0)),
        (AttributeValue::Bool(false), json!(false)),
        (AttributeValue::Null(true), json!(null)),
        (AttributeValue::L(vec![]), json!([])),
    ] {
        let bed = Bed::new().await;
        let record = met(
            &bed,
            row([
                // TypeScript rounds, and may leave a fraction.
                ("expiration", number("4000003600.75")),
                ("in_progress_expiration", number("4000000030123.5")),
                ("status", text("COMPLETED")),
                ("data", data),
            ]),
        )
        .await;
        assert_eq!(record.expiration(), 4_000_003_600);
        assert_eq!(record.in_progress_expiration(), Some(4_000_000_030_123));
        let Some(Answer::Response(answer)) = record.answer() else {
            panic!("{record:?}");
        };
        assert_eq!(serde_json::from_str::<Value>(answer).unwrap(), expected);
    }
}

async fn edited() {
    let bed = Bed::new().await;
    let store = bed.store();
    let good = || {
        row([
            ("expiration", number("4000003600")),
            ("status", text("COMPLETED")),
            ("data", text("1")),
        ])
    };
    let broken = [
        ("expiration", None),
        ("status", None),
        ("expiration", Some(text("4000003600"))),
        ("expiration", Some(AttributeValue::Null(true))),
        ("status", Some(number("1"))),
        ("in_progress_expiration", Some(text("soon"))),
        ("validation", Some(AttributeValue::Bool(true))),
        ("powertools_owner", Some(AttributeValue::L(vec![]))),
    ];
    for (name, value) in broken {
        let mut row = good();
        match value {
            Some(value) => row.insert(name.to_owned(), value),
            None => row.remove(name),
        };
        bed.put(row.clone()).await;
        for error in [
            store.get(KEY).await.unwrap_err(),
            store.claim(&ME.claim(NOW)).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::InvalidRecord, "{row:?}");
            let source = error.source().unwrap();
            let invalid: &InvalidAttribute = source.downcast_ref().unwrap();
            assert_eq!(invalid.attribute(), name);
            assert_eq!(invalid.is_missing(), !row.contains_key(name));
        }
        assert_eq!(bed.row(KEY).await, Some(row));
    }
    let mut row = good();
    row.insert("status".to_owned(), text("EXPIRED"));
    bed.put(row).await;
    let error = store.claim(&ME.claim(NOW)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::InvalidStatus);
}

async fn unknown() {
    let bed = Bed::new().await;
    let mut theirs = row([
        ("expiration", number("4000003600")),
        ("status", text("INPROGRESS")),
        ("powertools_owner", text("00112233445566778899aabbccddeeff")),
        ("gsi1pk", AttributeValue::Ns(vec!["1".to_owned()])),
    ]);
    assert_eq!(met(&bed, theirs.clone()).await.answer(), None);
    let answer = Answer::Response("2".into());
    bed.store()
        .complete(&ME.complete(&answer, NOW))
        .await
        .unwrap();
    theirs.insert("status".to_owned(), text("COMPLETED"));
    theirs.insert("data".to_owned(), text("2"));
    assert_eq!(bed.row(KEY).await, Some(theirs));
}
