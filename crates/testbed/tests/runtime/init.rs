//! The initialisation and how it fails.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use testbed::{
    process::Test,
    runtime::{CallKind, Init, Status},
};
use tokio::time::Instant;

use crate::{
    function::{MARK, SLOW_INIT},
    support::{LONG, act, exists, finish, function, now_ms},
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_hang_in_init_is_ended_and_retried_in_the_invocation",
            a_hang,
        ),
        Test::new("an_exit_in_init_is_reported_by_the_second_one", an_exit),
        Test::new("an_init_error_is_the_functions_own", an_init_error),
        Test::new("an_init_that_hangs_once_is_made_up_for", || {
            made_up_for("init-hang-once")
        }),
        Test::new("an_init_that_exits_once_is_made_up_for", || {
            made_up_for("init-exit-once")
        }),
    ]
}

const LIMIT: Duration = Duration::from_millis(700);

async fn a_hang() {
    let timeout = Duration::from_millis(1_500);
    let started = Instant::now();
    let lambda = function("init-hang").init_timeout(LIMIT).timeout(timeout);
    let lambda = lambda.start().await;
    let first = lambda.pid();

    // The init phase has its own limit.
    let exit = lambda.initialised().await.unwrap_err();
    assert!(exit.is_init_timeout());
    assert!(started.elapsed() >= LIMIT);
    assert!(!exists(first.unwrap()));

    // The second one has the time of the invocation.
    let report = lambda.invoke(act("echo")).await;
    assert_eq!(report.status(), Status::Timeout);
    assert_eq!(report.init(), Init::Suppressed);
    assert_eq!(report.error_type().as_deref(), Some("Sandbox.Timedout"));
    let message = report.error_message().unwrap();
    assert!(
        message.ends_with("Error: Task timed out after 1.50 seconds"),
        "{message}"
    );
    assert!(report.duration() >= timeout, "{:?}", report.duration());
    assert_eq!(report.invocation_id(), None);
    assert_ne!(report.pid(), first);
    finish(lambda, &[first, report.pid()]).await;
}

async fn an_exit() {
    let lambda = function("init-exit").start().await;
    let exit = lambda.initialised().await.unwrap_err();
    assert!(exit.is_init_error() && !exit.is_init_timeout());
    let first = lambda.pid();

    for _ in 0..2 {
        let report = lambda.invoke(act("echo")).await;

        assert_eq!(
            (report.status(), report.init()),
            (Status::Error, Init::Suppressed)
        );
        let text = "Error: Runtime exited with error: exit status 7";
        let expected = json!({
            "errorType": "Runtime.ExitError",
            "errorMessage": format!("RequestId: {} {text}", report.request_id()),
        });
        assert_eq!(report.json::<Value>(), expected);
        assert_ne!(report.pid(), first);
    }
    finish(lambda, &[first]).await;
}

async fn an_init_error() {
    let lambda = function("init-error").start().await;

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.function_error(), Some("Unhandled"));
    let expected = json!({ "errorType": "Init.NoConfig", "errorMessage": "nothing to read" });
    assert_eq!(report.json::<Value>(), expected);
    // Once in the init phase and once in the invocation.
    assert_eq!(lambda.control().count(CallKind::InitError), 2);
    finish(lambda, &[report.pid()]).await;
}

async fn made_up_for(kind: &'static str) {
    let mark = Mark::new(kind);
    let lambda = function(kind)
        .env(MARK, mark.path())
        .init_timeout(LIMIT)
        .start()
        .await;
    let first = lambda.pid();
    lambda.initialised().await.unwrap_err();

    let before = now_ms();
    let report = lambda.invoke(act("echo")).await;

    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Suppressed)
    );
    assert_ne!(report.pid(), first);
    assert!(report.init_duration() >= Some(SLOW_INIT));
    assert!(report.duration() >= SLOW_INIT);
    // The deadline counts from when the invocation began, not from after its init.
    let deadline = report.json::<Value>()["deadline"].as_u64().unwrap();
    let latest = Duration::from_millis(before) + LONG + SLOW_INIT * 3 / 4;
    assert!(Duration::from_millis(deadline) < latest);
    let next = lambda.invoke(act("echo")).await;
    assert_eq!((next.init(), next.pid()), (Init::Warm, report.pid()));
    finish(lambda, &[first]).await;
}

/// A path that is not there, and is not there afterwards.
pub(crate) struct Mark(PathBuf);

impl Mark {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("testbed-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
