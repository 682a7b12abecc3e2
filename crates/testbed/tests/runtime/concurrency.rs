//! Several invocations at once, in a process of Managed Instances or in this one.

use std::{collections::HashSet, sync::Arc, time::Duration};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use powertools_local::ShutdownReason;
use serde_json::{Value, json};
use testbed::{
    process::Test,
    runtime::{CallKind, Init, Lambda, Status},
};
use tokio::{
    sync::{Barrier, Notify},
    task::JoinSet,
};

use crate::{
    function::Panics,
    support::{LONG, act, event, exists, finish, function},
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_timed_out_invocation_runs_on_and_holds_its_worker",
            it_runs_on,
        ),
        Test::new("a_crash_fails_all_that_is_in_flight", a_crash),
        Test::new("one_worker_in_this_process_answers_and_fails", one_worker),
        Test::new("sixty_four_workers_in_this_process_overlap", sixty_four),
        Test::new(
            "in_this_process_a_timed_out_invocation_runs_on",
            in_process_timeout,
        ),
        Test::new("panics_in_this_process_are_errors", panics),
    ]
}

async fn it_runs_on() {
    let timeout = Duration::from_millis(1_000);
    let lambda = function("events").workers(2).timeout(timeout).start().await;
    lambda.initialised().await.unwrap();

    let (first, second) = tokio::join!(lambda.invoke(act("hold")), lambda.invoke(act("hang")));
    for report in [&first, &second] {
        assert_eq!(report.status(), Status::Timeout);
        assert!(report.duration() >= timeout);
        assert!(exists(report.pid().unwrap()));
    }

    // Both workers are held: nobody asks for an event.
    assert_eq!(lambda.control().count(CallKind::Next), 2);
    let mut waiting = lambda.begin(act("release")).await;
    let early = tokio::time::timeout(Duration::from_millis(300), waiting.taken()).await;
    assert!(early.is_err());

    // Only its end frees it.
    let pid = lambda.pid();
    lambda.shut_down(ShutdownReason::Spindown).await;
    let report = waiting.report().await;
    // The next process has nobody that holds.
    assert_eq!(report.status(), Status::Timeout);
    assert_ne!(report.pid(), pid);
    finish(lambda, &[pid, report.pid()]).await;
}

async fn a_crash() {
    let lambda = function("events").workers(3).start().await;
    let mut hanging = lambda.begin(act("hang")).await;
    hanging.taken().await.unwrap();

    let (crashed, lost) = tokio::join!(lambda.invoke(act("exit")), hanging.report());

    for report in [&crashed, &lost] {
        assert_eq!(report.error_type().as_deref(), Some("Runtime.ExitError"));
        let message = report.error_message().unwrap();
        assert!(message.ends_with("exit status 3"), "{message}");
    }
    let next = lambda.invoke(act("echo")).await;
    assert_eq!((next.status(), next.init()), (Status::Success, Init::Cold));
    assert_ne!(next.pid(), crashed.pid());
    let answer: Value = next.json();
    assert_eq!(answer["maxConcurrency"], "3");
    assert_eq!(answer["initializationType"], "lambda-managed-instances");
    finish(lambda, &[crashed.pid()]).await;
}

async fn one_worker() {
    let lambda = Lambda::builder().function_name("orders").timeout(LONG);
    let lambda = lambda
        .start_in_process(service_fn(async |event: LambdaEvent<Value>| {
            if event.payload["do"] == "fail" {
                return Err::<Value, Error>("no luck".into());
            }
            Ok(json!({
                "requestId": event.context.request_id,
                "deadline": event.context.deadline,
                "tenantId": event.context.tenant_id,
                "function": event.context.env_config.function_name,
            }))
        }))
        .await;

    let report = lambda.invoke(act("echo").tenant_id("blue")).await;
    assert_eq!(
        (report.status(), report.init()),
        (Status::Success, Init::Warm)
    );
    assert_eq!(report.pid(), Some(std::process::id()));
    let answer: Value = report.json();
    assert_eq!(answer["requestId"], report.request_id());
    assert_eq!(answer["tenantId"], "blue");
    assert_eq!(answer["function"], "orders");
    let call = lambda.control().call(CallKind::Response, 1).await;
    assert_eq!(call.invocation_id(), report.invocation_id());

    let failed = lambda.invoke(act("fail")).await;
    assert_eq!(failed.status(), Status::Error);
    assert_eq!(failed.error_message().as_deref(), Some("no luck"));
    let retried = lambda.retry(&failed).await;
    assert_eq!(retried.request_id(), failed.request_id());
    assert_ne!(retried.invocation_id(), failed.invocation_id());
    finish(lambda, &[]).await;
}

async fn sixty_four() {
    const WORKERS: u32 = 64;

    // None goes on before all are there.
    let barrier = Arc::new(Barrier::new(WORKERS.try_into().unwrap()));
    let meet = service_fn(move |event: LambdaEvent<Value>| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            Ok::<_, Error>(json!({ "n": event.payload["n"], "id": event.context.request_id }))
        }
    });
    let lambda = Lambda::builder().workers(WORKERS).timeout(LONG);
    let lambda = lambda.start_in_process(meet).await;

    let mut invocations = JoinSet::new();
    for n in 0..WORKERS {
        let lambda = lambda.clone();
        invocations.spawn(async move { (n, lambda.invoke(event(&json!({ "n": n }))).await) });
    }
    let mut ids = HashSet::new();
    for (n, report) in invocations.join_all().await {
        let answer: Value = report.json();
        assert_eq!(answer["n"], n);
        assert_eq!(answer["id"], report.request_id());
        ids.insert(report.request_id().to_owned());
    }
    assert_eq!(ids.len(), 64);
    finish(lambda, &[]).await;
}

async fn in_process_timeout() {
    let release = Arc::new(Notify::new());
    let handler = {
        let release = Arc::clone(&release);
        service_fn(move |event: LambdaEvent<Value>| {
            let release = Arc::clone(&release);
            async move {
                if event.payload["do"] == "hold" {
                    release.notified().await;
                }
                Ok::<_, Error>(json!("done"))
            }
        })
    };
    let timeout = Duration::from_millis(500);
    let lambda = Lambda::builder()
        .timeout(timeout)
        .start_in_process(handler)
        .await;

    let report = lambda.invoke(act("hold")).await;
    assert_eq!(report.status(), Status::Timeout);
    assert!(report.duration() >= timeout);

    let mut next = lambda.begin(act("echo")).await;
    let early = tokio::time::timeout(Duration::from_millis(200), next.taken()).await;
    assert!(early.is_err(), "the worker is held");
    release.notify_one();
    let next = next.report().await;
    assert_eq!(next.json::<Value>(), "done");
    // What was late was sent all the same, and refused.
    assert_eq!(lambda.control().count(CallKind::Response), 2);
    finish(lambda, &[]).await;
}

async fn panics() {
    let lambda = Lambda::builder()
        .timeout(LONG)
        .start_in_process(Panics)
        .await;
    for (what, message) in [
        ("panic in call", "Lambda panicked: on purpose in call"),
        ("panic in poll", "Lambda panicked: on purpose in poll"),
    ] {
        let report = lambda.invoke(act(what)).await;
        assert_eq!(report.status(), Status::Error);
        assert_eq!(report.error_message().as_deref(), Some(message));
    }
    assert_eq!(lambda.invoke(act("echo")).await.status(), Status::Success);
    finish(lambda, &[]).await;
}
