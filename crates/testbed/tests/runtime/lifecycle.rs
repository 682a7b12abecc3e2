//! Snapshots, extensions and the shut-down.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use lambda_runtime_api_client::{PooledClient, body::Body};
use powertools_local::ShutdownReason;
use serde_json::{Value, json};
use testbed::{
    process::Test,
    runtime::{CallKind, Init, Lambda, Status, Stream},
};
use tokio::time::Instant;

use crate::support::{act, closed, exists, finish, function};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_snapshot_is_restored_before_the_first_invocation",
            a_restore,
        ),
        Test::new("a_hook_that_fails_is_lambdas_exception", || {
            a_failed_restore("snap-start-error", "SnapStartException")
        }),
        Test::new("a_hook_that_hangs_is_lambdas_timeout", || {
            a_failed_restore("snap-start-hang", "SnapStartTimeoutException")
        }),
        Test::new(
            "without_an_extension_the_end_is_a_kill",
            without_an_extension,
        ),
        Test::new("a_graceful_hook_runs_on_sigterm", a_graceful_hook),
        Test::new("a_graceful_hook_that_hangs_is_killed", a_hanging_hook),
        Test::new("a_graceful_hook_runs_after_a_timeout", after_a_timeout),
        Test::new(
            "a_hook_that_hangs_is_not_a_part_of_the_next_invocation",
            not_a_part,
        ),
        Test::new("an_external_extension_is_told_of_the_end", an_extension),
        Test::new("an_extension_that_gives_up_ends_the_environment", giving_up),
    ]
}

async fn a_restore() {
    let lambda = function("snap-start").snap_start(true).start().await;
    lambda.initialised().await.unwrap();
    lambda.output().wait_for_text("before the snapshot").await;
    assert_eq!(lambda.control().count(CallKind::RestoreNext), 1);
    assert_eq!(lambda.control().count(CallKind::Next), 0);

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Cold)
    );
    let answer: Value = report.json();
    assert_eq!(answer["initializationType"], "snap-start");
    assert_eq!(answer["logGroup"], Value::Null);
    lambda.output().wait_for_text("after the restore").await;
    // It is restored already.
    lambda.restore().await.unwrap();
    assert_eq!(lambda.invoke(act("echo")).await.init(), Init::Warm);

    // A fresh environment has a snapshot of its own to be restored from.
    let crashed = lambda.invoke(act("exit")).await;
    assert_eq!(crashed.error_type().as_deref(), Some("Runtime.ExitError"));
    let next = lambda.invoke(act("echo")).await;
    assert_eq!((next.status(), next.init()), (Status::Success, Init::Cold));
    assert_eq!(lambda.control().count(CallKind::RestoreNext), 2);
    finish(lambda, &[report.pid()]).await;
}

async fn a_failed_restore(kind: &'static str, exception: &'static str) {
    let limit = Duration::from_millis(500);
    let lambda = function(kind).snap_start(true).restore_timeout(limit);
    let lambda = lambda.start().await;
    let pid = lambda.pid();

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.exception(), Some(exception));
    assert_eq!(report.function_error(), None);
    let exit = report.exit().unwrap();
    if kind == "snap-start-error" {
        let error: Value = serde_json::from_slice(exit.restore_error().unwrap()).unwrap();
        assert_eq!(error["errorMessage"], "no luck");
        let call = lambda.control().call(CallKind::RestoreError, 1).await;
        let error_type = &call.headers()["lambda-runtime-function-error-type"];
        assert_eq!(error_type, "Runtime.AfterRestoreError");
    } else {
        assert!(exit.is_restore_timeout());
    }
    assert!(!exists(pid.unwrap()));
    finish(lambda, &[pid]).await;
}

async fn without_an_extension() {
    let lambda = function("events").start().await;
    let pid = lambda.invoke(act("echo")).await.pid();
    let address = lambda.address();

    let exit = lambda.shut_down(ShutdownReason::Spindown).await.unwrap();

    assert_eq!(exit.status().unwrap().code(), None, "killed by a signal");
    assert!(!exists(pid.unwrap()));
    closed(address).await;
    finish(lambda, &[pid]).await;
}

async fn a_graceful_hook() {
    let lambda = function("graceful").start().await;
    let pid = lambda.invoke(act("echo")).await.pid();

    let exit = lambda.shut_down(ShutdownReason::Spindown).await.unwrap();

    assert_eq!(exit.status().unwrap().code(), Some(0));
    lambda.output().wait_for_text("the hook ran").await;
    lambda.output().wait_for_text("SIGTERM received").await;
    finish(lambda, &[pid]).await;
}

