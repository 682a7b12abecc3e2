//! Records of the `log` crate, in a process in which the logger is installed.
#![cfg(feature = "log")]

mod support;

use std::{convert::Infallible, sync::LazyLock};

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::{CapturedOutput, lambda_event};
use powertools_logger::{LogBuffer, LoggerLayer, append_key};
use serde_json::Value;
use support::{NO_ENV, host};
use tower::{Layer, ServiceExt, service_fn};
use tracing::level_filters::LevelFilter;

static INSTALLED: LazyLock<(LoggerLayer, CapturedOutput)> = LazyLock::new(|| {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .host(host(NO_ENV))
        .target_level("quiet", LevelFilter::ERROR)
        .target_level("loud", LevelFilter::TRACE)
        .buffer(LogBuffer::new())
        .output(output.writer());
    let logger = logger.build().unwrap();
    logger.init().unwrap();
    (logger, output)
});

/// The lines that begin with the test's own word.
fn lines(test: &str) -> Vec<Value> {
    let is_own = |line: &Value| line["message"].as_str().unwrap().starts_with(test);
    INSTALLED.1.json().into_iter().filter(is_own).collect()
}

#[test]
fn a_record_is_a_line_of_its_level_message_and_place() {
    LazyLock::force(&INSTALLED);
    let number = line!() + 1;
    log::warn!("place {}", 7);
    log::info!(target: "elsewhere", "place of another target");
    let [warning, info] = lines("place").try_into().unwrap();
    assert_eq!(
        (&warning["level"], &info["level"]),
        (&"WARN".into(), &"INFO".into())
    );
    assert_eq!(warning["message"], "place 7");
    assert_eq!(warning["location"], format!("{}:{number}", module_path!()));
    assert_eq!(warning["timestamp"], "2023-11-14T22:13:20.500Z");
    let names: Vec<_> = warning.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["level", "location", "message", "service", "timestamp"]
    );
}

#[test]
fn the_level_and_the_levels_of_targets_hold_for_records() {
    LazyLock::force(&INSTALLED);
    log::info!("level shown");
    log::debug!("level hidden");
    log::warn!(target: "quiet::below", "level hidden");
    log::error!(target: "quiet", "level shown of quiet");
    log::trace!(target: "loud", "level shown of loud");
    let messages = support::messages(&lines("level"));
    assert_eq!(
        messages,
        ["level shown", "level shown of quiet", "level shown of loud"]
    );
}

#[tokio::test]
async fn a_record_of_an_invocation_has_its_keys_and_is_held_and_flushes() {
    let handler = service_fn(async |_: LambdaEvent<()>| {
        append_key("order", &7);
        log::debug!("invocation held");
        log::info!("invocation at once");
        log::error!("invocation failed");
        Ok::<_, Infallible>(())
    });
    let service = INSTALLED.0.layer(handler);
    service.oneshot(lambda_event("r-1", ())).await.unwrap();
    let lines = lines("invocation");
    assert_eq!(
        support::messages(&lines),
        ["invocation at once", "invocation held", "invocation failed"]
    );
    for line in &lines {
        assert_eq!(
            (&line["function_request_id"], &line["order"]),
            (&"r-1".into(), &7.into())
        );
    }
}
