//! Keys of an invocation: appended, removed, cleared.

use std::{collections::BTreeMap, convert::Infallible};

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_logger::{
    append_key, append_keys, clear_state, correlation_id, remove_keys, set_correlation_id,
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, info};

use crate::support::{block_on, builder, event, invoked, keys_of, logged, only};

const FIRST: usize = 5;

/// What stands behind the keys that every line of `r-1` has.
fn added(line: &str) -> Vec<String> {
    let context = [
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
    ];
    let mut keys = keys_of(line);
    keys.retain(|key| !context.contains(&key.as_str()));
    keys.split_off(FIRST)
}

#[test]
fn appended_keys_are_there_to_the_end_of_the_invocation_and_no_longer() {
    #[derive(Serialize)]
    struct Order {
        id: u8,
        customer: &'static str,
    }
    let output = logged(builder(), |logger| {
        let mut first = true;
        let service = logger.layer(service_fn(move |_: LambdaEvent<()>| {
            let first = std::mem::take(&mut first);
            async move {
                if first {
                    info!("before");
                    append_keys(&Order {
                        id: 7,
                        customer: "c",
                    });
                    append_key("items", &2);
                }
                info!("a");
                info!("b");
                Ok::<_, Infallible>(())
            }
        }));
        let mut service = service;
        for id in ["r-1", "r-2"] {
            let event = TestContext::new(id).event(());
            block_on(tower::Service::call(&mut service, event)).unwrap();
        }
        info!("after");
    });
    let text = output.text();
    let lines: Vec<_> = text.lines().map(added).collect();
    let all = ["id", "customer", "items"];
    assert_eq!(lines[1], all);
    assert_eq!(lines[2], all);
    for other in [0, 3, 4, 5] {
        assert!(lines[other].is_empty(), "{:?}", lines[other]);
    }
}

#[test]
fn a_key_that_is_set_again_keeps_its_place() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"a": 1, "b": 2}));
        append_keys(&json!({"c": 3, "a": 4}));
        info!("hello");
    });
    assert_eq!(added(&output.text()), ["a", "b", "c"]);
    assert_eq!(only(&output)["a"], 4);
}

#[test]
fn null_hides_a_key_until_it_is_set_again_in_its_old_place() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"a": 1, "b": 2}));
        append_key("a", &());
        info!("hidden");
        append_key("a", &3);
        info!("shown");
    });
    let text = output.text();
    let lines: Vec<_> = text.lines().map(added).collect();
    assert_eq!(lines[0], ["b"]);
    assert_eq!(lines[1], ["a", "b"]);
}

#[test]
fn values_inside_a_key_keep_their_nulls_and_falsy_values_stay() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"a": {"b": null}, "zero": 0, "no": false, "empty": "", "list": []}));
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line["a"], json!({"b": null}));
    assert_eq!(line["zero"], 0);
    assert_eq!(line["no"], false);
    assert_eq!(line["empty"], "");
    assert_eq!(line["list"], json!([]));
}

#[test]
fn keys_that_every_line_has_can_be_replaced_but_for_four() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"function_name": "mine", "service": "mine", "sampling_rate": 9}));
        append_keys(&json!({"level": 1, "location": 1, "message": 1, "timestamp": 1, "kept": 1}));
        append_key("level", "again");
        info!("hello");
    });
    let [warning, line] = output.json().try_into().unwrap();
    assert_eq!(warning["level"], "WARN");
    assert_eq!(
        warning["message"],
        "keys named level, location, message and timestamp are the logger's own; they are dropped"
    );
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "hello");
    assert_eq!(line["function_name"], "mine");
    assert_eq!(line["service"], "mine");
    assert_eq!(line["sampling_rate"], 9);
    assert_eq!(line["kept"], 1);
    let last = output.text();
    let keys = keys_of(last.lines().last().unwrap());
    assert_eq!(keys[4..6], ["service", "sampling_rate"]);
    assert_eq!(keys[7], "function_name");
}

#[test]
fn keys_of_every_line_can_be_switched_off_by_null_or_removed_and_come_back() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"location": null, "level": null}));
        remove_keys(["timestamp", "service", "cold_start", "unknown"]);
        info!("without");
        clear_state();
        info!("with");
    });
    let text = output.text();
    let lines: Vec<_> = text.lines().map(keys_of).collect();
    assert_eq!(
        lines[0],
        [
            "message",
            "function_name",
            "function_memory_size",
            "function_arn",
            "function_request_id",
        ]
    );
    assert_eq!(
        lines[1][..6],
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "cold_start"
        ]
    );
}

#[test]
fn a_message_that_is_removed_stands_behind_the_fields() {
    let output = invoked(builder(), async || {
        remove_keys(["message"]);
        info!(id = 1, "hello");
    });
    let keys = keys_of(&output.text());
    assert!(keys.ends_with(&["id", "message"].map(ToOwned::to_owned)));
    assert_eq!(keys.iter().filter(|key| *key == "message").count(), 1);
    assert_eq!(only(&output)["message"], "hello");
}

