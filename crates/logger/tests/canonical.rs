//! The canonical line: one wide line for each invocation.

mod support;

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    StreamScopeLayer,
    test_util::{ManualClock, TestContext, http_request, lambda_event, lambda_invocation},
};
use powertools_logger::{LoggerBuilder, LoggerLayer, append_key, count};
use serde_json::{Value, json};
use support::{Bed, NO_ENV, caught, host, install, line, moment};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::{info, level_filters::LevelFilter};

fn canonical() -> LoggerBuilder {
    LoggerLayer::builder()
        .host(host(NO_ENV))
        .canonical_line(true)
}

/// The outcomes and levels of the canonical lines.
fn ends(bed: &Bed) -> Vec<(String, String)> {
    let lines = bed.lines();
    let canonical = lines.iter().filter(|line| line["message"] == "invocation");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    canonical
        .map(|line| (text(&line["outcome"]), text(&line["level"])))
        .collect()
}

fn end(outcome: &str, level: &str) -> (String, String) {
    (outcome.to_owned(), level.to_owned())
}

#[tokio::test]
async fn it_has_duration_outcome_counters_and_every_key() {
    let clock = ManualClock::at(moment());
    let host = host(NO_ENV).with_clock(clock.shared());
    let bed = install(canonical().host(host).service("pay").key("team", "blue"));
    let context = TestContext::new("r-1")
        .tenant_id("green")
        .xray_header("Root=1-2-3");
    let handler = async || {
        append_key("order", &7);
        append_key("customer", &json!({"id": 8}));
        count("items", 2);
        count("retries", 1);
        count("items", 3);
        count("balance", -4);
        clock.advance(Duration::from_micros(1_234_567));
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(context, handler).await.unwrap();
    let [line] = bed.lines().try_into().unwrap();
    assert_eq!(
        line,
        json!({
            "level": "INFO",
            "location": "powertools_logger",
            "message": "invocation",
            "timestamp": "2023-11-14T22:13:21.734Z",
            "service": "pay",
            "team": "blue",
            "cold_start": true,
            "function_name": "test",
            "function_memory_size": 128,
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:test",
            "function_request_id": "r-1",
            "tenant_id": "green",
            "order": 7,
            "customer": {"id": 8},
            "outcome": "ok",
            "duration_ms": 1234.567,
            "items": 5,
            "retries": 1,
            "balance": -4,
            "xray_trace_id": "1-2-3",
        })
    );
}

#[tokio::test]
async fn an_error_is_told_without_its_stack_trace() {
    let bed = install(canonical());
    let failing = async || Err::<(), _>(std::io::Error::other("disk full"));
    bed.invoke("r-1", failing).await.unwrap_err();
    assert_eq!(ends(&bed), [end("fault", "ERROR")]);
    let lines = bed.lines();
    let (told, wide) = (line(&lines, "uncaught error"), line(&lines, "invocation"));
    for key in ["exception", "exception_name"] {
        assert!(told[key].is_string());
        assert_eq!(wide[key], told[key]);
    }
    assert!(told.get("stack_trace").is_some());
    assert_eq!(wide.get("stack_trace"), None);
}

#[tokio::test]
async fn a_response_of_5xx_is_a_fault_without_an_error() {
    let bed = install(canonical());
    for status in [500, 404] {
        let service = bed
            .logger
            .layer(service_fn(move |_: Request<()>| async move {
                let response = Response::builder().status(status).body(()).unwrap();
                Ok::<_, Infallible>(response)
            }));
        service.oneshot(http_request("/", ())).await.unwrap();
    }
    assert_eq!(ends(&bed), [end("fault", "ERROR"), end("ok", "INFO")]);
    assert_eq!(bed.lines()[0].get("exception"), None);
}

#[tokio::test]
async fn a_panic_in_call_or_poll_is_its_outcome() {
    let bed = install(canonical());
    let in_poll = async || -> Result<(), Infallible> { panic!("on purpose") };
    caught(bed.invoke("r-1", in_poll)).await.unwrap_err();
    let in_call = || -> std::future::Ready<Result<(), Infallible>> { panic!("on purpose") };
    caught(bed.invoke("r-2", in_call)).await.unwrap_err();
    let both = [end("panic", "ERROR"), end("panic", "ERROR")];
    assert_eq!(ends(&bed), both);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let bed = install(canonical());
    let hanging = service_fn(async |_: LambdaEvent<()>| -> Result<(), Infallible> {
        count("begun", 1);
        pending().await
    });
    let mut service = bed.logger.layer(hanging);
    let mut call = Box::pin(service.call(lambda_event("r-1", ())));
    tokio::select! {
        biased;
        _ = &mut call => unreachable!(),
        () = std::future::ready(()) => {}
    }
    assert!(bed.lines().is_empty());
    drop(call);
    assert_eq!(ends(&bed), [end("cancelled", "WARN")]);
    assert_eq!(bed.lines()[0]["begun"], 1);
}

#[tokio::test]
async fn at_the_runtime_level_the_outcome_is_unknown() {
    let bed = install(canonical());
    let service = service_fn(async |_: LambdaInvocation| Ok::<_, Infallible>(()));
    let call = bed
        .logger
        .layer(service)
        .oneshot(lambda_invocation("r-1", "{}"));
    call.await.unwrap();
    assert_eq!(ends(&bed), [end("unknown", "INFO")]);
}

// --- streamed bodies ---------------------------------------------------------------

/// Counts its frames.
struct Frames {
    left: u32,
    fails: bool,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if self.left == 0 {
            return Poll::Ready(self.fails.then_some(Err("broken")));
        }
        self.left -= 1;
        count("frames", 1);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }
}

