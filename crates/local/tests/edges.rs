//! What is refused, what is limited, and what the shared address allows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::{env::current_exe, net::SocketAddr, process::Stdio, time::Duration};

use bytes::Bytes;
use http::Response;
use powertools_local::{FunctionProcess, Invoke, Reply, RuntimeApi, ShutdownReason};
use serde_json::{Value, json};
use support::{
    client::{self, Answer, NEXT},
    function::KIND,
    test,
};
use tokio::{
    process::Command,
    time::{Instant, timeout},
};

const REGISTER: &str = "POST /2020-01-01/extension/register";
const EVENT: &str = "GET /2020-01-01/extension/event/next";
const EXIT_ERROR: &str = "POST /2020-01-01/extension/exit/error";
const INIT_ERROR: &str = "POST /2018-06-01/runtime/init/error";
const RESPONSE: &str = "POST /2018-06-01/runtime/invocation/a/response";
const ERROR: &str = "POST /2018-06-01/runtime/invocation/a/error";
/// No answer takes that long, unless it never comes.
const SOON: Duration = Duration::from_secs(15);

fn main() {
    support::main(|| {
        vec![
            test(
                "a_graceful_function_runs_again_on_the_shared_address",
                again_on_the_shared_address,
            ),
            test(
                "an_error_report_leaves_the_shared_address_open",
                reports_on_the_shared_address,
            ),
            test("a_cancelled_restore_keeps_its_limit", a_cancelled_restore),
            test("a_second_restore_waits_for_the_first", a_second_restore),
            test("without_snap_start_a_restore_does_nothing", no_snap_start),
            test(
                "a_declared_extension_is_waited_for_and_others_come_too_late",
                a_declared_extension,
            ),
            test("one_worker_does_not_get_two_events", two_events),
            test(
                "an_init_error_is_for_the_init_phase_only",
                a_late_init_error,
            ),
            test("an_error_above_six_megabytes_is_refused", a_large_error),
            test(
                "an_init_error_above_six_megabytes_is_refused",
                a_large_init_error,
            ),
            test(
                "on_managed_instances_nobody_hears_of_invocations",
                managed_instances,
            ),
            test(
                "an_answer_by_hand_does_not_wait_for_the_body",
                an_early_answer,
            ),
            test("a_held_request_does_not_delay_the_end", a_held_request),
            test(
                "an_external_extension_is_told_of_a_timeout",
                told_of_a_timeout,
            ),
            test(
                "an_extension_that_ignores_the_end_has_two_seconds",
                ignores_the_end,
            ),
        ]
    });
}

fn event() -> Invoke {
    Invoke::new("{}")
        .request_id("a")
        .timeout(Duration::from_secs(60))
}

fn error_type(answer: &Answer) -> String {
    answer.json()["errorType"].as_str().unwrap().to_owned()
}

/// The answer to a registration.
async fn register(address: SocketAddr, name: &str, events: &[&str]) -> Answer {
    let name = format!("lambda-extension-name: {name}");
    let body = json!({ "events": events }).to_string();
    client::send(address, REGISTER, &[&name], body.as_bytes()).await
}

fn identifier(registered: &Answer) -> String {
    assert_eq!(registered.status, 200, "{}", registered.text());
    let id = registered.header("lambda-extension-identifier").unwrap();
    format!("lambda-extension-identifier: {id}")
}

/// A process that asks for nothing by itself.
fn by_hand(api: &RuntimeApi) -> FunctionProcess {
    let builder = FunctionProcess::builder().env(KIND, "init-hang");
    builder.spawn(api).unwrap()
}

async fn again_on_the_shared_address() {
    let api = RuntimeApi::bind().await.unwrap();
    for _ in 0..2 {
        let mut function = Command::new(current_exe().unwrap())
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "local")
            .env(KIND, "graceful")
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();

        let reply = timeout(SOON, api.invoke(event())).await.unwrap();

        // It is no event of HTTP, but the function is there.
        assert!(matches!(reply, Reply::Error { .. }), "{reply:?}");
        function.kill().await.unwrap();
    }
}

