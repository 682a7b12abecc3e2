//! Calls that a test holds or answers itself.

use std::time::Duration;

use http::StatusCode;
use testbed::{
    process::Test,
    runtime::{CallKind, Control, Init, Rule, Status},
};
use tokio::time::timeout;

use crate::support::{LONG, act, finish, function};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_refused_response_is_seen_and_the_runtime_goes_on",
            refused,
        ),
        Test::new("a_held_response_keeps_the_invocation_open", a_held_response),
        Test::new("a_held_first_call_keeps_the_init_open", a_held_next),
        Test::new("calls_are_recorded_in_order_with_their_time", recorded),
    ]
}

async fn refused() {
    for status in [
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::INTERNAL_SERVER_ERROR,
    ] {
        let lambda = function("events")
            .timeout(Duration::from_secs(1))
            .start()
            .await;
        lambda.initialised().await.unwrap();
        lambda
            .control()
            .answer(Rule::on(CallKind::Response), status);

        // The answer is lost, so the invocation has none until its deadline.
        let report = lambda.invoke(act("echo")).await;

        assert_eq!(report.status(), Status::Timeout);
        lambda.output().wait_for_text(status.as_str()).await;
        // The runtime had asked for the next event all the same.
        assert_eq!(lambda.control().count(CallKind::Next), 2);
        let next = lambda.invoke(act("echo")).await;
        assert_eq!(
            (next.status(), next.init()),
            (Status::Success, Init::Suppressed)
        );
        finish(lambda, &[report.pid()]).await;
    }
}

async fn a_held_response() {
    let lambda = function("events").timeout(LONG).start().await;
    let held = lambda.control().hold(Rule::on(CallKind::Response).skip(1));
    assert_eq!(lambda.invoke(act("echo")).await.status(), Status::Success);

    let running = lambda.begin(act("echo")).await;
    held.reached(1).await;
    let mut report = std::pin::pin!(running.report());
    assert!(
        timeout(Duration::from_millis(200), &mut report)
            .await
            .is_err()
    );

    held.release();
    assert_eq!(report.await.status(), Status::Success);
    finish(lambda, &[]).await;
}

async fn a_held_next() {
    let control = Control::default();
    let held = control.hold(Rule::on(CallKind::Next));
    let lambda = function("events").control(control).start().await;
    held.reached(1).await;
    let early = timeout(Duration::from_millis(200), lambda.initialised()).await;
    assert!(early.is_err());

    // The same as to release it.
    drop(held);
    let report = lambda.invoke(act("echo")).await;
    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Cold)
    );
    assert!(report.init_duration() >= Some(Duration::from_millis(200)));
    finish(lambda, &[]).await;
}

async fn recorded() {
    let lambda = function("graceful").start().await;
    let first = lambda.invoke(act("echo")).await;
    let second = lambda.invoke(act("fail")).await;
    lambda.control().call(CallKind::Next, 3).await;

    let calls = lambda.control().calls();
    assert!(calls.is_sorted_by_key(testbed::runtime::Call::at));
    let of_runtime = |kind: &CallKind| {
        let extension = [CallKind::ExtensionRegister, CallKind::ExtensionNext];
        !extension.contains(kind)
    };
    let kinds: Vec<_> = calls.iter().map(testbed::runtime::Call::kind).collect();
    let kinds: Vec<_> = kinds.into_iter().filter(of_runtime).collect();
    let expected = [
        CallKind::Next,
        CallKind::Response,
        CallKind::Next,
        CallKind::Error,
        CallKind::Next,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(lambda.control().count(CallKind::ExtensionRegister), 1);
    let ids: Vec<_> = calls.iter().filter_map(|call| call.request_id()).collect();
    assert_eq!(ids, [first.request_id(), second.request_id()]);
    let agent = &calls[0].headers()["user-agent"];
    assert!(agent.to_str().unwrap().starts_with("aws-lambda-rust/"));
    finish(lambda, &[first.pid()]).await;
}
