//! The event as a line of its own.

use std::{collections::BTreeMap, convert::Infallible, error::Error};

use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    Record,
    test_util::{CapturedOutput, TestContext, http_request},
};
use powertools_logger::{CorrelationIdPath, LoggerBuilder, WholeEvent};
use serde::Serialize;
use serde_json::{Value, json};
use tower::{BoxError, service_fn};
use tracing::Level;

use crate::support::{builder, called, event, keys_of, only, with_env};

const LOG_EVENT: &str = "POWERTOOLS_LOGGER_LOG_EVENT";

async fn quiet<T>(_: LambdaEvent<T>) -> Result<(), Infallible> {
    Ok(())
}

fn logged_event<C, T: Serialize>(builder: LoggerBuilder<C>, payload: T) -> CapturedOutput
where
    C: powertools_core::Extract<LambdaEvent<T>> + Clone,
{
    called(
        builder.log_event(true),
        event(payload),
        service_fn(quiet::<T>),
    )
}

fn written(builder: LoggerBuilder<powertools_core::NoExtract, WholeEvent>) -> usize {
    called(builder, event(json!({"a": 1})), service_fn(quiet))
        .json()
        .len()
}

#[test]
fn the_event_is_the_message_of_the_first_line_with_all_keys() {
    let payload = json!({"id": "a", "list": [1, {"deep": null}]});
    let keyed = builder().correlation_id(CorrelationIdPath::EVENT_BRIDGE);
    let output = logged_event(keyed, &payload);
    let line = only(&output);
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], payload);
    assert_eq!(line["location"], "powertools_logger");
    assert_eq!(line["correlation_id"], "a");
    assert_eq!(line["function_request_id"], "r-1");
    assert_eq!(
        keys_of(&output.text())[..5],
        ["level", "location", "message", "timestamp", "service"]
    );
}

#[test]
fn it_follows_the_level() {
    let output = logged_event(builder().level(Level::WARN), json!({}));
    assert!(output.text().is_empty());
}

#[test]
fn the_switch_in_code_comes_before_that_in_the_environment() {
    for (word, on, lines) in [
        ("true", None, 1),
        ("1", None, 1),
        ("off", None, 0),
        ("", None, 0),
        ("true", Some(false), 0),
        ("false", Some(true), 1),
        // Nobody asks for the word.
        ("maybe", Some(true), 1),
    ] {
        let builder = with_env([(LOG_EVENT, word)]).log_event(on);
        assert_eq!(written(builder), lines, "{word} {on:?}");
    }
}

#[test]
fn a_word_that_is_no_boolean_is_an_error_when_built() {
    for name in [LOG_EVENT, "POWERTOOLS_DEV"] {
        let error = with_env([(name, "s3cret")]).build().unwrap_err();
        assert!(error.is_env());
        assert_eq!(error.env_name(), Some(name));
        let source = error.source().unwrap().to_string();
        assert!(source.contains("true, on, 0"), "{source}");
        assert!(!source.contains("s3cret"));
    }
}

#[test]
fn a_logger_that_was_not_told_how_to_show_an_event_says_so() {
    let output = called(
        with_env([(LOG_EVENT, "true")]),
        event(()),
        service_fn(quiet),
    );
    let line = only(&output);
    assert_eq!(line["level"], "WARN");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("log_event(None)"), "{message}");
}

#[test]
fn at_the_runtime_level_the_raw_event_is_shown_if_it_is_json() {
    let shown = |body: &'static str| {
        let service = service_fn(async |_: LambdaInvocation| Ok::<_, BoxError>(()));
        let request = TestContext::new("r-1").invocation(body);
        only(&called(builder().log_event(true), request, service))["message"].clone()
    };
    assert_eq!(shown("{\"a\":\n [1]}"), json!({"a": [1]}));
    assert_eq!(shown("{\"cookie\": \"s3cret\"}"), json!({"cookie": "***"}));
    for no_json in ["", "{", "s3cret", "{} {}"] {
        assert_eq!(shown(no_json), "the event cannot be shown as JSON");
    }
}

