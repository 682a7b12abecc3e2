//! The line: its keys, their order, their values.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use http::{Request, Response};
use lambda_runtime::LambdaEvent;
use powertools_core::{
    Env, Host,
    test_util::{ManualClock, TestContext, http_request},
};
use powertools_logger::{LoggerLayer, append_context_keys, append_key};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    NO_ENV, block_on, builder, called, event, host, invoked, keys, line, logged, only, with_env,
};

async fn handler(_: LambdaEvent<()>) -> Result<(), Infallible> {
    tracing::info!(order = 42, "hello");
    Ok(())
}

#[test]
fn a_line_is_flat_json_in_the_order_of_the_other_languages() {
    let context = TestContext::new("r-1")
        .tenant_id("blue")
        .xray_header("Root=1-2-3;Parent=4;Sampled=1");
    let output = called(builder(), context.event(()), service_fn(handler));
    assert!(output.text().ends_with("}\n"), "{}", output.text());
    assert_eq!(
        keys(&output),
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "cold_start",
            "function_name",
            "function_memory_size",
            "function_arn",
            "function_request_id",
            "tenant_id",
            "order",
            "xray_trace_id",
        ]
    );
    let line = only(&output);
    assert_eq!(
        line,
        json!({
            "level": "INFO",
            "location": line["location"],
            "message": "hello",
            "timestamp": "2023-11-14T22:13:20.500Z",
            "service": "pay",
            "cold_start": true,
            "function_name": "test",
            "function_memory_size": 128,
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:test",
            "function_request_id": "r-1",
            "tenant_id": "blue",
            "order": 42,
            "xray_trace_id": "1-2-3",
        })
    );
}

#[test]
fn keys_stand_by_who_gave_them_and_the_error_behind_the_fields() {
    let all = builder()
        .key("team", "a")
        .sampling_rate(0.0)
        .correlation_id(|_: &LambdaEvent<()>| Some("c-1".to_owned()));
    let request = TestContext::new("r-1").xray_header("Root=1-2-3").event(());
    let output = called(
        all,
        request,
        service_fn(async |_: LambdaEvent<()>| {
            append_key("appended", &1);
            let _scope = append_context_keys(&json!({"scoped": 1}));
            append_key("late", &1);
            tracing::info!(
                error = &std::fmt::Error as &dyn std::error::Error,
                field = 1
            );
            Ok::<_, Infallible>(())
        }),
    );
    assert_eq!(
        keys(&output),
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "sampling_rate",
            "team",
            "cold_start",
            "function_name",
            "function_memory_size",
            "function_arn",
            "function_request_id",
            "correlation_id",
            "appended",
            "scoped",
            "late",
            "field",
            "exception",
            "exception_name",
            "stack_trace",
            "xray_trace_id",
        ]
    );
}

#[test]
fn keys_that_the_invocation_does_not_have_are_absent() {
    let output = called(
        builder(),
        http_request("/", ()),
        service_fn(async |_: Request<()>| {
            tracing::info!("hello");
            Ok::<_, Infallible>(Response::new(()))
        }),
    );
    assert_eq!(
        keys(&output),
        ["level", "location", "message", "timestamp", "service"]
    );
}

#[test]
fn outside_an_invocation_a_line_has_no_keys_of_one() {
    let output = logged(builder(), |_| tracing::info!("init"));
    assert_eq!(
        keys(&output),
        ["level", "location", "message", "timestamp", "service"]
    );
}

#[test]
fn only_the_first_invocation_is_cold() {
    let output = logged(builder(), |logger| {
        for _ in 0..2 {
            block_on(logger.layer(service_fn(handler)).oneshot(event(()))).unwrap();
        }
    });
    let cold: Vec<_> = output
        .json()
        .iter()
        .map(|line| line["cold_start"].clone())
        .collect();
    assert_eq!(cold, [true, false]);
}

#[test]
fn the_location_is_the_module_and_line_of_the_event() {
    let number = line!() + 1;
    let line = line(|| tracing::info!("here"));
    assert_eq!(line["location"], format!("behaviour::shape:{number}"));
}

