//! What one library has completed is replayed by the other.

use powertools_idempotency::{IdempotencyErrorKind, store::IdempotencyStore};
use testbed::process::Test;

use super::{
    function::Function,
    library::{Library, Outcome},
    place::Place,
};

pub(crate) fn tests<P: Place>(place: &str) -> Vec<Test> {
    vec![
        Test::new(
            format!("answers_of_python_are_replayed_in_{place}"),
            by_ours::<P>,
        ),
        Test::new(
            format!("python_replays_our_answers_in_{place}"),
            by_theirs::<P>,
        ),
        Test::new(format!("keys_of_python_are_ours_in_{place}"), keys::<P>),
        Test::new(
            format!("other_payloads_are_told_on_both_sides_in_{place}"),
            mismatch::<P>,
        ),
    ]
}

/// Functions with a payload for each, and one with the same key.
const FUNCTIONS: [(Function, &str, &str); 6] = [
    // The whole event: the order of names, the spelling of texts and numbers do not matter.
    (
        Function::HANDLER,
        r#"{"b": "x", "a": [1, 2.50, 1e3, "h\u00e9llo"], "id": 123456789012345678901234567890}"#,
        r#"{"id": 123456789012345678901234567890, "a": [1, 2.5, 1000.0, "héllo"], "b": "x"}"#,
    ),
    (
        Function {
            key: "headers.\"Idempotency-Key\"",
            ..Function::HANDLER
        },
        r#"{"headers": {"Idempotency-Key": "k-😀"}, "body": "1"}"#,
        r#"{"headers": {"Idempotency-Key": "k-😀"}, "body": "2"}"#,
    ),
    (
        Function {
            key: "powertools_json(body).[user, order.id]",
            ..Function::HANDLER
        },
        r#"{"body": "{\"user\": \"ada\", \"order\": {\"id\": 7}}"}"#,
        r#"{"body": "{\"order\": {\"id\": 7, \"n\": 1}, \"user\": \"ada\"}"}"#,
    ),
    (Function::FUNCTION, r#""o-1""#, r#""\u006f-1""#),
    (
        Function {
            key: "[id, lines[].amount]",
            validation: "total",
            ..Function::FUNCTION
        },
        r#"{"id": "o-2", "lines": [{"amount": 0.1}, {"amount": -0.0}], "total": 1e-7}"#,
        r#"{"id": "o-2", "lines": [{"amount": 0.1}, {"amount": -0.0}], "total": 0.0000001}"#,
    ),
    (
        Function {
            prefix: Some(" shared/prefix "),
            ..Function::FUNCTION
        },
        r#"{"shared": true}"#,
        r#"{ "shared" : true }"#,
    ),
];

/// Results as they may be written, and as they are stored.
const RESULTS: [(&str, &str); 8] = [
    (r#"{"message":"hello"}"#, r#"{"message": "hello"}"#),
    (
        r#"{"b":{"z":[{"y":null},[]],"a":{}},"a":[true,false,null]}"#,
        r#"{"a": [true, false, null], "b": {"a": {}, "z": [{"y": null}, []]}}"#,
    ),
    (
        r#"{"é":"héllo 😀 \u2028","\uffee":1,"😀":"\"\\\n\u007f"}"#,
        r#"{"\u00e9": "h\u00e9llo \ud83d\ude00 \u2028", "\uffee": 1, "\ud83d\ude00": "\"\\\n\u007f"}"#,
    ),
    (
        "[0.1,1e3,1e16,1e-7,-0.0,12345.678901234567,5e-324]",
        "[0.1, 1000.0, 1e+16, 1e-07, -0.0, 12345.678901234567, 5e-324]",
    ),
    (
        "[123456789012345678901234567890,-9223372036854775809,18446744073709551616]",
        "[123456789012345678901234567890, -9223372036854775809, 18446744073709551616]",
    ),
    ("42", "42"),
    (r#""text""#, r#""text""#),
    ("null", "null"),
];

/// That a replay which ran would be seen.
const OTHER: &str = r#""ran again""#;

async fn by_ours<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    for (function, payload, again) in FUNCTIONS {
        let result = r#"{"by": "python"}"#;
        let first = python.call(function, payload, result).await;
        assert_eq!(first, Outcome::ran(result), "{function:?}");
        let ours = function.ours(&place, place.host());
        let second = function.call(ours, again, OTHER).await;
        let expected = match P::PYTHON_KEEPS_HASHES || function.validation.is_empty() {
            true => Ok(result.to_owned()),
            false => Err(IdempotencyErrorKind::PayloadMismatch),
        };
        assert_eq!(second, (false, expected), "{function:?}");
    }
    let falsy = ["0", "false", r#""""#, "[]", "{}"].map(|json| (json, json));
    for (number, (result, stored)) in RESULTS.into_iter().chain(falsy).enumerate() {
        let payload = format!(r#"{{"result": {number}}}"#);
        for function in [Function::HANDLER, Function::FUNCTION] {
            let first = python.call(function, &payload, result).await;
            assert_eq!(first, Outcome::ran(stored));
            let ours = function.ours(&place, place.host());
            let second = function.call(ours, &payload, OTHER).await;
            assert_eq!(second, (false, Ok(stored.to_owned())));
        }
    }
}

async fn by_theirs<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    for (function, payload, again) in FUNCTIONS {
        let result = r#"{"by": "us"}"#;
        let ours = function.ours(&place, place.host());
        let first = function.call(ours, payload, result).await;
        assert_eq!(first, (true, Ok(result.to_owned())), "{function:?}");
        let second = python.call(function, again, OTHER).await;
        assert_eq!(second, Outcome::replayed(result), "{function:?}");
    }
    // Python takes what is falsy for nothing, whoever has written it.
    let falsy = ["0", "false", r#""""#, "[]", "{}"].map(|json| (json, "null"));
    for (number, (result, stored)) in RESULTS.into_iter().chain(falsy).enumerate() {
        let payload = format!(r#"{{"result": {number}}}"#);
        for function in [Function::HANDLER, Function::FUNCTION] {
            let ours = function.ours(&place, place.host());
            let first = function.call(ours, &payload, result).await;
            assert_eq!(first, (true, Ok(result.to_owned())));
            let second = python.call(function, &payload, OTHER).await;
            assert_eq!(second, Outcome::replayed(stored));
        }
    }
}

/// By their texts, so that both cannot be wrong in the same way.
async fn keys<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let prefixed = Function {
        prefix: Some("orders/v1"),
        ..Function::FUNCTION
    };
    let hash = "4f5f4713d180fb0cb1041f7caf4faaaa";
    for (function, prefix) in [
        (Function::HANDLER, "my-fn.app.lambda_handler"),
        (Function::FUNCTION, "my-fn.app.process_order"),
        (prefixed, "orders/v1"),
    ] {
        let key = format!("{}{prefix}#{hash}", place.prefix());
        let payload = r#"{"a": 1, "b": "x"}"#;
        assert_eq!(place.ours().get(&key).await.unwrap(), None);
        let ran = python.call(function, payload, "1").await;
        assert_eq!(ran, Outcome::ran("1"));
        assert!(place.ours().get(&key).await.unwrap().is_some(), "{key}");
        let ours = function.ours(&place, place.host()).build_config().unwrap();
        let of_ours = ours.key_from_json(payload.as_bytes()).unwrap();
        assert_eq!(of_ours.as_deref(), Some(key.as_str()));
    }
}

async fn mismatch<P: Place>() {
    let place = P::new().await;
    let mut python = Library::with(&place);
    let function = Function {
        key: "id",
        validation: "amount",
        ..Function::HANDLER
    };
    let ours = || function.ours(&place, place.host());
    let mismatch = (false, Err(IdempotencyErrorKind::PayloadMismatch));
    let refused = Outcome::refused("IdempotencyValidationError");

    let first = python
        .call(function, r#"{"id": 1, "amount": 7}"#, "1")
        .await;
    assert_eq!(first, Outcome::ran("1"));
    let told = function
        .call(ours(), r#"{"id": 1, "amount": 8}"#, OTHER)
        .await;
    assert_eq!(told, mismatch);
    let told = function.call(ours(), r#"{"id": 1}"#, OTHER).await;
    assert_eq!(told, mismatch);

    let first = function
        .call(ours(), r#"{"id": 2, "amount": 7}"#, "2")
        .await;
    assert_eq!(first, (true, Ok("2".to_owned())));
    let told = python
        .call(function, r#"{"id": 2, "amount": 7.0}"#, OTHER)
        .await;
    assert_eq!(told, refused);
    // The records are as they were.
    let replayed = python
        .call(function, r#"{"id": 2, "amount": 7}"#, OTHER)
        .await;
    assert_eq!(replayed, Outcome::replayed("2"));
    let replayed = function
        .call(ours(), r#"{"id": 1, "amount": 7}"#, OTHER)
        .await;
    let expected = match P::PYTHON_KEEPS_HASHES {
        true => (false, Ok("1".to_owned())),
        false => mismatch.clone(),
    };
    assert_eq!(replayed, expected);

    // A running call is compared as well.
    let running = python
        .start(function, None, r#"{"id": 3, "amount": 7}"#)
        .await;
    let told = function
        .call(ours(), r#"{"id": 3, "amount": 8}"#, OTHER)
        .await;
    assert_eq!(told, mismatch);
    assert_eq!(python.finish(running, Some("3")).await, Outcome::ran("3"));
}