async fn reports_on_the_shared_address() {
    let api = RuntimeApi::bind().await.unwrap();
    let address = api.address();
    let id = identifier(&register(address, "one", &["INVOKE"]).await);
    let reason = "lambda-extension-function-error-type: Extension.NoLuck";
    let sent = client::send(address, EXIT_ERROR, &[&id, reason], b"{}").await;
    assert_eq!(sent.status, 202);
    let sent = client::send(address, INIT_ERROR, &[], b"{}").await;
    assert_eq!(sent.status, 202);

    let _reply = api.invoke_streaming(event());
    let next = client::send(address, NEXT, &[], b"");
    assert_eq!(timeout(SOON, next).await.unwrap().status, 200);
}

fn hanging_hook(api: &RuntimeApi) -> FunctionProcess {
    FunctionProcess::builder()
        .env(KIND, "snap-start-hang")
        .snap_start(true)
        .restore_timeout(Duration::from_millis(600))
        .spawn(api)
        .unwrap()
}

async fn a_cancelled_restore() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = hanging_hook(&api);
    function.initialised().await.unwrap();
    let early = timeout(Duration::from_millis(100), function.restore()).await;
    assert!(early.is_err());

    let exit = timeout(SOON, function.wait()).await.unwrap();

    assert!(exit.is_restore_timeout());
}

async fn a_second_restore() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = hanging_hook(&api);
    function.initialised().await.unwrap();

    let (first, second) = tokio::join!(function.restore(), function.restore());

    assert!(first.unwrap_err().is_restore_timeout());
    assert!(second.unwrap_err().is_restore_timeout());
}

async fn no_snap_start() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().spawn(&api).unwrap();

    function.restore().await.unwrap();

    let reply = api.invoke(event()).await;
    assert!(matches!(reply, Reply::Response { .. }));
}

async fn a_declared_extension() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "graceful")
        .external_extension("outside")
        .spawn(&api)
        .unwrap();
    let early = timeout(Duration::from_millis(700), function.initialised()).await;
    assert!(early.is_err());
    let address = function.address();

    // By now the runtime has asked for its first event.
    let id = identifier(&register(address, "outside", &["SHUTDOWN"]).await);
    let _asking = client::begin(address, EVENT, &[&id], b"").await;
    let initialised = timeout(SOON, function.initialised()).await;
    initialised.unwrap().unwrap();

    let late = register(address, "late", &[]).await;
    assert_eq!(late.status, 403);
    assert_eq!(error_type(&late), "Extension.RegistrationClosed");
}

async fn two_events() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = by_hand(&api);
    let (first, second) = (
        tokio::spawn(api.invoke(event())),
        tokio::spawn(api.invoke(event().request_id("b"))),
    );
    let next = async || {
        let next = client::send(function.address(), NEXT, &[], b"");
        timeout(SOON, next).await.unwrap()
    };
    assert_eq!(next().await.status, 200);

    let refused = next().await;
    assert_eq!(refused.status, 403);
    assert_eq!(error_type(&refused), "InvalidStateTransition");

    client::send(function.address(), RESPONSE, &[], b"1").await;
    assert_eq!(first.await.unwrap().body().unwrap(), "1");
    assert_eq!(next().await.status, 200);
    function.kill().await;
    assert_eq!(second.await.unwrap(), Reply::Crashed);
}

async fn a_late_init_error() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = by_hand(&api);
    let reply = tokio::spawn(api.invoke(event()));
    client::send(function.address(), NEXT, &[], b"").await;

    let late = client::send(function.address(), INIT_ERROR, &[], b"{}").await;

    assert_eq!(late.status, 403);
    assert_eq!(error_type(&late), "InvalidStateTransition");
    client::send(function.address(), RESPONSE, &[], b"1").await;
    assert_eq!(reply.await.unwrap().body().unwrap(), "1");
}

fn seven_megabytes() -> Vec<u8> {
    vec![b'x'; 7 * 1024 * 1024]
}

async fn a_large_error() {
    let api = RuntimeApi::bind().await.unwrap();
    let reply = tokio::spawn(api.invoke(event()));
    client::send(api.address(), NEXT, &[], b"").await;

    let sent = client::send(api.address(), ERROR, &[], &seven_megabytes()).await;

    assert_eq!(sent.status, 413);
    assert_eq!(error_type(&sent), "RequestEntityTooLarge");
    let error: Value = reply.await.unwrap().json().unwrap();
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
}