#[test]
fn at_the_http_level_the_head_is_shown_without_the_body() {
    let request = Request::put("/orders?a=b")
        .header("Authorization", "s3cret")
        .header("x-order", "7")
        .body("s3cret body")
        .unwrap();
    let service =
        service_fn(async |_: Request<&'static str>| Ok::<_, Infallible>(Response::new(())));
    let output = called(builder().log_event(true), request, service);
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    let message = &only(&output)["message"];
    assert_eq!(message["httpMethod"], "PUT");
    assert_eq!(
        message["headers"],
        json!({"authorization": "***", "x-order": "7"})
    );
    assert_eq!(message["multiValueHeaders"]["authorization"], "***");
    assert_eq!(message["body"], Value::Null);
}

#[test]
fn a_record_is_shown() {
    let record = Record::batch(vec![json!({"id": 1})]).next().unwrap();
    let service = service_fn(async |_: Record<Value>| Ok::<_, Infallible>(()));
    let output = called(builder().log_event(true), record, service);
    assert_eq!(only(&output)["message"], json!({"id": 1}));
}

#[test]
fn names_on_the_list_are_hidden_at_any_depth() {
    let listed = builder().redact(["card", "client_secret"]);
    let payload = json!({
        "card": {"number": "s3cret"},
        "list": [{"Set-Cookie": ["s3cret"], "CARD": "s3cret", "kept": 1}],
        "deep": {"deeper": {"Client-Secret": "s3cret", "x_api_key": "s3cret"}},
    });
    let output = logged_event(listed, payload);
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    assert_eq!(
        only(&output)["message"],
        json!({
            "card": "***",
            "list": [{"Set-Cookie": "***", "CARD": "***", "kept": 1}],
            "deep": {"deeper": {"Client-Secret": "***", "x_api_key": "***"}},
        })
    );
}

#[test]
fn a_text_that_holds_json_is_one_text() {
    let body = r#"{"cookie":"in a text"}"#;
    let output = logged_event(builder(), json!({"body": body}));
    assert_eq!(only(&output)["message"]["body"], body);
}

#[test]
fn an_event_that_cannot_be_serialized_is_said_so_and_the_handler_answers() {
    let output = logged_event(builder(), BTreeMap::from([((1, 2), "s3cret")]));
    let line = only(&output);
    assert_eq!(line["message"], "the event cannot be shown as JSON");
}

#[test]
fn a_function_of_ones_own_says_what_is_shown() {
    struct NoSerialize(u8);
    let shown = |event: &LambdaEvent<NoSerialize>| Some(format!("order {}", event.payload.0));
    let own = builder().log_event_as(true, shown);
    let output = called(own, event(NoSerialize(7)), service_fn(quiet));
    assert_eq!(only(&output)["message"], "order 7");
    let nothing = builder().log_event_as(true, |_: &LambdaEvent<()>| None);
    let output = called(nothing, event(()), service_fn(quiet));
    assert_eq!(
        only(&output)["message"],
        "the event cannot be shown as JSON"
    );
}

#[test]
fn an_event_deeper_than_any_reader_bears_and_a_large_one_are_cut() {
    let deep = (0..300).fold(json!("bottom"), |inner, _| json!({"a": inner}));
    let output = logged_event(builder(), deep);
    assert!(output.text().contains("[too deep]"));
    let large = json!({"first": 1, "list": vec!["a".repeat(1000); 100]});
    let output = logged_event(builder(), large);
    let line = only(&output);
    assert_eq!(line["message"]["first"], 1);
    assert!(line["message"].to_string().contains("[cut]"));
    assert!(output.text().len() < 70 * 1024);
}

#[test]
fn a_request_that_the_inner_service_never_sees_twice_is_untouched() {
    let service = service_fn(async |request: Request<&'static str>| {
        assert_eq!(*request.body(), "body");
        Ok::<_, Infallible>(Response::new(()))
    });
    let output = called(
        builder().log_event(true),
        http_request("/", "body"),
        service,
    );
    assert_eq!(output.json().len(), 1);
}
