//! What keys are made of.

use std::collections::HashSet;

use powertools_core::test_util::ManualClock;
use powertools_idempotency::{
    HashFunction, IdempotencyBuilder, IdempotencyErrorKind as Kind, IdempotencyLayer, KeyFormat,
};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use sha2::Digest;

use crate::support::{Bed, TestStore, event_of, host_with, key_of, kind, moment};

/// The key of one call of this layer.
async fn key_with(builder: IdempotencyBuilder<TestStore>, bed: &Bed, payload: Value) -> String {
    bed.store.records.clear();
    let layer = builder.build().unwrap();
    let answer = bed.answer_to(&layer, event_of(payload), json!(1)).await;
    answer.unwrap();
    bed.store.records.keys().pop().expect("a key")
}

fn named(bed: &Bed, id: &str, env: Option<&str>) -> IdempotencyBuilder<TestStore> {
    let clock = ManualClock::at(moment()).shared();
    let host = match env {
        Some(name) => host_with(clock, [("AWS_LAMBDA_FUNCTION_NAME", name)]),
        None => host_with(clock, [] as [(&str, &str); 0]),
    };
    IdempotencyLayer::builder(id, bed.store.clone()).host(host)
}

fn prefix(key: &str) -> &str {
    key.rsplit_once('#').expect("a hash").0
}

#[tokio::test]
async fn a_key_is_the_function_the_id_and_a_hash() {
    let bed = Bed::default();
    let key = key_with(bed.builder(), &bed, json!(1)).await;
    assert_eq!(prefix(&key), "f.orders");
}

#[tokio::test]
async fn the_function_is_test_func_where_it_is_not_set_and_empty_where_it_is_empty() {
    let bed = Bed::default();
    let unset = key_with(named(&bed, "orders", None), &bed, json!(1)).await;
    assert_eq!(prefix(&unset), "test-func.orders");
    let empty = key_with(named(&bed, "orders", Some("")), &bed, json!(1)).await;
    assert_eq!(prefix(&empty), ".orders");
}

#[tokio::test]
async fn a_prefix_is_taken_verbatim_and_an_empty_one_not() {
    let bed = Bed::default();
    for given in [" shared # by two ", "app.lambda_handler"] {
        let builder = bed.builder().key_prefix(given);
        let key = key_with(builder, &bed, json!(1)).await;
        assert_eq!(prefix(&key), given);
    }
    let builder = bed.builder().key_prefix("");
    let key = key_with(builder, &bed, json!(1)).await;
    assert_eq!(prefix(&key), "f.orders");
}

#[tokio::test]
async fn layers_with_different_ids_never_share_keys() {
    let bed = Bed::default();
    for id in ["orders", "payments", "orders.create"] {
        let layer = named(&bed, id, Some("f")).build().unwrap();
        bed.answer(&layer, json!(id)).await.unwrap();
        assert_eq!(bed.next(&layer).await.unwrap(), json!(id));
    }
    assert_eq!(bed.store.records.len(), 3);
}

#[tokio::test]
async fn layers_with_the_same_prefix_share_keys() {
    let bed = Bed::default();
    let one = named(&bed, "one", Some("f"))
        .key_prefix("shared")
        .build()
        .unwrap();
    let two = named(&bed, "two", Some("g"))
        .key_prefix("shared")
        .build()
        .unwrap();
    bed.answer(&one, json!(1)).await.unwrap();
    assert_eq!(bed.next(&two).await.unwrap(), json!(1));
}

#[tokio::test]
async fn without_an_expression_it_is_the_whole_payload() {
    let bed = Bed::default();
    let payloads = [
        json!({"a": 1}),
        json!({"a": 2}),
        json!([1]),
        json!(1),
        json!("1"),
    ];
    let mut keys = HashSet::new();
    for payload in &payloads {
        keys.insert(key_with(bed.builder(), &bed, payload.clone()).await);
        // An empty expression is none.
        keys.insert(key_with(bed.builder().key(""), &bed, payload.clone()).await);
    }
    assert_eq!(keys.len(), payloads.len());
}