/// Answers with a body of three frames, of which so many are read.
async fn stream(bed: &Bed, fails: bool, read: usize) -> usize {
    let handler = service_fn(move |_: Request<()>| async move {
        Ok::<_, Infallible>(Response::new(Frames { left: 3, fails }))
    });
    let service = StreamScopeLayer::default().layer(handler);
    let request = TestContext::new("r-1").http("/", ());
    let response = bed.logger.layer(service).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = Box::pin(response.into_body());
    let before = bed.lines().len();
    for _ in 0..read {
        let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        drop(frame);
    }
    before
}

#[tokio::test]
async fn a_streamed_body_ends_the_invocation_and_counts_as_well() {
    for (fails, read, outcome) in [
        (false, 4, end("ok", "INFO")),
        (true, 4, end("fault", "ERROR")),
        (false, 2, end("cancelled", "WARN")),
    ] {
        let bed = install(canonical());
        let before = stream(&bed, fails, read).await;
        assert_eq!(before, 0, "the body has not ended yet");
        assert_eq!(ends(&bed), [outcome]);
        let line = &bed.lines()[0];
        assert_eq!(line["frames"], read.min(3));
        assert_eq!(line["function_request_id"], "r-1");
    }
}

// --- which, and how often ----------------------------------------------------------

#[tokio::test]
async fn the_level_of_the_logger_holds_for_it() {
    for (level, expected) in [
        (LevelFilter::INFO, ["ok", "fault"].as_slice()),
        (LevelFilter::WARN, &["fault"]),
        (LevelFilter::OFF, &[]),
    ] {
        let bed = install(canonical().level(level));
        bed.run("r-1", async || {}).await;
        bed.invoke("r-2", async || Err::<(), _>("no luck"))
            .await
            .unwrap_err();
        let outcomes: Vec<_> = ends(&bed).into_iter().map(|(outcome, _)| outcome).collect();
        assert_eq!(outcomes, expected, "{level}");
    }
}

#[tokio::test]
async fn stacked_loggers_write_one_and_a_nested_invocation_its_own() {
    let bed = install(canonical());
    let inner = bed.logger.clone();
    let handler = service_fn(move |_: LambdaEvent<()>| {
        let inner = inner.clone();
        async move {
            count("calls", 1);
            let nested = service_fn(async |_: LambdaEvent<()>| {
                count("nested", 1);
                Ok::<_, Infallible>(())
            });
            inner.layer(nested).oneshot(lambda_event("r-2", ())).await
        }
    });
    let service = bed.logger.layer(bed.logger.layer(handler));
    service.oneshot(lambda_event("r-1", ())).await.unwrap();
    let lines = bed.lines();
    let [nested, outer] = &lines[..] else {
        panic!("not two: {lines:#?}");
    };
    assert_eq!(
        (&nested["function_request_id"], &nested["nested"]),
        (&json!("r-2"), &json!(1))
    );
    assert_eq!(
        (&outer["function_request_id"], &outer["calls"]),
        (&json!("r-1"), &json!(1))
    );
    assert_eq!((nested.get("calls"), outer.get("nested")), (None, None));
}

#[tokio::test]
async fn nothing_is_left_for_the_next_invocation() {
    let bed = install(canonical());
    bed.invoke("r-1", async || {
        count("items", i64::MAX);
        count("items", 1);
        Err::<(), _>("no luck")
    })
    .await
    .unwrap_err();
    bed.run("r-2", async || {}).await;
    let lines = bed.lines();
    assert_eq!(lines[1]["items"], i64::MAX, "it stops at the largest");
    assert_eq!(lines[2]["outcome"], "ok");
    for key in ["items", "exception", "exception_name"] {
        assert_eq!(lines[2].get(key), None);
    }
}

#[tokio::test]
async fn it_is_off_by_default_and_counting_does_no_harm() {
    let bed = install(LoggerLayer::builder().host(host(NO_ENV)));
    count("outside", 1);
    bed.run("r-1", async || {
        count("items", 1);
        info!("only this");
    })
    .await;
    assert_eq!(bed.messages(), ["only this"]);
    assert_eq!(bed.lines()[0].get("items"), None);
}