#[test]
fn the_timestamp_has_milliseconds_and_is_in_utc() {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH);
    let host = host([("TZ", "America/New_York")]).with_clock(clock.shared());
    let output = logged(LoggerLayer::builder().host(host), |_| {
        tracing::info!("a");
        clock.advance(Duration::from_micros(1_234_567));
        tracing::info!("b");
    });
    let [a, b] = output.json().try_into().unwrap();
    assert_eq!(a["timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(b["timestamp"], "1970-01-01T00:00:01.234Z");
}

#[test]
fn a_clock_before_1970_is_no_obstacle() {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
    let host = Host::default().with_clock(clock.shared());
    let output = logged(LoggerLayer::builder().host(host), |_| {
        tracing::info!("hello");
    });
    assert_eq!(only(&output)["timestamp"], "1969-12-31T23:59:59.000Z");
}

#[test]
fn the_service_is_the_given_one_then_the_environments_then_undefined() {
    let env = || with_env([("POWERTOOLS_SERVICE_NAME", "from env")]);
    for (builder, expected) in [
        (env().service("given"), "given"),
        (env(), "from env"),
        (
            with_env([("POWERTOOLS_SERVICE_NAME", "")]),
            "service_undefined",
        ),
        (with_env(NO_ENV), "service_undefined"),
    ] {
        let output = logged(builder, |logger| {
            assert_eq!(logger.service(), expected);
            tracing::info!("hello");
        });
        assert_eq!(only(&output)["service"], expected);
    }
}

#[test]
fn text_beyond_ascii_is_written_as_it_is() {
    let output = logged(builder(), |_| tracing::info!("Grüße, 世界 🦀"));
    assert!(output.text().contains(r#""message":"Grüße, 世界 🦀""#));
}

#[test]
fn line_breaks_and_control_characters_leave_one_line() {
    let output = logged(builder(), |_| {
        tracing::info!(field = "a\r\nb\u{0}", "c\n{}", "\u{1b}[31md");
    });
    assert_eq!(output.text().matches('\n').count(), 1);
    let line = only(&output);
    assert_eq!(line["message"], "c\n\u{1b}[31md");
    assert_eq!(line["field"], "a\r\nb\u{0}");
}

#[test]
fn fields_of_spans_are_not_written() {
    let line = line(|| {
        let span = tracing::info_span!("work", order = 7);
        span.in_scope(|| tracing::info!("hello"));
    });
    assert_eq!(line.get("order"), None);
    assert_eq!(line["message"], "hello");
}

#[test]
fn without_an_id_of_the_invocation_the_trace_id_is_that_of_the_environment_now() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let env = Env::from_fn(move |name| {
        (name == "_X_AMZN_TRACE_ID").then(|| {
            let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            format!("Root=1-{call};Parent=2")
        })
    });
    let host = host(NO_ENV).with_env(env);
    let output = logged(LoggerLayer::builder().host(host), |_| {
        tracing::info!("a");
        tracing::info!("b");
    });
    let [a, b] = output.json().try_into().unwrap();
    assert_ne!(a["xray_trace_id"], b["xray_trace_id"]);
    assert!(a["xray_trace_id"].as_str().unwrap().starts_with("1-"));
}

#[test]
fn the_id_of_the_invocation_comes_before_that_of_the_environment() {
    let request = TestContext::new("r-1").xray_header("Root=1-2-3").event(());
    let env = with_env([("_X_AMZN_TRACE_ID", "Root=1-9-9")]);
    let output = called(env, request, service_fn(handler));
    assert_eq!(only(&output)["xray_trace_id"], "1-2-3");
}

#[test]
fn a_known_trace_id_is_not_for_a_key_to_change() {
    let set = async |_: LambdaEvent<()>| {
        append_key("xray_trace_id", "mine");
        tracing::info!("hello");
        Ok::<_, Infallible>(())
    };
    let request = TestContext::new("r-1").xray_header("Root=1-2-3").event(());
    let known = called(builder(), request, service_fn(set));
    assert_eq!(only(&known)["xray_trace_id"], "1-2-3");
    let unknown = called(builder(), event(()), service_fn(set));
    assert_eq!(only(&unknown)["xray_trace_id"], "mine");
}

#[test]
fn what_lambda_says_of_its_log_format_changes_nothing() {
    let env = with_env([("AWS_LAMBDA_LOG_FORMAT", "Text")]);
    let output = logged(env, |_| tracing::info!("hello"));
    assert_eq!(only(&output)["message"], "hello");
}

#[test]
fn a_field_replaces_the_key_of_its_name_in_its_place() {
    let output = invoked(builder(), async || {
        append_key("order", &1);
        tracing::info!(
            new = 1,
            order = 2,
            service = "other",
            function_request_id = "mine"
        );
    });
    let keys = keys(&output);
    assert_eq!(keys[2..4], ["timestamp", "service"]);
    assert_eq!(keys.iter().filter(|key| *key == "service").count(), 1);
    assert!(
        keys.iter()
            .rev()
            .take(3)
            .eq(["new", "order", "function_request_id"])
    );
    let line = only(&output);
    assert_eq!(line["service"], "other");
    assert_eq!(line["function_request_id"], "mine");
    assert_eq!(line["function_name"], "test");
    assert_eq!(line["order"], 2);
}
