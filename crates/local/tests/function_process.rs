//! The Runtime API with functions in processes of their own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::{collections::HashSet, io, thread, time::Duration};

use powertools_local::{FunctionProcess, Invoke, Reply, RuntimeApi};
use serde_json::{Value, json};
use support::{
    function::{KIND, OVERLAPPING, now_ms},
    test,
};
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

fn main() {
    support::main(|| {
        vec![
            test(
                "an_event_is_answered_with_its_context",
                an_event_is_answered_with_its_context,
            ),
            test("made_up_ids_have_the_shape_of_real_ones", made_up_ids),
            test(
                "the_deadline_counts_from_when_the_event_is_taken",
                the_deadline,
            ),
            test(
                "an_error_and_a_panic_are_replies_and_the_function_goes_on",
                an_error_and_a_panic,
            ),
            test(
                "a_process_that_ends_crashes_its_invocation",
                a_process_that_ends,
            ),
            test(
                "a_process_with_one_worker_is_killed_at_the_deadline",
                killed_at_the_deadline,
            ),
            test(
                "with_several_workers_the_code_runs_on_after_the_deadline",
                the_code_runs_on,
            ),
            test("sixteen_invocations_overlap", sixteen_invocations_overlap),
            test(
                "an_answer_above_six_megabytes_is_an_error",
                an_answer_too_large,
            ),
            test(
                "a_stream_is_collected_with_its_prelude",
                a_stream_is_collected,
            ),
            test("an_error_in_mid_stream_is_seen", an_error_in_mid_stream),
            test(
                "an_exit_before_the_first_event_is_an_init_error",
                an_exit_before_the_first_event,
            ),
            test("a_reported_init_error_is_kept", a_reported_init_error),
            test("dropping_the_handle_kills_the_process", dropping_the_handle),
            test("standard_output_can_be_read", standard_output),
            test("a_missing_program_is_an_error", a_missing_program),
        ]
    });
}

fn act(what: &str) -> Invoke {
    Invoke::new(json!({ "do": what }).to_string()).timeout(LONG)
}

fn answer(reply: &Reply) -> Value {
    assert!(matches!(reply, Reply::Response { .. }), "{reply:?}");
    reply.json().unwrap()
}

