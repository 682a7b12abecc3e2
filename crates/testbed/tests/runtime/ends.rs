//! How an invocation ends, and what comes after it.

use std::time::Duration;

use powertools_local::Invoke;
use serde_json::{Value, json};
use testbed::{
    process::Test,
    runtime::{CallKind, Init, Lambda, Report, Status, Stream},
};

use crate::support::{act, event, exists, finish, function};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("an_answer_is_reported_with_its_init_once", an_answer),
        Test::new("every_header_of_an_event_arrives", every_header),
        Test::new(
            "a_function_is_killed_at_its_deadline_and_the_next_one_is_fresh",
            killed_at_the_deadline,
        ),
        Test::new("a_panic_in_call_is_an_error_and_the_process_stays", || {
            a_panic("panic in call", "Lambda panicked: on purpose in call")
        }),
        Test::new("a_panic_in_poll_is_an_error_and_the_process_stays", || {
            a_panic("panic in poll", "Lambda panicked: on purpose in poll")
        }),
        Test::new("an_exit_is_reported_with_its_status", || {
            an_end("exit", "Runtime exited with error: exit status 3")
        }),
        Test::new("an_exit_without_an_error_has_no_reason", || {
            an_end("end", "Runtime exited without providing a reason")
        }),
        Test::new("a_signal_is_reported_with_its_name", || {
            an_end("kill", "Runtime exited with error: signal: killed")
        }),
        Test::new(
            "a_retry_has_the_same_request_id_and_another_invocation_id",
            a_retry,
        ),
        Test::new(
            "invocations_of_one_worker_wait_for_each_other",
            one_at_a_time,
        ),
        Test::new("what_a_function_writes_can_be_waited_for", what_it_writes),
    ]
}

async fn an_answer() {
    let lambda = function("events").start().await;
    let took = lambda.initialised().await.unwrap();

    let first = lambda.invoke(act("echo")).await;
    assert_eq!(first.status(), Status::Success);
    assert_eq!(first.function_error(), None);
    assert_eq!(
        (first.init(), first.init_duration()),
        (Init::Cold, Some(took))
    );
    assert_eq!(first.json::<Value>()["pid"], first.pid().unwrap());
    assert_eq!(first.json::<Value>()["requestId"], first.request_id());
    assert_eq!(first.json::<Value>()["initializationType"], "on-demand");

    let second = lambda.invoke(act("echo")).await;
    assert_eq!((second.init(), second.init_duration()), (Init::Warm, None));
    assert_eq!(second.pid(), first.pid());
    assert_ne!(second.request_id(), first.request_id());
    finish(lambda, &[first.pid()]).await;
}

