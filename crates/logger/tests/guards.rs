//! What the user gives to a logger may fail, log, or be in another place: no line and no
//! answer is lost by that, and none gets what is another's.

mod support;

use std::{fmt, panic::catch_unwind};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Host, Invocation, Random, SharedRandom,
    test_util::{CapturedOutput, TestContext, lambda_event},
};
use powertools_logger::{
    LogBuffer, LogFormatter, LogRecord, LoggerLayer, WithKeys, append_key, count, remove_keys,
};
use serde_json::{Value, json};
use support::{NO_ENV, host, install, line};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, error, info};

fn logger() -> powertools_logger::LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV))
}

#[tokio::test]
async fn held_lines_keep_the_scope_that_they_were_logged_in() {
    let bed = install(logger().buffer(LogBuffer::new()));
    bed.run("r-1", async || {
        async { debug!("order 7 begun") }
            .with_keys(&json!({"order": "7", "only": 7}))
            .await;
        async { error!("order 8 failed") }
            .with_keys(&json!({"order": "8"}))
            .await;
    })
    .await;
    let lines = bed.lines();
    assert_eq!(line(&lines, "order 7 begun")["order"], "7");
    assert_eq!(line(&lines, "order 7 begun")["only"], 7);
    assert_eq!(line(&lines, "order 8 failed")["order"], "8");
    assert_eq!(line(&lines, "order 8 failed").get("only"), None);
}

#[tokio::test]
async fn names_that_log_while_they_are_removed_do_not_wait_for_themselves() {
    let bed = install(logger());
    bed.run("r-1", async || {
        append_key("a", &1);
        remove_keys(["a"].into_iter().inspect(|name| info!("removing {name}")));
        info!("removed");
    })
    .await;
    let lines = bed.lines();
    assert_eq!(line(&lines, "removing a")["a"], 1);
    assert_eq!(line(&lines, "removed").get("a"), None);
}

#[tokio::test]
async fn small_held_lines_do_not_hold_the_memory_of_huge_ones() {
    let bed = install(logger().buffer(LogBuffer::new()));
    let held = allocation_counter::measure(|| {
        futures_util::future::FutureExt::now_or_never(bed.run("r-1", async || {
            for _ in 0..100 {
                let huge = "x".repeat(50_000);
                info!(huge, "huge {huge}");
                debug!("small");
            }
        }))
        .unwrap();
    });
    // What was captured is 100 lines of 100 KB, in a buffer that doubles.
    let most = bed.output.text().len() * 3 + 1_000_000;
    assert!(held.bytes_max < most as u64, "{} > {most}", held.bytes_max);
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn an_error_whose_debug_panics_is_still_the_answer() {
    let bed = install(logger());
    let answer = bed.invoke("r-1", async || Err::<(), _>(Panics)).await;
    assert!(answer.is_err());
    let lines = bed.lines();
    let told = line(&lines, "uncaught error");
    assert_eq!(told["exception_name"], "Panics");
    assert_eq!(told["exception"], "Panics: formatting it panicked");
}

#[tokio::test]
async fn an_extractor_that_panics_does_not_keep_the_handler_from_being_called() {
    let extract = |_: &LambdaEvent<()>| -> Option<String> { panic!("on purpose") };
    let bed = install(logger().correlation_id(extract));
    bed.run("r-1", async || info!("called")).await;
    assert_eq!(line(&bed.lines(), "called").get("correlation_id"), None);

    let bed = install(logger().log_event_as(true, extract));
    bed.run("r-1", async || info!("called")).await;
    assert_eq!(
        bed.messages(),
        ["the event cannot be shown as JSON", "called"]
    );
}

#[tokio::test]
async fn lines_of_an_extractor_are_those_of_the_invocation() {
    let extract = |_: &LambdaEvent<()>| {
        info!("no id in the event");
        None
    };
    let bed = install(logger().correlation_id(extract));
    bed.run("r-1", async || {}).await;
    let lines = bed.lines();
    assert_eq!(
        line(&lines, "no id in the event")["function_request_id"],
        "r-1"
    );
}

#[tokio::test]
async fn the_canonical_line_has_no_failure_that_was_not_the_end() {
    let output = CapturedOutput::default();
    let layer = logger()
        .canonical_line(true)
        .output(output.writer())
        .build()
        .unwrap();
    layer.install_panic_hook();
    let handler = service_fn(async |_: LambdaEvent<()>| {
        assert!(catch_unwind(|| panic!("caught")).is_err());
        Ok::<_, std::convert::Infallible>(())
    });
    let event = lambda_event("r-caught", ());
    let Ok(()) = layer.layer(handler).oneshot(event).await;
    // The hook is the process's: it also hears of other tests.
    let mut lines = output.json();
    lines.retain(|line| line["function_request_id"] == "r-caught");
    assert_eq!(line(&lines, "panic")["exception"], "panic: caught");
    let canonical = line(&lines, "invocation");
    assert_eq!(canonical["outcome"], "ok");
    assert_eq!(canonical.get("exception"), None);
}

#[tokio::test]
async fn counters_do_not_take_the_names_of_the_lines_own_keys() {
    let bed = install(logger().canonical_line(true));
    bed.run("r-1", async || {
        for name in [
            "outcome",
            "duration_ms",
            "service",
            "message",
            "level",
            "own",
        ] {
            count(name, 5);
        }
    })
    .await;
    let lines = bed.lines();
    let canonical = line(&lines, "invocation");
    assert_eq!(canonical["outcome"], "ok");
    assert_eq!(canonical["service"], "service_undefined");
    assert_eq!(canonical["own"], 5);
    let warned = |line: &&Value| line["level"] == "WARN";
    assert_eq!(lines.iter().filter(warned).count(), 1);
}

#[tokio::test]
async fn a_formatter_finds_the_invocation_at_its_end_too() {
    struct Asks;
    impl LogFormatter for Asks {
        fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
            let id = Invocation::current().request_id().map(ToOwned::to_owned);
            let message = record.get("message").unwrap();
            line.extend_from_slice(format!("[{message},{:?}]", id.unwrap_or_default()).as_bytes());
        }
    }
    let bed = install(logger().canonical_line(true).formatter(Asks));
    bed.run("r-1", async || info!("hi")).await;
    assert_eq!(
        bed.lines(),
        [json!(["hi", "r-1"]), json!(["invocation", "r-1"])]
    );
}

#[tokio::test]
async fn one_that_was_sampled_and_has_ended_is_not_sampled_again() {
    struct AlwaysDrawn;
    impl Random for AlwaysDrawn {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let host: Host = host(NO_ENV).with_random(SharedRandom::new(AlwaysDrawn));
    let bed = install(LoggerLayer::builder().host(host).sampling_rate(0.5));
    let mut kept = None;
    bed.run("r-1", async || {
        debug!("drawn");
    })
    .await;
    bed.invoke_with(TestContext::new("r-2"), || {
        kept = Some(Invocation::current());
        async { Ok::<_, std::convert::Infallible>(()) }
    })
    .await
    .unwrap();
    kept.unwrap().enter(|| {
        powertools_logger::refresh_sampling();
        debug!("late");
    });
    assert_eq!(bed.messages(), ["drawn"]);
}