async fn an_event_is_answered_with_its_context() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder();
    let _function = function
        .function_name("orders")
        .memory_size(512)
        .spawn(&api)
        .unwrap();
    let invoke = act("echo")
        .request_id("request-1")
        .trace_id("Root=1-a;Sampled=0")
        .function_arn("arn:aws:lambda:eu-west-1:1:function:orders")
        .tenant_id("blue")
        .client_context(r#"{"custom":{"a":"b"}}"#)
        .cognito_identity(r#"{"cognitoIdentityId":"me","cognitoIdentityPoolId":"pool"}"#);

    let answer = answer(&api.invoke(invoke).await);

    assert_eq!(answer["payload"], json!({ "do": "echo" }));
    assert_eq!(answer["requestId"], "request-1");
    assert_eq!(answer["traceId"], "Root=1-a;Sampled=0");
    assert_eq!(answer["arn"], "arn:aws:lambda:eu-west-1:1:function:orders");
    assert_eq!(answer["tenantId"], "blue");
    assert_eq!(answer["client"], json!({ "a": "b" }));
    assert_eq!(answer["identity"], "me");
    assert_eq!(answer["function"], "orders");
    assert_eq!(answer["memory"], 512);
    assert_eq!(answer["version"], "$LATEST");
    assert_eq!(answer["logGroup"], "/aws/lambda/orders");
    assert_eq!(answer["initializationType"], "on-demand");
    assert_eq!(answer["maxConcurrency"], Value::Null);
}

async fn made_up_ids() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder().spawn(&api).unwrap();
    let first = answer(&api.invoke(act("echo")).await);
    let second = answer(&api.invoke(act("echo")).await);

    assert_ne!(first["requestId"], second["requestId"]);
    assert_eq!(first["requestId"].as_str().unwrap().len(), 36);
    let trace = first["traceId"].as_str().unwrap();
    assert!(
        trace.starts_with("Root=1-") && trace.ends_with(";Sampled=1"),
        "{trace}"
    );
    assert!(
        first["arn"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:lambda:"),
        "{first}"
    );
    assert_eq!(first["pid"], second["pid"]);
}

async fn the_deadline() {
    let api = RuntimeApi::bind().await.unwrap();
    // The event is there before the process is.
    let reply = tokio::spawn(api.invoke(act("echo")));
    let _function = FunctionProcess::builder().spawn(&api).unwrap();
    let answer = answer(&reply.await.unwrap());
    let at = |name: &str| answer[name].as_u64().unwrap();

    let timeout = 60_000;
    assert!(at("deadline") >= at("started") + timeout, "{answer}");
    assert!(at("deadline") <= at("now") + timeout, "{answer}");
}

async fn an_error_and_a_panic() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder()
        .stderr(io::pipe().unwrap().1)
        .spawn(&api)
        .unwrap();
    let pid = answer(&api.invoke(act("echo")).await)["pid"].clone();

    for (what, message) in [("fail", "no luck"), ("panic", "on purpose")] {
        let reply = api.invoke(act(what)).await;
        assert!(matches!(reply, Reply::Error { .. }), "{reply:?}");
        let error: Value = reply.json().unwrap();
        assert!(
            error["errorMessage"].as_str().unwrap().contains(message),
            "{error}"
        );
    }

    assert_eq!(answer(&api.invoke(act("echo")).await)["pid"], pid);
}

async fn a_process_that_ends() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().spawn(&api).unwrap();

    assert_eq!(api.invoke(act("exit")).await, Reply::Crashed);
    let exit = function.wait().await;
    assert_eq!(exit.status().unwrap().code(), Some(3));
    assert!(!exit.is_init_error());

    let _another = FunctionProcess::builder().spawn(&api).unwrap();
    answer(&api.invoke(act("echo")).await);
}

async fn killed_at_the_deadline() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().spawn(&api).unwrap();
    let pid = function.id().unwrap();

    let started = now_ms();
    assert_eq!(
        api.invoke(act("sleep").timeout(SHORT)).await,
        Reply::TimedOut
    );
    assert!(now_ms() - started >= 300);
    // What comes next waits for the next process.
    let next = tokio::spawn(api.invoke(act("echo")));
    assert_eq!(
        function.wait().await.status().unwrap().code(),
        None,
        "killed by a signal"
    );
    assert!(!support::exists(pid));

    let _another = FunctionProcess::builder().spawn(&api).unwrap();
    assert_ne!(answer(&next.await.unwrap())["pid"], pid);
}

async fn the_code_runs_on() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().workers(2).spawn(&api).unwrap();

    assert_eq!(
        api.invoke(act("hold").timeout(SHORT)).await,
        Reply::TimedOut
    );

    // It answers only when the timed out one has gone on to its end.
    let released = answer(&api.invoke(act("release")).await);
    assert_eq!(released["pid"], function.id().unwrap());
    assert_eq!(released["maxConcurrency"], "2");
    assert_eq!(released["initializationType"], "lambda-managed-instances");
    // Both workers are back.
    let held = tokio::spawn(api.invoke(act("hold")));
    answer(&api.invoke(act("release")).await);
    answer(&held.await.unwrap());
}

async fn sixteen_invocations_overlap() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder()
        .workers(OVERLAPPING.try_into().unwrap())
        .spawn(&api)
        .unwrap();
    let mut invocations = JoinSet::new();
    for n in 0..OVERLAPPING {
        let invoke = act("meet").request_id(format!("request-{n}"));
        invocations.spawn(api.invoke(invoke));
    }

    let replies = invocations.join_all().await;

    let ids: HashSet<_> = replies
        .iter()
        .map(|reply| answer(reply)["requestId"].clone())
        .collect();
    assert_eq!(ids.len(), OVERLAPPING);
}

