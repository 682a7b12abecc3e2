//! Whose lines are held, of which level, and what they show.

use std::{convert::Infallible, time::Duration};

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::{CapturedOutput, ManualClock, lambda_event};
use powertools_logger::{LogBuffer, append_key, clear_buffer, flush_buffer};
use tokio::{join, sync::Barrier};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Level, debug, error, info, level_filters::LevelFilter, trace, warn};
use tracing_subscriber::{
    Layer as _, Registry,
    layer::{Identity, SubscriberExt},
};

use crate::{
    holding,
    support::{NO_ENV, host, install, line, messages, moment},
};

#[tokio::test]
async fn two_invocations_side_by_side_see_neither_lines_nor_clears_of_each_other() {
    let bed = install(holding(LogBuffer::new()));
    let both = Barrier::new(2);
    let clears = bed.run("r-1", async || {
        debug!("of the one that clears");
        both.wait().await;
        clear_buffer();
        both.wait().await;
        error!("after the clear");
        both.wait().await;
    });
    let fails = bed.run("r-2", async || {
        debug!("of the one that fails");
        both.wait().await;
        both.wait().await;
        both.wait().await;
        error!("after the other's error");
    });
    join!(clears, fails);
    let expected = [
        ("after the clear", "r-1"),
        ("of the one that fails", "r-2"),
        ("after the other's error", "r-2"),
    ];
    let lines = bed.lines();
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (message, id) in expected {
        assert_eq!(line(&lines, message)["function_request_id"], id);
    }
}

#[tokio::test]
async fn outside_of_an_invocation_nothing_is_held_back() {
    let bed = install(holding(LogBuffer::new().verbosity(Level::WARN)));
    warn!("at once");
    debug!("below the level");
    flush_buffer();
    clear_buffer();
    assert_eq!(bed.messages(), ["at once"]);
}

#[tokio::test]
async fn after_the_end_nothing_is_held_back() {
    let bed = install(holding(LogBuffer::new().verbosity(Level::INFO)));
    let late = std::sync::Mutex::new(None);
    bed.run("r-1", async || {
        *late.lock().unwrap() = Some(tracing::Span::current());
        info!("held");
    })
    .await;
    let span = late.into_inner().unwrap().unwrap();
    span.in_scope(|| {
        info!("late");
        debug!("late, below the level");
    });
    let lines = bed.lines();
    assert_eq!(bed.messages(), ["late"]);
    assert_eq!(lines[0]["function_request_id"], "r-1");
}

#[tokio::test]
async fn held_lines_do_not_depend_on_the_level_of_the_logger() {
    let bed = install(holding(LogBuffer::new()).level(LevelFilter::ERROR));
    bed.run("r-1", async || {
        debug!("held");
        info!("between verbosity and level");
        error!("failed");
    })
    .await;
    assert_eq!(bed.messages(), ["held", "failed"]);
}

#[tokio::test]
async fn traces_are_held_only_if_the_level_would_write_them() {
    for (level, expected) in [
        (LevelFilter::DEBUG, ["debug", "failed"].as_slice()),
        (LevelFilter::TRACE, &["trace", "debug", "failed"]),
    ] {
        let output = CapturedOutput::default();
        let logger = holding(LogBuffer::new()).level(level);
        let logger = logger.output(output.writer()).build().unwrap();
        // Beside a layer that wants traces; else none would come this far.
        let other = Identity::new().with_filter(LevelFilter::TRACE);
        let subscriber = Registry::default()
            .with(logger.subscriber_layer())
            .with(other);
        let _installed = tracing::subscriber::set_default(subscriber);
        let handler = service_fn(async |_: LambdaEvent<()>| {
            trace!("trace");
            debug!("debug");
            error!("failed");
            Ok::<_, Infallible>(())
        });
        let call = logger.layer(handler).oneshot(lambda_event("r-1", ()));
        call.await.unwrap();
        assert_eq!(messages(&output.json()), expected);
    }
}

#[tokio::test]
async fn what_is_above_the_verbosity_is_written_at_once() {
    for (verbosity, at_once) in [
        (Level::DEBUG, ["info", "warn"].as_slice()),
        (Level::INFO, &["warn"]),
        (Level::WARN, &[]),
    ] {
        let bed = install(holding(LogBuffer::new().verbosity(verbosity)));
        bed.run("r-1", async || {
            debug!("debug");
            info!("info");
            warn!("warn");
        })
        .await;
        assert_eq!(bed.messages(), at_once, "{verbosity}");
    }
}

#[tokio::test]
async fn a_target_with_a_level_of_its_own_is_not_buffered() {
    let bed = install(holding(LogBuffer::new()).target_level("loud", LevelFilter::DEBUG));
    bed.run("r-1", async || {
        debug!(target: "loud", "at once");
        debug!("held");
        assert_eq!(bed.messages(), ["at once"]);
    })
    .await;
}

#[tokio::test]
async fn lambdas_own_level_gets_a_warning_if_it_hides_what_is_held() {
    for (level, warns) in [("INFO", true), ("DEBUG", false)] {
        let host = host([("AWS_LAMBDA_LOG_LEVEL", level)]);
        let bed = install(holding(LogBuffer::new()).host(host));
        let warned = bed.messages().iter().any(|message| {
            message.starts_with("the level DEBUG is more verbose than Lambda's own, INFO")
        });
        assert_eq!(warned, warns, "{level}: {:?}", bed.messages());
    }
}

#[tokio::test]
async fn fields_and_timestamp_are_those_of_the_log_call_and_keys_those_of_the_flush() {
    let clock = ManualClock::at(moment());
    let host = host(NO_ENV).with_clock(clock.shared());
    let bed = install(holding(LogBuffer::new()).host(host));
    bed.run("r-1", async || {
        append_key("before", &1);
        append_key("changes", &"old");
        let mut value = 1;
        debug!(value, "held");
        value += 1;
        append_key("changes", &"new");
        append_key("after", &value);
        clock.advance(Duration::from_secs(1));
        error!("failed");
    })
    .await;
    let lines = bed.lines();
    let held = line(&lines, "held");
    assert_eq!(held["timestamp"], "2023-11-14T22:13:20.500Z");
    assert_eq!(held["level"], "DEBUG");
    assert_eq!((&held["value"], &held["before"]), (&1.into(), &1.into()));
    assert_eq!(
        (&held["changes"], &held["after"]),
        (&"new".into(), &2.into())
    );
    assert_eq!(held["function_request_id"], "r-1");
    assert_eq!(
        line(&lines, "failed")["timestamp"],
        "2023-11-14T22:13:21.500Z"
    );
}

#[tokio::test]
async fn lines_of_the_logger_itself_are_not_lost_with_the_buffer() {
    let bed = install(holding(LogBuffer::new().verbosity(Level::WARN)).canonical_line(true));
    bed.run("r-1", async || info!("held")).await;
    assert_eq!(bed.messages(), ["invocation"]);
}
