//! Streams and what ends them.

use std::time::Duration;

use http::StatusCode;
use powertools_local::Invoke;
use serde_json::json;
use testbed::{
    process::Test,
    runtime::{CallKind, Init, Lambda, Status},
};
use tokio::net::TcpListener;

use crate::support::{event, finish, function};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_stream_is_read_while_it_arrives", a_stream),
        Test::new(
            "an_abort_in_mid_stream_is_a_success_with_its_error",
            an_abort,
        ),
        Test::new("a_crash_in_mid_stream_is_an_exit_error", a_crash),
        Test::new("a_deadline_in_mid_stream_is_a_timeout", a_deadline),
    ]
}

/// Where a stream waits in its middle.
async fn gate(what: &str) -> (TcpListener, Invoke) {
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gate.local_addr().unwrap().to_string();
    (gate, event(&json!({ "do": what, "gate": address })))
}

/// Lets it go on: the connection ends.
async fn open(gate: &TcpListener) {
    drop(gate.accept().await.unwrap());
}

async fn next_works(lambda: Lambda, init: Init) {
    let (gate, invoke) = gate("end").await;
    let (report, _) = tokio::join!(lambda.invoke(invoke), open(&gate));
    assert_eq!((report.status(), report.init()), (Status::Success, init));
    assert_eq!(report.payload(), "onetwo");
    finish(lambda, &[report.pid()]).await;
}

async fn a_stream() {
    let lambda = function("stream").start().await;
    let (gate, invoke) = gate("end").await;
    let mut stream = lambda.begin(invoke).await;

    let head = stream.head().await.unwrap();
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.headers["content-type"], "application/octet-stream");
    assert_eq!(stream.next().await.unwrap(), "one");
    // Only now is there more.
    open(&gate).await;
    assert_eq!(stream.next().await.unwrap(), "two");
    assert_eq!(stream.next().await, None);

    let report = stream.report().await;
    assert_eq!(report.status(), Status::Success);
    assert!(report.stream_error().is_none());
    let call = lambda.control().call(CallKind::Response, 1).await;
    let mode = "lambda-runtime-function-response-mode";
    assert_eq!(call.headers()[mode], "streaming");
    let trailers = call.headers().get_all("trailer").iter().count();
    assert_eq!(trailers, 2);
    next_works(lambda, Init::Warm).await;
}

async fn an_abort() {
    let lambda = function("stream").start().await;
    let (gate, invoke) = gate("abort").await;
    let (report, _) = tokio::join!(lambda.invoke(invoke), open(&gate));

    // `lambda_runtime` writes the error into the body, where Lambda does not look for it.
    assert_eq!(report.status(), Status::Success);
    assert_eq!(report.function_error(), None);
    let error = report.stream_error().unwrap();
    assert!(error.is_in_body());
    assert_eq!(error.error_type, "Runtime.StreamError");
    assert!(!error.body.is_empty());
    assert!(report.payload().starts_with(b"one"));
    next_works(lambda, Init::Warm).await;
}

async fn a_crash() {
    let lambda = function("stream").start().await;
    let (gate, invoke) = gate("exit").await;
    let mut stream = lambda.begin(invoke).await;
    // What is not on its way before the crash never arrives.
    assert_eq!(stream.next().await.unwrap(), "one");
    open(&gate).await;

    let report = stream.report().await;

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.error_type().as_deref(), Some("Runtime.ExitError"));
    let message = report.error_message().unwrap();
    assert!(message.ends_with("exit status 3"), "{message}");
    assert!(report.stream_head().is_some());
    next_works(lambda, Init::Suppressed).await;
}

async fn a_deadline() {
    let timeout = Duration::from_millis(1_500);
    let lambda = function("stream").timeout(timeout).start().await;
    lambda.initialised().await.unwrap();
    let (gate, invoke) = gate("hang").await;
    let mut stream = lambda.begin(invoke).await;
    assert_eq!(stream.next().await.unwrap(), "one");
    open(&gate).await;

    let report = stream.report().await;

    assert_eq!(report.status(), Status::Timeout);
    assert_eq!(report.error_type().as_deref(), Some("Sandbox.Timedout"));
    assert!(report.duration() >= timeout, "{:?}", report.duration());
    next_works(lambda, Init::Suppressed).await;
}