#[test]
fn a_removed_key_loses_its_place() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"a": 1, "b": 2}));
        remove_keys(["a"]);
        append_key("a", &3);
        info!("hello");
    });
    assert_eq!(added(&output.text()), ["b", "a"]);
}

#[test]
fn clearing_takes_what_was_appended_and_leaves_what_the_logger_and_the_invocation_have() {
    let keyed = builder().key("team", "a");
    let output = invoked(keyed, async || {
        append_keys(&json!({"a": 1, "team": "b", "function_name": "mine"}));
        set_correlation_id("c-1");
        clear_state();
        info!("hello");
        assert_eq!(correlation_id(), None);
    });
    let line = only(&output);
    assert_eq!(added(&output.text()), ["team"]);
    assert_eq!(line["team"], "a");
    assert_eq!(line["function_name"], "test");
    assert_eq!(line["function_request_id"], "r-1");
}

#[test]
fn the_correlation_id_is_a_key_that_can_be_set_and_read() {
    let output = invoked(builder(), async || {
        assert_eq!(correlation_id(), None);
        set_correlation_id("a \"quoted\" id");
        assert_eq!(correlation_id().as_deref(), Some("a \"quoted\" id"));
        info!("hello");
        append_key("correlation_id", &json!({"n": 1}));
        assert_eq!(correlation_id().as_deref(), Some(r#"{"n":1}"#));
        append_key("correlation_id", &());
        assert_eq!(correlation_id(), None);
    });
    assert_eq!(only(&output)["correlation_id"], "a \"quoted\" id");
}

#[test]
fn keys_that_have_no_names_are_dropped_with_one_warning() {
    let output = invoked(builder(), async || {
        append_keys(&[1, 2]);
        append_keys("text");
        append_keys(&None::<u8>);
        info!("hello");
    });
    let [warning, line] = output.json().try_into().unwrap();
    assert_eq!(
        warning["message"],
        "keys must be a struct or a map that can be serialized; they are dropped"
    );
    assert_eq!(line["message"], "hello");
}

#[test]
fn a_key_whose_value_cannot_be_serialized_is_a_mark() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("s3cret"))
        }
    }
    let output = invoked(builder(), async || {
        append_key("fails", &Fails);
        append_keys(&BTreeMap::from([((1, 2), 3)]));
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line["fails"], "[cannot be serialized]");
    // The name was no text.
    assert_eq!(line["[key]"], true);
    assert!(!output.text().contains("s3cret"));
}

#[test]
fn a_name_of_more_than_256_bytes_is_cut() {
    let output = invoked(builder(), async || {
        append_key(&"n".repeat(257), &1);
        append_key(&"m".repeat(256), &2);
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line[format!("{}…[cut]", "n".repeat(256))], 1);
    assert_eq!(line["m".repeat(256)], 2);
}

#[test]
fn a_key_whose_value_logs_is_no_obstacle() {
    struct Logs;
    impl Serialize for Logs {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            append_key("inner", &1);
            info!("inner");
            serializer.serialize_u8(7)
        }
    }
    let output = invoked(builder(), async || {
        append_key("outer", &Logs);
        info!("outer");
    });
    let [inner, outer] = output.json().try_into().unwrap();
    assert_eq!(inner["inner"], 1);
    assert_eq!(outer["outer"], 7);
    assert_eq!(outer["inner"], 1);
}

#[test]
fn outside_of_an_invocation_nothing_is_appended() {
    let output = logged(builder(), |_| {
        append_key("a", &1);
        remove_keys(["service"]);
        set_correlation_id("c");
        clear_state();
        assert_eq!(correlation_id(), None);
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line.get("a"), None);
    assert_eq!(line["service"], "pay");
    assert_eq!(line.get("correlation_id"), None);
}

#[test]
fn where_no_logger_is_installed_nothing_happens() {
    let probe = powertools_core::test_util::ProbeLayer::default();
    let handler = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        append_key("a", &1);
        set_correlation_id("c");
        Ok::<_, Infallible>(correlation_id())
    }));
    assert_eq!(block_on(handler.oneshot(event(()))), Ok(None));
}

#[test]
fn keys_are_appended_where_another_layer_has_begun_the_invocation() {
    let output = logged(builder().key("team", "a"), |_| {
        let probe = powertools_core::test_util::ProbeLayer::default();
        let handler = probe.layer(service_fn(async |_: LambdaEvent<()>| {
            append_key("order", &1);
            info!("hello");
            Ok::<_, Infallible>(())
        }));
        block_on(handler.oneshot(event(()))).unwrap();
    });
    let line = only(&output);
    assert_eq!(line["team"], "a");
    assert_eq!(line["order"], 1);
    assert_eq!(line["function_request_id"], "r-1");
}

#[test]
fn a_task_of_the_invocation_appends_to_it() {
    let output = invoked(builder(), async || {
        powertools_core::spawn(async { append_key("task", &1) })
            .await
            .unwrap();
        let span = tracing::Span::current();
        let bare = async { append_key("bare", &1) }.instrument(span);
        tokio::spawn(bare).await.unwrap();
        info!("hello");
    });
    let line = only(&output);
    assert_eq!(line["task"], 1);
    assert_eq!(line["bare"], 1);
}