async fn a_hanging_hook() {
    let lambda = function("graceful-hang").start().await;
    let pid = lambda.invoke(act("echo")).await.pid();

    let started = Instant::now();
    let exit = lambda.shut_down(ShutdownReason::Spindown).await.unwrap();

    assert!(started.elapsed() >= Duration::from_millis(500));
    assert_eq!(exit.status().unwrap().code(), None, "killed by a signal");
    lambda.output().wait_for_text("the hook began").await;
    finish(lambda, &[pid]).await;
}

async fn after_a_timeout() {
    let timeout = Duration::from_millis(1_000);
    let lambda = function("graceful").timeout(timeout).start().await;
    lambda.initialised().await.unwrap();

    let report = lambda.invoke(act("hang")).await;

    assert_eq!(report.status(), Status::Timeout);
    lambda.output().wait_for_text("the hook ran").await;
    let next = lambda.invoke(act("echo")).await;
    assert_eq!(
        (next.status(), next.init()),
        (Status::Success, Init::Suppressed)
    );
    let lines = lambda.output().text(Stream::Stdout);
    let hooks = lines.iter().filter(|line| *line == "the hook ran");
    assert_eq!(hooks.count(), 1);
    finish(lambda, &[report.pid()]).await;
}

async fn not_a_part() {
    let timeout = Duration::from_millis(1_000);
    let lambda = function("graceful-hang").timeout(timeout).start().await;
    lambda.initialised().await.unwrap();
    let ended = lambda.invoke(act("hang")).await;
    assert_eq!(ended.status(), Status::Timeout);

    let started = Instant::now();
    let next = lambda.invoke(act("echo")).await;

    assert_eq!(
        (next.status(), next.init()),
        (Status::Success, Init::Suppressed)
    );
    let waited = started.elapsed() - next.duration();
    assert!(waited >= Duration::from_millis(400), "{waited:?}");
    assert!(!exists(ended.pid().unwrap()));
    finish(lambda, &[ended.pid()]).await;
}

/// An extension, as its own process would ask.
pub(crate) struct Extension {
    client: PooledClient,
    id: String,
}

impl Extension {
    async fn register(address: SocketAddr, name: &str) -> Self {
        let uri = format!("http://{address}").parse().unwrap();
        let client = PooledClient::builder().with_endpoint(uri).build();
        let events = json!({ "events": ["INVOKE", "SHUTDOWN"] });
        let request = Request::builder()
            .method(Method::POST)
            .uri("/2020-01-01/extension/register")
            .header("lambda-extension-name", name)
            .body(Body::from(events.to_string()))
            .unwrap();
        let response = client.call(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let id = |headers: &HeaderMap| {
            let id = headers["lambda-extension-identifier"].to_str();
            id.unwrap().to_owned()
        };
        let id = id(response.headers());
        response.into_body().collect().await.unwrap();
        Self { client, id }
    }

    async fn send(&self, method: Method, path: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/2020-01-01/extension/{path}"))
            .header("lambda-extension-identifier", &self.id)
            .header("lambda-extension-function-error-type", "Extension.NoLuck")
            .body(Body::empty())
            .unwrap();
        let response = self.client.call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub(crate) async fn next(&self) -> Value {
        self.send(Method::GET, "event/next").await.1
    }
}

/// A function with an extension, which has not asked for an event yet.
pub(crate) async fn with_extension() -> (Lambda, Extension) {
    let lambda = function("events").external_extension("outside");
    let lambda = lambda.start().await;
    let extension = Extension::register(lambda.address(), "outside").await;
    (lambda, extension)
}

async fn an_extension() {
    let (lambda, extension) = with_extension().await;
    let (report, invoked) = tokio::join!(lambda.invoke(act("echo")), extension.next());
    assert_eq!(report.status(), Status::Success);
    assert_eq!(invoked["eventType"], "INVOKE");
    assert_eq!(invoked["requestId"], report.request_id());

    let started = Instant::now();
    let (exit, event) = tokio::join!(lambda.shut_down(ShutdownReason::Spindown), async {
        let event = extension.next().await;
        // It has acted when it says that it is done.
        let (status, _) = extension.send(Method::GET, "event/next").await;
        assert_eq!(status, 503);
        event
    });

    assert_eq!(event["eventType"], "SHUTDOWN");
    assert_eq!(event["shutdownReason"], "spindown");
    assert!(exit.unwrap().status().is_some());
    assert!(started.elapsed() < Duration::from_secs(2));
    finish(lambda, &[report.pid()]).await;
}

async fn giving_up() {
    let (lambda, extension) = with_extension().await;
    let (report, _) = tokio::join!(lambda.invoke(act("hang")), async {
        // It hears of the invocation when the function has taken it.
        extension.next().await;
        extension.send(Method::POST, "exit/error").await
    });

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.error_type().as_deref(), Some("Extension.ExitError"));
    finish(lambda, &[report.pid()]).await;
}
