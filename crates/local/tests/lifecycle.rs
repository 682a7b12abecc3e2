//! The life of a function: its initialisation, its snapshot, its streams, its end.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use powertools_local::{FunctionProcess, Invoke, Reply, RuntimeApi, ShutdownReason, StreamEnd};
use serde_json::{Value, json};
use support::{
    client::{self, NEXT},
    function::KIND,
    test,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, timeout},
};

const REGISTER: &str = "POST /2020-01-01/extension/register";
const EVENT: &str = "GET /2020-01-01/extension/event/next";
const RESPONSE: &str = "POST /2018-06-01/runtime/invocation/a/response";
const STREAMING: [&str; 3] = [
    "transfer-encoding: chunked",
    "lambda-runtime-function-response-mode: streaming",
    "trailer: lambda-runtime-function-error-type",
];

fn main() {
    support::main(|| {
        vec![
            test("a_stream_is_seen_while_it_arrives", a_live_stream),
            test("a_stream_that_breaks_off_is_an_error", a_broken_stream),
            test(
                "a_stream_ends_with_its_deadline",
                a_stream_past_its_deadline,
            ),
            test(
                "a_response_mode_that_nobody_knows_is_an_error",
                a_wrong_mode,
            ),
            test("a_request_can_be_answered_by_hand", a_request_by_hand),
            test("an_extension_is_refused_as_lambda_refuses_it", refusals),
            test("an_init_that_takes_too_long_is_ended", an_init_timeout),
            test(
                "a_function_goes_on_from_its_snapshot_when_it_is_restored",
                a_restore,
            ),
            test("a_hook_that_fails_is_a_restore_error", a_restore_error),
            test("a_hook_that_hangs_is_ended", a_restore_timeout),
            test(
                "without_an_extension_a_shut_down_kills_at_once",
                without_an_extension,
            ),
            #[cfg(unix)]
            test(
                "with_an_extension_the_hook_runs_before_the_end",
                with_an_extension,
            ),
            test(
                "an_external_extension_hears_of_invocations_and_of_the_end",
                an_external_extension,
            ),
        ]
    });
}

fn event() -> Invoke {
    Invoke::new("{}")
        .request_id("a")
        .timeout(Duration::from_secs(60))
}

async fn a_live_stream() {
    let api = RuntimeApi::bind().await.unwrap();
    let mut reply = api.invoke_streaming(event());
    let taken = client::send(api.address(), NEXT, &[], b"").await;
    let id = taken.header("lambda-runtime-invocation-id");
    assert_eq!(Some(reply.taken().await.unwrap().invocation_id()), id);

    let mut headers = STREAMING.to_vec();
    headers.push("content-type: application/vnd.awslambda.http-integration-response");
    let first = b"18\r\n{\"statusCode\":201}\0\0\0\0\0\0\r\n4\r\n\0\0on\r\n";
    let mut sending = client::begin(api.address(), RESPONSE, &headers, first).await;
    assert_eq!(reply.head().await.unwrap().status, StatusCode::CREATED);
    assert_eq!(reply.next().await.unwrap(), "on");
    // Only now is there more.
    sending.write_all(b"2\r\ne!\r\n").await.unwrap();
    assert_eq!(reply.next().await.unwrap(), "e!");
    sending.write_all(b"0\r\n\r\n").await.unwrap();

    assert_eq!(reply.next().await, None);
    assert_eq!(reply.end().await, StreamEnd::Complete);
    assert_eq!(client::receive(sending).await.status, 202);
}

async fn a_broken_stream() {
    let api = RuntimeApi::bind().await.unwrap();
    let mut reply = api.invoke_streaming(event());
    client::send(api.address(), NEXT, &[], b"").await;
    let sending = client::begin(api.address(), RESPONSE, &STREAMING, b"3\r\none\r\n").await;
    assert_eq!(reply.next().await.unwrap(), "one");

    drop(sending);

    let StreamEnd::Reply(Reply::Error { error_type, .. }) = reply.end().await else {
        panic!("not an error");
    };
    assert_eq!(error_type.as_deref(), Some("Runtime.TruncatedResponse"));
}