async fn every_header() {
    let lambda = function("events").memory_size(512).start().await;
    let invoke = act("echo")
        .trace_id("Root=1-a;Sampled=0")
        .function_arn("arn:aws:lambda:eu-west-1:1:function:orders")
        .tenant_id("blue")
        .client_context(r#"{"custom":{"a":"b"}}"#)
        .cognito_identity(r#"{"cognitoIdentityId":"me","cognitoIdentityPoolId":"pool"}"#);

    let report = lambda.invoke(invoke).await;

    let answer: Value = report.json();
    assert_eq!(answer["traceId"], "Root=1-a;Sampled=0");
    assert_eq!(answer["arn"], "arn:aws:lambda:eu-west-1:1:function:orders");
    assert_eq!(answer["tenantId"], "blue");
    assert_eq!(answer["client"], json!({ "a": "b" }));
    assert_eq!(answer["identity"], "me");
    assert_eq!(answer["memory"], 512);
    // And back: the runtime says which attempt it answers.
    let call = lambda.control().call(CallKind::Response, 1).await;
    assert_eq!(call.request_id(), Some(report.request_id()));
    assert_eq!(call.invocation_id(), report.invocation_id());
    finish(lambda, &[]).await;
}

async fn killed_at_the_deadline() {
    let timeout = Duration::from_millis(1_500);
    let lambda = function("events").timeout(timeout).start().await;
    lambda.initialised().await.unwrap();

    let killed = lambda.invoke(act("hang")).await;

    assert_eq!(killed.status(), Status::Timeout);
    assert_eq!(killed.function_error(), Some("Unhandled"));
    let expected = format!(
        r#"{{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: {} Error: Task timed out after 1.50 seconds"}}"#,
        killed.request_id()
    );
    assert_eq!(killed.payload(), &expected);
    assert!(killed.duration() >= timeout, "{:?}", killed.duration());
    next_is_fresh(&lambda, &killed).await;
    assert!(!exists(killed.pid().unwrap()));
    finish(lambda, &[killed.pid()]).await;
}

/// The environment is initialised again inside of the next invocation, and then serves on.
async fn next_is_fresh(lambda: &Lambda, ended: &Report) {
    let next = lambda.invoke(act("echo")).await;
    assert_eq!(
        (next.status(), next.init()),
        (Status::Success, Init::Suppressed)
    );
    assert!(
        next.init_duration()
            .is_some_and(|init| init <= next.duration())
    );
    assert_ne!(next.pid(), ended.pid());

    let after = lambda.invoke(act("echo")).await;
    assert_eq!((after.init(), after.pid()), (Init::Warm, next.pid()));
}

async fn a_panic(what: &'static str, message: &'static str) {
    let lambda = function("panics").start().await;

    let report = lambda.invoke(act(what)).await;

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.function_error(), Some("Unhandled"));
    assert_eq!(report.error_message().as_deref(), Some(message));
    let error = lambda.control().call(CallKind::Error, 1).await;
    assert_eq!(
        error.headers()["lambda-runtime-function-error-type"],
        "unhandled"
    );
    let next = lambda.invoke(act("echo")).await;
    assert_eq!((next.init(), next.pid()), (Init::Warm, report.pid()));
    finish(lambda, &[report.pid()]).await;
}

async fn an_end(what: &'static str, text: &'static str) {
    let lambda = function("events").start().await;

    let report = lambda.invoke(act(what)).await;

    assert_eq!(report.status(), Status::Error);
    let expected = json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": format!("RequestId: {} Error: {text}", report.request_id()),
    });
    assert_eq!(report.json::<Value>(), expected);
    assert!(!report.exit().unwrap().is_init_error());
    next_is_fresh(&lambda, &report).await;
    finish(lambda, &[report.pid()]).await;
}

async fn a_retry() {
    let lambda = function("events").start().await;
    let failed = lambda.invoke(act("fail")).await;
    assert_eq!(failed.error_message().as_deref(), Some("no luck"));

    let retried = lambda.retry(&failed).await;

    assert_eq!(retried.status(), Status::Error);
    assert_eq!(retried.request_id(), failed.request_id());
    assert!(retried.invocation_id().is_some());
    assert_ne!(retried.invocation_id(), failed.invocation_id());
    finish(lambda, &[]).await;
}

async fn one_at_a_time() {
    let lambda = function("events").start().await;
    let mut first = lambda.begin(act("echo")).await;
    first.taken().await.unwrap();

    // The answer is there, but its caller has not let go of the environment.
    let second = lambda.invoke(act("echo"));
    let early = tokio::time::timeout(Duration::from_millis(200), second).await;
    assert!(early.is_err());

    first.report().await;
    assert_eq!(lambda.invoke(act("echo")).await.status(), Status::Success);
    finish(lambda, &[]).await;
}

async fn what_it_writes() {
    let lambda = function("events").start().await;

    let line = lambda.output().wait_for_text("standard error").await;
    assert_eq!(line.stream(), Stream::Stderr);
    assert_eq!(line.text(), "a line on standard error");
    lambda.output().wait_for_text("standard output").await;
    let written = lambda.output().text(Stream::Stdout);
    assert_eq!(written, ["a line on standard output"]);

    // A second process writes to the same place.
    lambda.invoke(act("exit")).await;
    lambda.invoke(event(&json!({}))).await;
    let twice = |line: &testbed::runtime::Line| line.text() == "a line on standard output";
    while lambda
        .output()
        .lines()
        .iter()
        .filter(|line| twice(line))
        .count()
        < 2
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let not_json = lambda.invoke(Invoke::new("no json")).await;
    assert!(
        not_json
            .error_message()
            .unwrap()
            .starts_with("failed to deserialize")
    );
    finish(lambda, &[]).await;
}