async fn a_large_init_error() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = by_hand(&api);

    let sent = client::send(function.address(), INIT_ERROR, &[], &seven_megabytes()).await;

    assert_eq!(sent.status, 413);
    let exit = function.wait().await;
    let error: Value = serde_json::from_slice(exit.init_error().unwrap()).unwrap();
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
}

async fn managed_instances() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "init-hang")
        .workers(2)
        .external_extension("outside")
        .spawn(&api)
        .unwrap();
    for (name, events) in [
        ("inside", &["INVOKE"][..]),
        ("inside", &["SHUTDOWN"]),
        ("outside", &["INVOKE", "SHUTDOWN"]),
    ] {
        let refused = register(function.address(), name, events).await;
        assert_eq!(refused.status, 403, "{name} {events:?}");
        assert_eq!(error_type(&refused), "Extension.InvalidEventType");
    }
    identifier(&register(function.address(), "inside", &[]).await);
    let id = identifier(&register(function.address(), "outside", &["SHUTDOWN"]).await);
    let told = tokio::spawn({
        let address = function.address();
        async move { client::send(address, EVENT, &[&id], b"").await.json() }
    });

    let exit = function.shut_down(ShutdownReason::Spindown);
    let (_, told) = tokio::join!(exit, told);

    // Nothing before the end.
    assert_eq!(told.unwrap()["eventType"], "SHUTDOWN");
}

async fn an_early_answer() {
    let answer = |_| async { Some(Response::new(Bytes::from_static(b"by hand"))) };
    let api = RuntimeApi::bind_intercepted(answer).await.unwrap();
    let chunked = ["transfer-encoding: chunked"];

    // The sender has said nothing of an end.
    let mut sending = client::begin(api.address(), RESPONSE, &chunked, b"3\r\none\r\n").await;
    let mut head = [0; 12];
    let read = tokio::io::AsyncReadExt::read_exact(&mut sending, &mut head);
    timeout(SOON, read).await.unwrap().unwrap();

    assert_eq!(&head, b"HTTP/1.1 200");
}

async fn a_held_request() {
    let api = RuntimeApi::bind_intercepted(async |_| std::future::pending().await);
    let api = api.await.unwrap();
    let function = by_hand(&api);
    let held = client::begin(function.address(), NEXT, &[], b"").await;
    // So that the server has it before the end.
    let early = timeout(Duration::from_millis(200), client::receive(held));
    assert!(early.await.is_err());
    let held = client::begin(function.address(), NEXT, &[], b"").await;

    let started = Instant::now();
    let (_, answer) = tokio::join!(function.kill(), client::receive(held));

    assert_eq!(answer.status, 503);
    assert!(started.elapsed() < Duration::from_millis(900));
}

/// A function with an extension that listens for the end.
async fn with_extension(api: &RuntimeApi) -> (FunctionProcess, String) {
    let function = FunctionProcess::builder()
        .external_extension("outside")
        .spawn(api)
        .unwrap();
    let id = identifier(&register(function.address(), "outside", &["SHUTDOWN"]).await);
    (function, id)
}

async fn told_of_a_timeout() {
    let api = RuntimeApi::bind().await.unwrap();
    let (function, id) = with_extension(&api).await;
    let invoke = Invoke::new(r#"{"do":"sleep"}"#).timeout(Duration::from_millis(300));

    let header = [id.as_str()];
    let told = client::send(function.address(), EVENT, &header, b"");
    let (reply, told) = tokio::join!(api.invoke(invoke), told);

    assert_eq!(reply, Reply::TimedOut);
    assert_eq!(told.json()["shutdownReason"], "timeout");
    assert!(function.wait().await.is_timeout());
}

async fn ignores_the_end() {
    let api = RuntimeApi::bind().await.unwrap();
    let (function, id) = with_extension(&api).await;
    let address = function.address();
    let asking = tokio::spawn(async move { client::send(address, EVENT, &[&id], b"").await });
    function.initialised().await.unwrap();

    let started = Instant::now();
    function.shut_down(ShutdownReason::Spindown).await;

    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!(asking.await.unwrap().json()["eventType"], "SHUTDOWN");
}