#[tokio::test]
async fn the_expression_selects_what_counts() {
    let bed = Bed::default();
    let key = |payload| {
        let builder = bed.builder().key("headers.\"idempotency-key\"");
        key_with(builder, &bed, payload)
    };
    let one = key(json!({"headers": {"idempotency-key": "1"}, "body": "a"})).await;
    let same = key(json!({"headers": {"idempotency-key": "1"}, "body": "b"})).await;
    let other = key(json!({"headers": {"idempotency-key": "2"}, "body": "a"})).await;
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[tokio::test]
async fn expressions_have_the_functions_of_powertools() {
    let bed = Bed::default();
    let body = r#"{"id": 7}"#;
    let plain = key_with(bed.builder().key("id"), &bed, json!({"id": 7})).await;
    let of_json = bed.builder().key("powertools_json(body).id");
    assert_eq!(
        key_with(of_json, &bed, json!({ "body": body })).await,
        plain
    );
    let of_base64 = bed
        .builder()
        .key("powertools_json(powertools_base64(body)).id");
    let payload = json!({"body": "eyJpZCI6IDd9"});
    assert_eq!(key_with(of_base64, &bed, payload).await, plain);
}

#[tokio::test]
async fn functions_given_replace_them() {
    let bed = Bed::default();
    let functions = powertools_jmespath::Functions::default();
    let builder = bed.builder().jmespath_functions(functions);
    let built = builder.key("powertools_json(body)").build();
    // Unknown when it is built, or when it is used.
    if let Ok(layer) = built {
        assert_eq!(kind(bed.next(&layer).await), Kind::Expression);
    }
}

#[tokio::test]
async fn an_expression_that_fails_on_a_payload_is_an_error_that_runs_nothing() {
    let bed = Bed::default();
    let expressions = [
        ("powertools_json(body)", ""),
        ("id", "powertools_json(body)"),
    ];
    for (key, validation) in expressions {
        let builder = bed.builder().key(key).payload_validation(validation);
        let layer = builder.build().unwrap();
        let event = event_of(json!({"id": "k", "body": "no json"}));
        let failed = bed.answer_to(&layer, event, json!(1)).await;
        assert_eq!(kind(failed), Kind::Expression);
    }
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn the_order_of_names_means_nothing_and_the_order_of_a_list_does() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let key = |text: &str| config.key_from_json(text.as_bytes()).unwrap();
    assert_eq!(key(r#"{"a":1,"b":2}"#), key(" { \"b\" : 2,\n\"a\" : 1 } "));
    assert_ne!(key("[1,2]"), key("[2,1]"));
}

#[tokio::test]
async fn key_from_json_is_the_key_that_a_call_has() {
    let bed = Bed::default();
    let layer = bed.layer();
    let payload = json!({"id": "k", "n": [1, 2.5, null]});
    let raw: Box<RawValue> = serde_json::value::to_raw_value(&payload).unwrap();
    let event = powertools_core::test_util::lambda_event("r", raw);
    let answer = || async { Ok(json!(1)) };
    bed.call_with(&layer, event, answer).await.unwrap();
    assert_eq!(bed.store.records.keys(), [key_of(layer.config(), &payload)]);
    // And that of a `Value`.
    bed.answer_to(&layer, event_of(payload), json!(2))
        .await
        .unwrap();
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn key_from_json_fails_on_what_is_not_json() {
    let config = Bed::default().builder().build_config().unwrap();
    for text in ["", "{", "[1,]", "nul"] {
        let error = config.key_from_json(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Payload, "{text}");
    }
}

#[tokio::test]
async fn identify_gives_the_hashes() {
    let bed = Bed::default();
    let builder = bed.builder().key("id").payload_validation("amount");
    let config = builder.build_config().unwrap();
    let identity = config.identify(br#"{"id": 1, "amount": 2}"#).unwrap();
    let key = config.key_from_json(br#"{"id": 1, "amount": 2}"#).unwrap();
    let hash = identity.key_hash().unwrap();
    assert_eq!(key.unwrap(), format!("f.orders#{hash}"));
    assert!(identity.payload_hash().is_some());
    let unvalidated = bed.builder().build_config().unwrap();
    assert_eq!(unvalidated.identify(b"1").unwrap().payload_hash(), None);
}

#[tokio::test]
async fn numbers_beyond_64_bits_and_their_spelling_survive_as_raw_json() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let key = |text: &str| config.key_from_json(text.as_bytes()).unwrap().unwrap();
    let big = [
        "123456789012345678901234567890",
        "123456789012345678901234567891",
    ];
    assert_ne!(key(big[0]), key(big[1]));
    assert_ne!(key("1"), key("1.0"));
}

#[derive(Serialize)]
struct Order {
    id: &'static str,
    amount: u8,
}

#[tokio::test]
async fn a_typed_payload_has_the_key_of_its_json() {
    let bed = Bed::default();
    let answer = || async { Ok(json!(1)) };
    for expression in ["", "id"] {
        let layer = bed.builder().key(expression).build().unwrap();
        let order = Order { id: "k", amount: 7 };
        let event = powertools_core::test_util::lambda_event("r", order);
        bed.call_with(&layer, event, answer).await.unwrap();
        let value = event_of(json!({"id": "k", "amount": 7}));
        bed.call_with(&layer, value, answer).await.unwrap();
    }
    assert_eq!(bed.runs.count(), 2);
}

#[tokio::test]
async fn formats_spell_the_prefix_as_their_language_does() {
    let bed = Bed::default();
    let with = |format| bed.builder().key_format(format);
    let python = key_with(with(KeyFormat::Python), &bed, json!(1)).await;
    assert_eq!(prefix(&python), "f.orders");
    let typescript = key_with(with(KeyFormat::TypeScript), &bed, json!(1)).await;
    assert_eq!(prefix(&typescript), "f");
    let trimmed = with(KeyFormat::TypeScript).key_prefix(" shared ");
    assert_eq!(prefix(&key_with(trimmed, &bed, json!(1)).await), "shared");
    let blank = with(KeyFormat::TypeScript).key_prefix("  ");
    assert_eq!(prefix(&key_with(blank, &bed, json!(1)).await), "f");
}

#[tokio::test]
async fn the_default_function_is_sha_256_and_md5_for_the_other_formats() {
    let bed = Bed::default();
    let (sha256, md5) = (HashFunction::Sha256, HashFunction::Md5);
    for (format, function) in [
        (KeyFormat::Powertools, sha256),
        (KeyFormat::Python, md5),
        (KeyFormat::TypeScript, md5),
    ] {
        let default = bed.builder().key_format(format);
        let set = bed.builder().key_format(format).hash_function(function);
        assert_eq!(
            key_with(default, &bed, json!(1)).await,
            key_with(set, &bed, json!(1)).await
        );
    }
}

#[tokio::test]
async fn a_payload_that_does_not_serialise_is_an_error_that_runs_nothing() {
    let bed = Bed::default();
    // No names but text.
    let payload = std::collections::HashMap::from([((1, 2), 3)]);
    for expression in ["", "id"] {
        let layer = bed.builder().key(expression).build().unwrap();
        let event = powertools_core::test_util::lambda_event("r", payload.clone());
        let failed = bed
            .call_with(&layer, event, || async { Ok(json!(1)) })
            .await;
        assert_eq!(kind(failed), Kind::Payload);
    }
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn key_of_is_the_key_that_a_call_has() {
    #[derive(serde::Serialize)]
    struct Order {
        id: &'static str,
        amount: u8,
    }
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    let order = Order {
        id: "o-1",
        amount: 7,
    };
    let key = layer.config().key_of(&order).unwrap().unwrap();
    let event = event_of(json!({"id": "o-1"}));
    bed.answer_to(&layer, event, json!(1)).await.unwrap();
    assert_eq!(bed.store.records.keys(), [key.as_str()]);
    let json = serde_json::to_vec(&order).unwrap();
    let from_json = layer.config().key_from_json(&json);
    assert_eq!(from_json.unwrap().unwrap(), key);
    // Without one there is none.
    assert_eq!(layer.config().key_of(&json!({})).unwrap(), None);
    let required = bed.builder().key("id").require_key(true);
    let required = required.build_config().unwrap();
    let missing = required.key_of(&json!({})).unwrap_err();
    assert!(missing.is_missing_key());
}

#[tokio::test]
async fn key_text_is_what_is_hashed() {
    let bed = Bed::default();
    let config = bed.builder().key("[b, a]").build_config().unwrap();
    let payload = json!({"a": {"z": 1, "y": "\u{e9}"}, "b": 2, "c": "not this"});
    let text = config.key_text(&payload).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value, json!([2, {"y": "\u{e9}", "z": 1}]));
    let position = |name: &[u8]| text.windows(3).position(|found| found == name);
    assert!(position(b"\"y\"") < position(b"\"z\""), "names are sorted");
    let json = payload.to_string();
    assert_eq!(config.key_text_from_json(json.as_bytes()).unwrap(), text);
    // The same text, the same key; and the hash is that of the text.
    let same = json!({"b": 2, "a": {"y": "\u{e9}", "z": 1}});
    assert_eq!(config.key_text(&same).unwrap(), text);
    let key = config.key_of(&payload).unwrap().unwrap();
    assert_eq!(config.key_of(&same).unwrap().unwrap(), key);
    let hash = sha2::Sha256::digest(&text);
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(key, format!("f.orders#{digits}"));
    // A missing key has a text as well.
    let required = bed.builder().key("nothing").require_key(true);
    let required = required.build_config().unwrap();
    assert_eq!(required.key_text(&payload).unwrap(), b"null");
    assert!(config.key_text_from_json(b"{").is_err());
}