async fn a_stream_past_its_deadline() {
    let api = RuntimeApi::bind().await.unwrap();
    let mut reply = api.invoke_streaming(event().timeout(Duration::from_millis(300)));
    client::send(api.address(), NEXT, &[], b"").await;
    let mut sending = client::begin(api.address(), RESPONSE, &STREAMING, b"3\r\none\r\n").await;
    assert_eq!(reply.next().await.unwrap(), "one");

    assert_eq!(reply.end().await, StreamEnd::TimedOut);
    sending.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(client::receive(sending).await.status, 400);
}

async fn a_wrong_mode() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = tokio::spawn(api.invoke(event()));
    client::send(api.address(), NEXT, &[], b"").await;
    let mode = ["lambda-runtime-function-response-mode: whatever"];

    let sent = client::send(api.address(), RESPONSE, &mode, b"{}").await;

    assert_eq!(sent.status, 400);
    assert_eq!(sent.json()["errorType"], "InvalidFunctionResponseMode");
    let error: Value = reply.await.unwrap().json().unwrap();
    assert_eq!(error["errorType"], "Runtime.InvalidResponseModeHeader");
}

async fn a_request_by_hand() {
    let api = RuntimeApi::bind_intercepted(async |request| {
        let refused = request.headers.contains_key("x-refuse-me");
        refused.then(|| {
            let mut response = Response::new(Bytes::from_static(b"by hand"));
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            response
        })
    })
    .await
    .unwrap();
    let reply = tokio::spawn(api.invoke(event()));
    client::send(api.address(), NEXT, &[], b"").await;

    let refused = client::send(api.address(), RESPONSE, &["x-refuse-me: 1"], b"1").await;
    assert_eq!((refused.status, refused.text()), (418, "by hand"));
    let accepted = client::send(api.address(), RESPONSE, &[], b"2").await;
    assert_eq!(accepted.status, 202);
    assert_eq!(reply.await.unwrap().body().unwrap(), "2");
}

async fn refusals() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().env(KIND, "init-hang");
    let function = function.spawn(&api).unwrap();
    let address = function.address();
    let refused = async |start: &str, headers: &[&str], body: &[u8]| {
        let answer = client::send(address, start, headers, body).await;
        assert_eq!(answer.status, 403);
        answer.json()["errorType"].as_str().unwrap().to_owned()
    };
    let name = "lambda-extension-name: one";

    assert_eq!(
        refused(REGISTER, &[], b"{}").await,
        "Extension.InvalidExtensionName"
    );
    assert_eq!(
        refused(REGISTER, &[name], br#"{"events":["SHUTDOWN"]}"#).await,
        "Extension.InvalidEventType"
    );
    let unknown = "lambda-extension-identifier: 00000000-0000-4000-8000-000000000000";
    for (header, error) in [
        ("x: y", "Extension.MissingExtensionIdentifier"),
        (
            "lambda-extension-identifier: me",
            "Extension.InvalidExtensionIdentifier",
        ),
        (unknown, "Extension.UnknownExtensionIdentifier"),
    ] {
        assert_eq!(refused(EVENT, &[header], b"").await, error);
    }
    let id = register(address, "one", &["INVOKE"]).await;
    let exit = "POST /2020-01-01/extension/exit/error";
    assert_eq!(refused(exit, &[&id], b"").await, "Extension.MissingHeader");
}

/// The header with its identifier.
async fn register(address: SocketAddr, name: &str, events: &[&str]) -> String {
    let name = format!("lambda-extension-name: {name}");
    let feature = "lambda-extension-accept-feature: accountId";
    let body = json!({ "events": events }).to_string();
    let registered = client::send(address, REGISTER, &[&name, feature], body.as_bytes()).await;
    assert_eq!(registered.status, 200);
    assert_eq!(registered.json()["accountId"], "123456789012");
    let id = registered.header("lambda-extension-identifier").unwrap();
    format!("lambda-extension-identifier: {id}")
}

async fn an_init_timeout() {
    let api = RuntimeApi::bind().await.unwrap();
    let started = Instant::now();
    let function = FunctionProcess::builder()
        .env(KIND, "init-hang")
        .init_timeout(Duration::from_millis(400))
        .spawn(&api)
        .unwrap();

    let exit = function.initialised().await.unwrap_err();

    assert!(started.elapsed() >= Duration::from_millis(400));
    assert!(exit.is_init_timeout() && exit.is_init_error());
    #[cfg(unix)]
    assert_eq!(exit.status().unwrap().code(), None, "killed by a signal");
    assert!(!support::exists(function.id().unwrap()));
}

