//! What the logger says about Lambda's own level.

use powertools_core::{Env, Host, Invocation, test_util::CapturedOutput};
use powertools_logger::{LogBuffer, LoggerBuilder, LoggerLayer, flush_buffer};
use serde_json::Value;
use tracing::{debug, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt};

const PLATFORM: (&str, &str) = ("AWS_LAMBDA_LOG_LEVEL", "WARN");

/// How many warnings there are once the logger is built and has run.
fn warnings<const N: usize>(
    env: [(&str, &str); N],
    build: impl FnOnce(LoggerBuilder) -> LoggerBuilder,
    run: impl FnOnce(&LoggerLayer),
) -> usize {
    let output = CapturedOutput::default();
    let host = Host::default().with_env(Env::from_iter(env));
    let builder = LoggerLayer::builder().host(host).output(output.writer());
    let logger = build(builder).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || {
        Invocation::detached().enter(|| run(&logger));
    });
    let is_warning = |line: &&Value| line["location"] == "powertools_logger";
    output.json().iter().filter(is_warning).count()
}

#[test]
fn level_that_nobody_asked_for_is_no_reason_to_warn() {
    assert_eq!(warnings([PLATFORM], |builder| builder, |_| {}), 0);
    let set_back = |logger: &LoggerLayer| logger.set_level(None);
    assert_eq!(warnings([PLATFORM], |builder| builder, set_back), 0);
}

#[test]
fn level_that_was_asked_for_and_is_hidden_is_told() {
    let asked = |builder: LoggerBuilder| builder.level(LevelFilter::INFO);
    assert_eq!(warnings([PLATFORM], asked, |_| {}), 1);
    let env = [PLATFORM, ("POWERTOOLS_LOG_LEVEL", "DEBUG")];
    assert_eq!(warnings(env, |builder| builder, |_| {}), 1);
    let set = |logger: &LoggerLayer| logger.set_level(LevelFilter::INFO);
    assert_eq!(warnings([PLATFORM], |builder| builder, set), 1);
    let set_back = |logger: &LoggerLayer| logger.set_level(None);
    assert_eq!(warnings([PLATFORM], asked, set_back), 2);
}

#[test]
fn first_flush_of_lines_below_the_level_of_lambda_is_told() {
    let buffered = |builder: LoggerBuilder| builder.buffer(LogBuffer::new());
    let built = warnings([PLATFORM], buffered, |_| flush_buffer());
    assert_eq!(built, 1);
    let flushed = warnings([PLATFORM], buffered, |_| {
        for _ in 0..2 {
            debug!("held");
            flush_buffer();
        }
    });
    assert_eq!(flushed, 2);
    let open = ("AWS_LAMBDA_LOG_LEVEL", "DEBUG");
    let shown = warnings([open], buffered, |_| {
        debug!("held");
        flush_buffer();
    });
    assert_eq!(shown, 0);
}
