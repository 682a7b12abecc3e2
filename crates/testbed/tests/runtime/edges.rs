//! Whose time is whose, and what is refused.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use http::StatusCode;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use testbed::{
    process::Test,
    runtime::{CallKind, Control, Init, Lambda, Rule, Status},
};
use tokio::time::{Instant, timeout};
use tower_service::Service;

use crate::{
    function::{MARK, SLOW_INIT},
    init::Mark,
    lifecycle::with_extension,
    support::{LONG, act, event, finish, function, now_ms},
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "an_invocation_that_waited_for_a_failing_init_has_all_its_time",
            all_its_time,
        ),
        Test::new(
            "a_dropped_invocation_leaves_the_next_one_its_kind_of_init",
            a_dropped_invocation,
        ),
        Test::new(
            "a_process_that_goes_before_it_takes_the_event_costs_time",
            gone_before,
        ),
        Test::new(
            "an_invocation_dropped_in_a_restore_does_not_block_the_next_one",
            dropped_in_a_restore,
        ),
        Test::new(
            "an_init_that_fails_with_snap_start_is_lambdas_exception",
            a_failed_snapshot,
        ),
        Test::new("an_event_above_six_megabytes_is_refused", a_large_event),
        Test::new("the_longest_timeout_is_no_overflow", the_longest_timeout),
        Test::new(
            "the_end_of_an_extension_is_not_a_part_of_a_crash",
            a_crash_with_an_extension,
        ),
        Test::new(
            "a_refused_next_does_not_end_a_worker_in_this_process",
            a_refused_next,
        ),
        Test::new(
            "in_this_process_an_error_of_poll_ready_is_an_error",
            not_ready,
        ),
    ]
}

async fn all_its_time() {
    let mark = Mark::new("all-its-time");
    // The init phase alone takes longer than an invocation may.
    let limit = Duration::from_secs(8);
    let time = Duration::from_secs(6);
    let lambda = function("init-hang-once")
        .env(MARK, mark.path())
        .init_timeout(limit)
        .timeout(time);
    let started = Instant::now();
    let lambda = lambda.start().await;

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Suppressed)
    );
    assert!(started.elapsed() >= limit);
    // The wait belongs to no invocation.
    assert!(report.duration() >= SLOW_INIT);
    assert!(report.duration() < time, "{:?}", report.duration());
    finish(lambda, &[report.pid()]).await;
}

async fn a_dropped_invocation() {
    let mark = Mark::new("a-dropped-invocation");
    let lambda = function("init-exit-once").env(MARK, mark.path());
    let lambda = lambda.start().await;
    lambda.initialised().await.unwrap_err();
    let early = timeout(SLOW_INIT / 2, lambda.invoke(act("echo"))).await;
    assert!(early.is_err());

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Suppressed)
    );
    finish(lambda, &[report.pid()]).await;
}

async fn gone_before() {
    const WAIT: Duration = Duration::from_millis(600);

    let lambda = function("events").start().await;
    // The process is idle, and does not get the event.
    let held = lambda.control().hold(Rule::on(CallKind::Next).skip(1));
    let first = lambda.invoke(act("echo")).await;
    held.reached(1).await;
    let before = now_ms();
    let mut waiting = lambda.begin(act("echo")).await;
    assert!(timeout(WAIT, waiting.taken()).await.is_err());
    let pid = first.pid().unwrap().try_into().ok();
    kill_process(pid.and_then(Pid::from_raw).unwrap(), Signal::KILL).unwrap();

    let report = waiting.report().await;

    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Suppressed)
    );
    assert_ne!(report.pid(), first.pid());
    assert!(report.duration() >= WAIT);
    let deadline = report.json::<Value>()["deadline"].as_u64().unwrap();
    let latest = Duration::from_millis(before) + LONG + WAIT / 2;
    assert!(Duration::from_millis(deadline) < latest);
    finish(lambda, &[report.pid()]).await;
}