async fn a_restore() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "snap-start")
        .snap_start(true)
        .spawn(&api)
        .unwrap();
    let reply = tokio::spawn(api.invoke(event()));
    function.initialised().await.unwrap();
    assert!(!reply.is_finished());

    function.restore().await.unwrap();

    let answer: Value = reply.await.unwrap().json().unwrap();
    assert_eq!(answer["initializationType"], "snap-start");
    assert_eq!(answer["logGroup"], "");
    assert_eq!(answer["pid"], function.id().unwrap());
}

async fn a_restore_error() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "snap-start-error")
        .snap_start(true)
        .stderr(io::pipe().unwrap().1)
        .spawn(&api)
        .unwrap();

    let exit = function.restore().await.unwrap_err();

    let error: Value = serde_json::from_slice(exit.restore_error().unwrap()).unwrap();
    assert_eq!(error["errorMessage"], "no luck");
    assert!(!exit.is_restore_timeout());
    assert!(!exit.is_init_error());
}

async fn a_restore_timeout() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "snap-start-hang")
        .snap_start(true)
        .restore_timeout(Duration::from_millis(300))
        .spawn(&api)
        .unwrap();
    function.initialised().await.unwrap();

    let started = Instant::now();
    let exit = function.restore().await.unwrap_err();

    assert!(exit.is_restore_timeout());
    assert!(started.elapsed() >= Duration::from_millis(300));
}

async fn without_an_extension() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().spawn(&api).unwrap();
    function.initialised().await.unwrap();

    let exit = function.shut_down(ShutdownReason::Spindown).await;

    #[cfg(unix)]
    assert_eq!(exit.status().unwrap().code(), None, "killed by a signal");
    assert!(!support::exists(function.id().unwrap()));
    // Nobody listens there any more; a child that another test starts at this
    // moment has the port until it is the other program.
    while TcpStream::connect(function.address()).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(unix)]
async fn with_an_extension() {
    let (reader, writer) = io::pipe().unwrap();
    let printed = std::thread::spawn(|| io::read_to_string(reader));
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "graceful")
        .stdout(writer)
        .spawn(&api)
        .unwrap();
    function.initialised().await.unwrap();

    let exit = function.shut_down(ShutdownReason::Spindown).await;

    assert_eq!(exit.status().unwrap().code(), Some(0));
    let printed = printed.join().unwrap().unwrap();
    assert_eq!(printed, "{\"message\":\"the hook ran\"}\n");
}

async fn an_external_extension() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .external_extension("outside")
        .spawn(&api)
        .unwrap();
    let address = function.address();
    let events = ["INVOKE", "SHUTDOWN"];
    let id = register(address, "outside", &events).await;
    let next = async || client::send(address, EVENT, &[&id], b"").await.json();
    let reply = tokio::spawn(api.invoke(event()));
    // Its initialisation ends when the extension asks as well.
    assert!(
        timeout(Duration::from_millis(200), function.initialised())
            .await
            .is_err()
    );
    let invoked = next().await;
    assert_eq!(invoked["eventType"], "INVOKE");
    assert_eq!(invoked["requestId"], "a");
    assert!(invoked["deadlineMs"].is_u64());
    assert!(matches!(reply.await.unwrap(), Reply::Response { .. }));

    let started = Instant::now();
    let (exit, ended) = tokio::join!(function.shut_down(ShutdownReason::Spindown), async {
        let event = next().await;
        // It has acted when it asks again; the port closes with the end.
        let again = client::send(address, EVENT, &[&id], b"").await;
        (event, again.status)
    });
    assert_eq!(ended.0["eventType"], "SHUTDOWN");
    assert_eq!(ended.0["shutdownReason"], "spindown");
    assert!(ended.0["deadlineMs"].is_u64());
    assert_eq!(ended.1, 503);
    assert!(exit.status().is_some());
    assert!(started.elapsed() < Duration::from_secs(2));
}
