//! The order of keys as the builder sets it.

use powertools_core::test_util::TestContext;
use powertools_logger::append_key;
use serde_json::json;
use tower::service_fn;

use crate::support::{builder, called, invoked, keys, logged, only};

#[test]
fn named_keys_stand_first_then_the_rest_of_the_usual_four_then_all_others() {
    let ordered = builder().key_order(["message", "team", "service", "function_name", "id"]);
    let output = invoked(ordered, async || {
        append_key("team", "a");
        append_key("other", &1);
        tracing::info!(id = 7, "hello");
    });
    assert_eq!(
        keys(&output),
        [
            "message",
            "team",
            "service",
            "function_name",
            "id",
            "level",
            "location",
            "timestamp",
            "cold_start",
            "function_memory_size",
            "function_arn",
            "function_request_id",
            "other",
        ]
    );
}

#[test]
fn a_name_without_a_value_is_left_out() {
    let output = logged(builder().key_order(["nope", "level"]), |_| {
        tracing::info!("hello");
    });
    assert_eq!(
        keys(&output),
        ["level", "location", "message", "timestamp", "service"]
    );
}

#[test]
fn a_name_that_is_given_twice_is_written_once() {
    let ordered = builder().key_order(["level", "id", "service", "id", "level", "service"]);
    let output = logged(ordered, |_| tracing::info!(id = 1));
    assert_eq!(
        keys(&output),
        ["level", "id", "service", "location", "timestamp"]
    );
}

#[test]
fn a_name_that_needs_an_escape_has_its_place_too() {
    let output = invoked(builder().key_order(["a\"b", "level"]), async || {
        append_key("a\"b", &1);
        tracing::info!("hello");
    });
    assert_eq!(keys(&output)[..2], ["a\"b", "level"]);
}

#[test]
fn the_trace_id_can_stand_first() {
    let request = TestContext::new("r-1").xray_header("Root=1-2-3").event(());
    let handler = service_fn(async |_| {
        tracing::info!("hello");
        Ok::<_, std::convert::Infallible>(())
    });
    let output = called(builder().key_order(["xray_trace_id"]), request, handler);
    let keys = keys(&output);
    assert_eq!(keys[..2], ["xray_trace_id", "level"]);
    assert_eq!(keys.iter().filter(|key| *key == "xray_trace_id").count(), 1);
}

#[test]
fn the_keys_of_an_error_can_stand_first() {
    let ordered = builder().key_order(["exception_name", "stack_trace", "level"]);
    let output = invoked(ordered, async || {
        append_key("stack_trace", "mine");
        let error: &dyn std::error::Error = &std::fmt::Error;
        tracing::error!(error, "failed");
    });
    let keys = keys(&output);
    assert_eq!(keys[..3], ["exception_name", "stack_trace", "level"]);
    assert_eq!(
        keys.iter().filter(|key| *key == "exception_name").count(),
        1
    );
    assert_eq!(keys.iter().filter(|key| *key == "stack_trace").count(), 1);
    let line = only(&output);
    assert_eq!(line["exception_name"], "Error");
    assert_eq!(line["stack_trace"]["type"], "Error");
}

#[test]
fn keys_of_the_logger_follow_the_service_and_keep_their_order() {
    let given = builder()
        .keys(json!({"b": 1, "a": {"c": [1, null]}}))
        .key("d", 1.5);
    let output = logged(given, |_| tracing::info!(b = 2));
    assert_eq!(
        keys(&output),
        ["level", "location", "timestamp", "service", "a", "b", "d"]
    );
    let line = only(&output);
    assert_eq!(line["a"], json!({"c": [1, null]}));
    assert_eq!(line["b"], 2);
    assert_eq!(line["d"], 1.5);
}

#[test]
fn a_key_of_the_logger_that_is_too_large_is_cut_and_those_behind_it_stay() {
    let long = vec!["a".repeat(10); 9];
    let given = builder()
        .max_field_bytes(30)
        .keys(json!({"first": {"deep": [long]}, "second": 2}));
    let output = logged(given, |_| tracing::info!("hello"));
    let line = only(&output);
    assert!(line["first"].to_string().contains("[cut]"), "{line}");
    assert_eq!(line["second"], 2);
}

#[test]
fn a_key_of_the_logger_that_is_null_switches_a_key_off() {
    let off = ["location", "timestamp", "service", "xray_trace_id", "level"];
    let mut quiet = builder();
    for name in off {
        quiet = quiet.key(name, ());
    }
    let request = TestContext::new("r-1").xray_header("Root=1-2-3").event(());
    let handler = service_fn(async |_| {
        tracing::info!("hello");
        Ok::<_, std::convert::Infallible>(())
    });
    let output = called(quiet, request, handler);
    let keys = keys(&output);
    assert!(keys.contains(&"message".to_owned()));
    assert!(
        off.iter().all(|off| keys.iter().all(|key| key != off)),
        "{keys:?}"
    );
}

#[test]
fn keys_of_the_logger_that_cannot_be_used_are_an_error_when_built() {
    let refused = |builder: powertools_logger::LoggerBuilder| {
        let error = builder.build().unwrap_err();
        assert!(error.is_key(), "{error}");
        error.to_string()
    };
    for name in ["level", "location", "message", "timestamp"] {
        assert!(refused(builder().key(name, "x")).contains("null switches one off"));
    }
    for keys in [json!([1]), json!("text"), json!(1), json!(null)] {
        assert!(refused(builder().keys(keys)).contains("a struct or a map"));
    }
    // What `serde_json` cannot write.
    refused(builder().keys(std::collections::BTreeMap::from([((1, 2), 3)])));
}