async fn an_answer_too_large() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder().spawn(&api).unwrap();

    let reply = api.invoke(act("large")).await;
    let Reply::Error { error_type, .. } = reply else {
        panic!("accepted");
    };
    assert_eq!(error_type.as_deref(), Some("Function.ResponseSizeTooLarge"));
    answer(&api.invoke(act("echo")).await);
}

async fn a_stream_is_collected() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder()
        .env(KIND, "http-stream")
        .spawn(&api)
        .unwrap();
    let event = json!({
        "version": "2.0", "rawPath": "/stream", "headers": {},
        "requestContext": { "http": { "method": "GET" } },
    });

    let reply = api
        .invoke(Invoke::new(event.to_string()).timeout(LONG))
        .await;

    let Reply::Streamed {
        status,
        headers,
        cookies,
        error,
        ..
    } = &reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!(status.as_u16(), 201);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(cookies, &["a=1", "b=2"]);
    assert_eq!(*error, None);
    assert_eq!(reply.json::<Value>().unwrap()["rawPath"], "/stream");
}

async fn an_error_in_mid_stream() {
    let api = RuntimeApi::bind().await.unwrap();
    let _function = FunctionProcess::builder()
        .env(KIND, "broken-stream")
        .spawn(&api)
        .unwrap();

    let reply = api.invoke(act("echo")).await;

    let Reply::Streamed {
        body,
        error: Some(error),
        ..
    } = reply
    else {
        panic!("{reply:?}");
    };
    assert!(body.starts_with(b"part"));
    assert_eq!(error.error_type, "Runtime.StreamError");
    assert!(!error.body.is_empty());
}

async fn an_exit_before_the_first_event() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "init-exit")
        .spawn(&api)
        .unwrap();

    let exit = function.wait().await;
    assert!(exit.is_init_error());
    assert_eq!(exit.status().unwrap().code(), Some(7));
    assert!(!function.is_running());
}

async fn a_reported_init_error() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "init-error")
        .spawn(&api)
        .unwrap();

    let exit = function.wait().await;
    assert!(exit.is_init_error());
    let error: Value = serde_json::from_slice(exit.init_error().unwrap()).unwrap();
    assert_eq!(error["errorType"], "Init.NoConfig");
}

async fn dropping_the_handle() {
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder().spawn(&api).unwrap();
    let pid = function.id().unwrap();
    let reply = tokio::spawn(api.invoke(act("echo")));
    answer(&reply.await.unwrap());
    let sleeping = tokio::spawn(api.invoke(act("sleep")));

    drop(function);

    // Whether it had taken the event or not: the process goes.
    while support::exists(pid) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sleeping.abort();
}

async fn standard_output() {
    let (reader, writer) = io::pipe().unwrap();
    let printed = thread::spawn(|| io::read_to_string(reader));
    let api = RuntimeApi::bind().await.unwrap();
    let function = FunctionProcess::builder()
        .env(KIND, "http")
        .stdout(writer)
        .spawn(&api)
        .unwrap();
    let event = json!({
        "version": "2.0", "rawPath": "/pid", "headers": {},
        "requestContext": { "http": { "method": "GET" } },
    });
    answer(&api.invoke(Invoke::new(event.to_string())).await);
    function.kill().await;

    let printed = printed.join().unwrap().unwrap();
    assert_eq!(printed, "{\"message\":\"a line of the function\"}\n");
}

async fn a_missing_program() {
    let api = RuntimeApi::bind().await.unwrap();
    let error = FunctionProcess::builder()
        .program("no/such/file")
        .spawn(&api)
        .unwrap_err();

    assert!(error.is_spawn(), "{error}");
}
