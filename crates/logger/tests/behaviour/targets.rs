//! Levels of single targets.

use powertools_logger::{LogBuffer, LoggerBuilder};
use tracing::{Level, level_filters::LevelFilter};

use crate::support::{builder, invoked, logged, with_env};

fn talk() {
    tracing::debug!(target: "hyper", "hyper");
    tracing::debug!(target: "hyper::client", "client");
    tracing::debug!(target: "hyper::client::pool", "pool");
    tracing::debug!(target: "hyper_util", "util");
    tracing::debug!(target: "mine", "mine");
    tracing::warn!(target: "hyper", "warn");
}

fn heard(builder: LoggerBuilder) -> Vec<String> {
    messages(&logged(builder, |_| talk()))
}

fn messages(output: &powertools_core::test_util::CapturedOutput) -> Vec<String> {
    let message = |line: serde_json::Value| line["message"].as_str().unwrap().to_owned();
    output.json().into_iter().map(message).collect()
}

#[test]
fn a_target_can_be_more_verbose_than_the_logger_with_those_below_it() {
    assert_eq!(
        heard(builder().target_level("hyper", Level::DEBUG)),
        ["hyper", "client", "pool", "warn"]
    );
}

#[test]
fn a_target_can_be_quieter_than_the_logger() {
    let quiet = builder()
        .level(Level::DEBUG)
        .target_level("hyper", LevelFilter::OFF);
    assert_eq!(heard(quiet), ["util", "mine"]);
}

#[test]
fn the_longest_name_that_fits_counts_and_of_one_name_the_last() {
    let mixed = builder()
        .target_level("hyper::client", Level::DEBUG)
        .target_level("hyper", Level::DEBUG)
        .target_level("hyper::client::pool", LevelFilter::ERROR)
        .target_level("hyper", Level::ERROR);
    assert_eq!(heard(mixed), ["client"]);
}

#[test]
fn lambdas_level_holds_for_targets_too() {
    let env = with_env([("AWS_LAMBDA_LOG_LEVEL", "WARN")]).target_level("hyper", Level::DEBUG);
    let heard = heard(env);
    assert!(heard.contains(&"warn".to_owned()));
    assert!(!heard.contains(&"hyper".to_owned()), "{heard:?}");
    let env = with_env([("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).target_level("hyper", LevelFilter::OFF);
    assert_eq!(self::heard(env), ["util", "mine"]);
}

#[test]
fn a_target_follows_neither_the_level_nor_sampling_nor_the_buffer() {
    let sampled = builder()
        .sampling_rate(1.0)
        .target_level("hyper", Level::INFO);
    let output = invoked(sampled, async || talk());
    assert_eq!(messages(&output), ["util", "mine", "warn"]);

    let buffered = builder()
        .buffer(LogBuffer::new().verbosity(Level::WARN))
        .target_level("hyper", Level::DEBUG);
    let output = invoked(buffered, async || talk());
    // What the buffer held is gone with the invocation.
    assert_eq!(messages(&output), ["hyper", "client", "pool", "warn"]);

    let output = logged(builder().target_level("hyper", Level::DEBUG), |logger| {
        logger.set_level(LevelFilter::OFF);
        talk();
    });
    assert_eq!(messages(&output), ["hyper", "client", "pool", "warn"]);
}
