//! What other writers leave.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::lambda_event;
use powertools_idempotency::{
    Durable, IdempotencyErrorKind as Kind, IdempotencyLayer, RedisStore, StoreErrorKind, idempotent,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::bed::{
    Bed, Counter, T0, answer, fails_with, key, store_fails_with, stored_answer, succeeds, within,
};

#[tokio::test]
async fn completed_records_of_other_languages_are_replayed() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let end = T0 + 60;
        for (text, replayed) in [
            (
                format!(r#"{{"data": "{{\"a\": [1.0, null]}}", "status": "COMPLETED", "expiration": {end}}}"#),
                json!({"a": [1.0, null]}),
            ),
            // TypeScript: the value itself, and time with a fraction.
            (
                format!(r#"{{"status":"COMPLETED","expiration":{end}.75,"data":{{"a":1}}}}"#),
                json!({"a": 1}),
            ),
            (format!(r#"{{"status":"COMPLETED","expiration":{end},"data":false}}"#), json!(false)),
            (format!(r#"{{"status":"COMPLETED","expiration":{end},"data":null}}"#), Value::Null),
            (format!(r#"{{"status":"COMPLETED","expiration":{end}}}"#), Value::Null),
            // Members that nobody knows, and one name in two spellings.
            (
                format!(
                    r#"{{"new":{{"deep":[[[]]]}},"st\u0061tus":"COMPLETED","data":"7","expiration":{end},"x":1e400}}"#
                ),
                json!(7),
            ),
        ] {
            bed.set(&key, &text, 60).await;
            let counter = Counter::default();
            assert_eq!(counter.answer(&config, "k").await.unwrap(), replayed, "{text}");
            assert_eq!(counter.runs(), 0, "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn time_with_a_fraction_is_rounded_down() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let record = |expiration| {
            json!({"status": "COMPLETED", "expiration": expiration, "data": "7"}).to_string()
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds are small")]
        let now = T0 as f64;
        bed.set(&key, record(now + 0.9), 60).await;
        let counter = Counter::default();
        assert_eq!(counter.answer(&config, "k").await.unwrap(), json!(7));
        bed.set(&key, record(now - 0.1), 60).await;
        succeeds(counter.answer(&config, "k").await);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_record_is_an_error_and_left_alone() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        for (text, kind) in [
            ("[1]", StoreErrorKind::InvalidRecord),
            ("7", StoreErrorKind::InvalidRecord),
            ("null", StoreErrorKind::InvalidRecord),
            (r#""text""#, StoreErrorKind::InvalidRecord),
            ("{}", StoreErrorKind::InvalidRecord),
            (r#"{"status":"COMPLETED"}"#, StoreErrorKind::InvalidRecord),
            (r#"{"expiration":1}"#, StoreErrorKind::InvalidRecord),
            (
                r#"{"status":7,"expiration":1}"#,
                StoreErrorKind::InvalidRecord,
            ),
            (
                r#"{"status":"COMPLETED","expiration":"1"}"#,
                StoreErrorKind::InvalidRecord,
            ),
            (
                r#"{"status":"EXPIRED","expiration":1}"#,
                StoreErrorKind::InvalidStatus,
            ),
        ] {
            bed.set(&key, text, 60).await;
            let counter = Counter::default();
            store_fails_with(counter.answer(&config, "k").await, kind);
            assert_eq!(counter.runs(), 0);
            assert_eq!(bed.text(&key).await.as_deref(), Some(text));
        }
        assert_eq!(bed.text(&format!("{key}:lock")).await, None);
        bed.delete(&[&key]).await;
        let mut push = redis::cmd("RPUSH");
        push.arg(&key).arg("s3cret");
        push.query_async::<()>(&mut bed.raw.clone()).await.unwrap();
        let outcome = Counter::default().answer(&config, "k").await;
        store_fails_with(outcome, StoreErrorKind::InvalidRecord);
    })
    .await;
}

#[tokio::test]
async fn names_of_members_are_used_for_reading_and_writing() {
    within(async {
        let bed = Bed::plain().await;
        let store = RedisStore::builder(bed.connection())
            .expiry_attr("e")
            .in_progress_expiry_attr("i")
            .status_attr("s")
            .data_attr("d")
            .validation_key_attr("v")
            .build()
            .unwrap();
        let config = bed.builder(store).key("id").payload_validation("n");
        let config = config.build_config().unwrap();
        let payload = json!({"id": "k", "n": 1});
        let counter = Counter::default();
        succeeds(counter.call_with(&config, &payload, Ok(answer())).await);
        let key = bed.only_key().await;
        let seed = json!({"s": "INPROGRESS", "e": T0 + 9, "i": T0 * 1000 - 1});
        bed.set(&key, seed.to_string(), 60).await;
        succeeds(counter.call_with(&config, &payload, Ok(answer())).await);
        let row = bed.row(&key).await;
        assert!(row["v"].is_string(), "{row}");
        let expected = json!({
            "d": stored_answer(), "s": "COMPLETED", "e": T0 + 3600, "v": row["v"],
        });
        assert_eq!(row, expected);
        succeeds(counter.call_with(&config, &payload, Ok(json!(2))).await);
        assert_eq!(counter.runs(), 2);
    })
    .await;
}

#[tokio::test]
async fn record_without_a_lease_locks_until_it_expires() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let record =
            |expiration: u64| json!({"status": "INPROGRESS", "expiration": expiration}).to_string();
        bed.set(&key, record(T0), 60).await;
        let counter = Counter::default();
        fails_with(counter.answer(&config, "k").await, Kind::InProgress);
        bed.set(&key, record(T0 - 1), 60).await;
        succeeds(counter.answer(&config, "k").await);
    })
    .await;
}

#[tokio::test]
async fn hash_of_a_record_stays_where_payloads_are_not_validated() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let outcome = idempotent(&config, &"k", || async {
            let mut record = bed.json(&key).await;
            record["validation"] = "a \"hash\"".into();
            bed.set(&key, record.to_string(), 60).await;
            Ok::<_, String>(answer())
        });
        succeeds(outcome.await);
        let row = bed.row(&key).await;
        let expected = json!({
            "data": stored_answer(), "status": "COMPLETED", "expiration": T0 + 3600,
            "validation": "a \"hash\"",
        });
        assert_eq!(row, expected);
    })
    .await;
}

/// A durable function that Python began goes on here: its record has no mark, and gets none.
#[tokio::test]
async fn record_of_another_language_is_completed_by_whoever_goes_on_with_it() {
    within(async {
        let bed = Arc::new(Bed::plain().await);
        let config = bed.config();
        let name = key(&config, "k");
        let python = json!({"status": "INPROGRESS", "expiration": T0 + 60, "validation": "h"});
        let ours = json!({
            "status": "INPROGRESS", "expiration": T0 + 60, "powertools_owner": "f".repeat(32),
        });
        for (meanwhile, is_kept) in [(None, true), (Some(ours), false)] {
            bed.set(&name, python.to_string(), 60).await;
            let layer = IdempotencyLayer::new(config.clone());
            let (owned, key, record) = (Arc::clone(&bed), name.clone(), meanwhile.clone());
            let service = layer.layer(service_fn(move |_: Durable<LambdaEvent<Value>>| {
                let (bed, key, record) = (Arc::clone(&owned), key.clone(), record.clone());
                async move {
                    if let Some(record) = record {
                        bed.set(&key, record.to_string(), 60).await;
                    }
                    Ok::<_, String>(answer())
                }
            }));
            let event = Durable::new(lambda_event("r", json!("k")), true);
            let outcome = service.oneshot(event).await;
            if is_kept {
                succeeds(outcome);
                let expected = json!({
                    "data": stored_answer(), "status": "COMPLETED",
                    "expiration": T0 + 3600, "validation": "h",
                });
                assert_eq!(bed.json(&name).await, expected);
            } else {
                fails_with(outcome, Kind::LeaseLost);
                assert_eq!(Some(bed.json(&name).await), meanwhile);
            }
        }
    })
    .await;
}
