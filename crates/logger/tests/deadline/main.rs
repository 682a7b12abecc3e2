//! The warning before a time-out, and what is written with it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod function;
#[path = "../support/mod.rs"]
mod support;
mod watchdog;

use std::{convert::Infallible, process::ExitCode, time::Duration};

use powertools_core::test_util::TestContext;
use powertools_logger::{LogBuffer, LoggerBuilder, LoggerLayer};
use serde_json::Value;
use support::{Bed, NO_ENV, PausedClock, host, install, line, moment};
use testbed::process::Harness;
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, info};

const WARNING: &str = "the invocation is about to time out";

fn main() -> ExitCode {
    Harness::new()
        .function(function::run)
        .scenario("blocks", watchdog::blocks)
        .tests(function::tests())
        .test(
            "the_watchdog_warns_while_the_handler_blocks_its_thread",
            watchdog::warns,
        )
        .test("a_warning_at_the_margin_says_what_remains", at_the_margin)
        .test(
            "an_invocation_that_ends_before_is_not_warned_of",
            ends_before,
        )
        .test("a_margin_takes_at_most_half_of_the_time", half)
        .test(
            "an_invocation_without_a_deadline_is_not_warned_of",
            no_deadline,
        )
        .test("without_a_margin_nobody_warns", off)
        .test("held_lines_come_before_the_warning", held)
        .test("the_warning_is_not_held_itself", not_held)
        .test("a_second_flush_and_the_real_finish_follow", finish_follows)
        .test("stacked_loggers_warn_once", stacked)
        .main()
}

/// A logger on time that is paused and moves by itself when all wait.
fn paused(configure: impl FnOnce(LoggerBuilder) -> LoggerBuilder) -> Bed {
    tokio::time::pause();
    warning(configure)
}

fn warning(configure: impl FnOnce(LoggerBuilder) -> LoggerBuilder) -> Bed {
    let host = host(NO_ENV).with_clock(PausedClock::shared());
    let builder = LoggerLayer::builder()
        .host(host)
        .timeout_warning(Duration::from_millis(500));
    install(configure(builder))
}

fn until(time: Duration) -> TestContext {
    TestContext::new("r-1").deadline(moment() + time)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn remaining(warning: &Value) -> u64 {
    warning["remaining_ms"].as_u64().unwrap()
}

async fn at_the_margin() {
    let bed = paused(|builder| builder);
    let slow = async || {
        sleep(millis(9_490)).await;
        assert!(bed.messages().is_empty());
        sleep(millis(20)).await;
        assert_eq!(bed.messages(), [WARNING]);
        sleep(millis(100)).await;
        Ok::<_, Infallible>("answer")
    };
    let answer = bed.invoke_with(until(millis(10_000)), slow).await;
    assert_eq!(answer, Ok("answer"));
    let lines = bed.lines();
    let warning = line(&lines, WARNING);
    // The timer has steps of a millisecond.
    assert!((498..=500).contains(&remaining(warning)), "{warning}");
    assert_eq!(warning["level"], "WARN");
    assert_eq!(warning["function_request_id"], "r-1");
}

async fn ends_before() {
    let bed = paused(|builder| builder);
    let quick = async || {
        sleep(millis(9_400)).await;
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(until(millis(10_000)), quick).await.unwrap();
    sleep(millis(5_000)).await;
    assert!(bed.messages().is_empty());
}

async fn half() {
    let bed = paused(|builder| builder);
    let slow = async || {
        sleep(millis(290)).await;
        assert!(bed.messages().is_empty());
        sleep(millis(20)).await;
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(until(millis(600)), slow).await.unwrap();
    let lines = bed.lines();
    assert!((298..=300).contains(&remaining(line(&lines, WARNING))));
}

async fn no_deadline() {
    let bed = paused(|builder| builder);
    let slow = async || {
        sleep(millis(50_000)).await;
        Ok::<_, Infallible>(())
    };
    // Emulators send deadlines that are past.
    let past = TestContext::new("r-1").deadline(moment() - millis(1));
    for context in [TestContext::new("r-1"), past] {
        bed.invoke_with(context, slow).await.unwrap();
    }
    assert!(bed.messages().is_empty());
}

async fn off() {
    tokio::time::pause();
    let host = host(NO_ENV).with_clock(PausedClock::shared());
    let bed = install(LoggerLayer::builder().host(host).buffer(LogBuffer::new()));
    let slow = async || {
        debug!("held");
        sleep(millis(950)).await;
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(until(millis(1_000)), slow).await.unwrap();
    assert_eq!(bed.messages(), ["held"]);
}

async fn held() {
    tokio::time::pause();
    for (buffer, expected) in [
        (LogBuffer::new(), ["held", WARNING].as_slice()),
        (LogBuffer::new().flush_on_uncaught_error(false), &[WARNING]),
    ] {
        let bed = warning(|builder| builder.buffer(buffer));
        let slow = async || {
            debug!("held");
            sleep(millis(9_600)).await;
            Ok::<_, Infallible>(())
        };
        bed.invoke_with(until(millis(10_000)), slow).await.unwrap();
        assert_eq!(bed.messages(), expected);
    }
}

async fn not_held() {
    let buffer = LogBuffer::new().verbosity(tracing::Level::WARN);
    let bed = paused(|builder| builder.buffer(buffer));
    let slow = async || {
        sleep(millis(9_600)).await;
        assert_eq!(bed.messages(), [WARNING]);
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(until(millis(10_000)), slow).await.unwrap();
}

async fn finish_follows() {
    let bed = paused(|builder| builder.buffer(LogBuffer::new()).canonical_line(true));
    let slow = async || {
        debug!("first");
        sleep(millis(9_600)).await;
        debug!("second");
        sleep(millis(200)).await;
        info!("at once");
        Err::<(), _>("no luck")
    };
    let answer = bed.invoke_with(until(millis(10_000)), slow).await;
    assert_eq!(answer, Err("no luck"));
    assert_eq!(
        bed.messages(),
        [
            "first",
            WARNING,
            "at once",
            "second",
            "uncaught error",
            "invocation"
        ]
    );
}

async fn stacked() {
    let bed = paused(|builder| builder);
    let handler = service_fn(async |_: lambda_runtime::LambdaEvent<()>| {
        sleep(millis(9_900)).await;
        Ok::<_, Infallible>(())
    });
    let service = bed.logger.layer(bed.logger.layer(handler));
    service
        .oneshot(until(millis(10_000)).event(()))
        .await
        .unwrap();
    assert_eq!(bed.messages(), [WARNING]);
}
