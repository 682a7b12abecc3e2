//! Payloads without a key.

use powertools_idempotency::Lease;
use serde_json::{Value, json};

use crate::support::{Bed, Logs, event_of, own};

fn missing() -> [Value; 9] {
    [
        json!({}),
        json!({"id": null}),
        json!({"id": ""}),
        json!({"id": []}),
        json!({"id": [null, null]}),
        json!({"id": {}}),
        json!({"id": {"a": null, "b": null}}),
        json!({"other": 1}),
        json!(null),
    ]
}

fn present() -> [Value; 9] {
    [
        json!({"id": 0}),
        json!({"id": false}),
        json!({"id": " "}),
        json!({"id": [0]}),
        json!({"id": [null, ""]}),
        json!({"id": {"a": ""}}),
        json!({"id": {"a": {}}}),
        json!({"id": [[]]}),
        json!({"id": "null"}),
    ]
}

#[tokio::test]
async fn it_runs_each_time_and_touches_no_store() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    for (run, payload) in missing().into_iter().enumerate() {
        let answer = bed
            .answer_to(&layer, event_of(payload.clone()), json!(run))
            .await;
        assert_eq!(answer.unwrap(), json!(run), "{payload}");
        assert_eq!(bed.store.calls(), [], "{payload}");
        assert_eq!(bed.runs.count(), run + 1);
    }
}

#[tokio::test]
async fn where_one_is_required_it_is_refused() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").require_key(true).build().unwrap();
    for payload in missing() {
        let answer = bed
            .answer_to(&layer, event_of(payload.clone()), json!(1))
            .await;
        let error = own(answer);
        assert!(error.is_missing_key(), "{payload}");
        assert_eq!(error.key(), None);
        assert!(!error.has_run());
    }
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn what_is_there_is_a_key_however_empty_it_looks() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").require_key(true).build().unwrap();
    for payload in present() {
        for _ in 0..2 {
            let event = event_of(payload.clone());
            let answer = bed.answer_to(&layer, event, payload.clone()).await;
            assert_eq!(answer.unwrap(), payload);
        }
    }
    assert_eq!(bed.runs.count(), present().len());
}

#[tokio::test]
async fn a_whole_payload_can_be_missing_too() {
    let bed = Bed::default();
    let layer = bed.builder().require_key(true).build().unwrap();
    for payload in [
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!({"a": null}),
    ] {
        let answer = bed
            .answer_to(&layer, event_of(payload.clone()), json!(1))
            .await;
        assert!(own(answer).is_missing_key(), "{payload}");
    }
    for payload in [json!(0), json!(false)] {
        let answer = bed.answer_to(&layer, event_of(payload), json!(1)).await;
        answer.unwrap();
    }
}

#[tokio::test]
async fn its_error_is_the_handlers_and_there_is_no_lease() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    let fails = || async {
        assert!(Lease::current().is_none());
        Err::<Value, _>("declined".to_owned())
    };
    let failed = bed.call_with(&layer, event_of(json!(null)), fails).await;
    assert_eq!(crate::support::inner(failed), "declined");
}

#[tokio::test]
async fn it_is_warned_of_once_for_each_layer() {
    let logs = Logs::install();
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    for _ in 0..3 {
        let event = event_of(json!(null));
        bed.answer_to(&layer.clone(), event, json!(1))
            .await
            .unwrap();
    }
    let [warning] = logs.warnings().try_into().unwrap();
    assert!(warning.contains("require_key"), "{warning}");
}

#[tokio::test]
async fn what_is_validated_is_never_missing() {
    let bed = Bed::default();
    let builder = bed.builder().key("id").payload_validation("amount");
    let layer = builder.require_key(true).build().unwrap();
    let event = event_of(json!({"id": "k"}));
    bed.answer_to(&layer, event, json!(1)).await.unwrap();
}