async fn dropped_in_a_restore() {
    let limit = Duration::from_millis(500);
    let lambda = function("snap-start-hang").snap_start(true);
    let lambda = lambda.restore_timeout(limit).start().await;
    lambda.initialised().await.unwrap();
    let early = timeout(limit / 2, lambda.invoke(act("echo"))).await;
    assert!(early.is_err());

    let next = timeout(LONG / 3, lambda.invoke(act("echo"))).await.unwrap();

    assert_eq!(next.exception(), Some("SnapStartTimeoutException"));
    finish(lambda, &[]).await;
}

async fn a_failed_snapshot() {
    let lambda = function("init-exit").snap_start(true).start().await;

    let report = lambda.invoke(act("echo")).await;

    assert_eq!(report.status(), Status::Error);
    assert_eq!(report.exception(), Some("SnapStartNotReadyException"));
    assert_eq!(report.function_error(), None);
    assert!(report.exit().unwrap().is_init_error());
    finish(lambda, &[]).await;
}

async fn a_large_event() {
    let lambda = function("events").start().await;
    let length = |length: usize| {
        let rest = length - json!({ "x": "" }).to_string().len();
        event(&json!({ "x": "x".repeat(rest) }))
    };

    let refused = lambda.invoke(length(6 * 1024 * 1024 + 1)).await;

    assert_eq!(refused.status(), Status::Error);
    assert_eq!(refused.exception(), Some("RequestTooLargeException"));
    assert_eq!((refused.init(), refused.pid()), (Init::Warm, None));
    assert_eq!(refused.invocation_id(), None);
    let first = lambda.invoke(length(6 * 1024 * 1024)).await;
    assert_eq!(
        (first.status(), first.init()),
        (Status::Success, Init::Cold)
    );
    finish(lambda, &[]).await;
}

async fn the_longest_timeout() {
    let lambda = function("events").timeout(Duration::MAX).start().await;
    let report = lambda.invoke(act("echo")).await;
    assert_eq!(report.status(), Status::Success);
    assert!(report.duration() < LONG);
    finish(lambda, &[]).await;
}

async fn a_crash_with_an_extension() {
    let (lambda, extension) = with_extension().await;
    // It asks once, and so never acts on the end, which has two seconds.
    let invoke = async {
        let started = Instant::now();
        let report = lambda.invoke(act("exit")).await;
        (report, started.elapsed())
    };
    let ((report, took), _) = tokio::join!(invoke, async {
        extension.next().await;
        extension.next().await
    });

    assert_eq!(report.error_type().as_deref(), Some("Runtime.ExitError"));
    let after = took - report.duration();
    assert!(after >= Duration::from_millis(1_800), "{after:?}");
    finish(lambda, &[report.pid()]).await;
}

async fn a_refused_next() {
    let control = Control::default();
    let refusals = Rule::on(CallKind::Next).times(2);
    control.answer(refusals, StatusCode::INTERNAL_SERVER_ERROR);
    let handler = service_fn(async |_: LambdaEvent<Value>| Ok::<_, Error>(json!(1)));
    let lambda = Lambda::builder().control(control).timeout(LONG);
    let lambda = lambda.start_in_process(handler).await;

    let report = timeout(LONG / 3, lambda.invoke(act("echo"))).await;
    let report = report.unwrap();

    assert_eq!(report.status(), Status::Success);
    assert!(lambda.control().count(CallKind::Next) >= 3);
    finish(lambda, &[]).await;
}

#[derive(Clone)]
struct NotReady;

impl Service<LambdaEvent<Value>> for NotReady {
    type Response = Value;
    type Error = Error;
    type Future = std::future::Ready<Result<Value, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Err("not ready".into()))
    }

    fn call(&mut self, _: LambdaEvent<Value>) -> Self::Future {
        unreachable!("it is not ready")
    }
}

async fn not_ready() {
    let lambda = Lambda::builder().timeout(LONG);
    let lambda = lambda.start_in_process(NotReady).await;
    for _ in 0..2 {
        let report = lambda.invoke(act("echo")).await;
        assert_eq!(report.status(), Status::Error);
        assert_eq!(report.error_message().as_deref(), Some("not ready"));
    }
    finish(lambda, &[]).await;
}
