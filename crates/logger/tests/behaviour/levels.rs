//! The level of the logger.

use std::error::Error;

use powertools_logger::{LogBuffer, LoggerBuilder};
use serde_json::Value;
use tracing::{Instrument, Level, level_filters::LevelFilter};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::support::{NO_ENV, builder, invoked, logged, only, with_env};

fn one_of_each_level() {
    tracing::trace!("t");
    tracing::debug!("d");
    tracing::info!("i");
    tracing::warn!("w");
    tracing::error!("e");
}

fn levels(lines: Vec<Value>) -> Vec<Value> {
    lines
        .into_iter()
        .map(|line| line["level"].clone())
        .collect()
}

fn levels_written(builder: LoggerBuilder) -> Vec<Value> {
    levels(logged(builder, |_| one_of_each_level()).json())
}

#[test]
fn levels_are_spelled_as_lambda_reads_them() {
    let all = levels_written(builder().level(Level::TRACE));
    assert_eq!(all, ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]);
}

#[test]
fn info_is_the_default_level_and_the_environment_can_set_another() {
    assert_eq!(levels_written(builder()), ["INFO", "WARN", "ERROR"]);
    for (word, expected) in [
        ("warn", 2),
        ("WARNING", 2),
        (" Error ", 1),
        ("FATAL", 1),
        ("critical", 1),
        ("trace", 5),
    ] {
        let written = levels_written(with_env([("POWERTOOLS_LOG_LEVEL", word)]));
        assert_eq!(written.len(), expected, "{word}");
    }
}

#[test]
fn the_old_variable_counts_where_the_new_one_is_unset_or_empty() {
    let env = with_env([("LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "")]);
    assert_eq!(levels_written(env), ["ERROR"]);
    let both = with_env([("LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "WARN")]);
    assert_eq!(levels_written(both), ["WARN", "ERROR"]);
}

#[test]
fn the_level_in_code_comes_before_the_environment() {
    let env = with_env([("POWERTOOLS_LOG_LEVEL", "DEBUG")]).level(Level::ERROR);
    assert_eq!(levels_written(env), ["ERROR"]);
}

#[test]
fn the_level_can_be_off() {
    assert_eq!(levels_written(builder().level(LevelFilter::OFF)).len(), 0);
}

#[test]
fn lambdas_level_overrules_all_others_silently_where_it_is_more_verbose() {
    let env = with_env([("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).level(Level::ERROR);
    assert_eq!(levels_written(env), ["DEBUG", "INFO", "WARN", "ERROR"]);
}

#[test]
fn a_warning_says_that_lambdas_level_hides_lines() {
    let env = with_env([
        ("AWS_LAMBDA_LOG_LEVEL", "ERROR"),
        ("POWERTOOLS_LOG_LEVEL", "DEBUG"),
    ]);
    let [warning, line] = logged(env, |_| one_of_each_level())
        .json()
        .try_into()
        .unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(warning["level"], "WARN");
    assert_eq!(warning["location"], "powertools_logger");
    assert_eq!(
        warning["message"],
        "the level DEBUG is more verbose than Lambda's own, ERROR, which holds: lines are lost; \
         adjust one of them"
    );
}

#[test]
fn the_warning_comes_for_the_buffer_and_for_a_level_that_is_set_too() {
    let env = || with_env([("AWS_LAMBDA_LOG_LEVEL", "INFO")]);
    let output = logged(env().buffer(LogBuffer::new()), |_| {});
    let message = only(&output)["message"].to_string();
    assert!(message.contains("the level DEBUG"), "{message}");

    let output = logged(env(), |logger| {
        logger.set_level(LevelFilter::WARN);
        assert_eq!(logger.level(), LevelFilter::INFO);
        logger.set_level(LevelFilter::TRACE);
        assert_eq!(logger.level(), LevelFilter::INFO);
    });
    let message = only(&output)["message"].to_string();
    assert!(message.contains("the level TRACE"), "{message}");
}

#[test]
fn a_level_of_lambda_in_another_spelling_is_not_lambdas() {
    for word in ["error", "Error", "LOUD", ""] {
        let env = with_env([("AWS_LAMBDA_LOG_LEVEL", word)]);
        assert_eq!(levels_written(env), ["INFO", "WARN", "ERROR"], "{word}");
    }
}

#[test]
fn a_level_that_does_not_exist_is_an_error_when_built() {
    for name in ["POWERTOOLS_LOG_LEVEL", "LOG_LEVEL"] {
        let error = with_env([(name, "s3cret")]).build().unwrap_err();
        assert!(error.is_env());
        assert_eq!(error.env_name(), Some(name));
        let source = error.source().unwrap().to_string();
        assert!(source.contains(name), "{source}");
        assert!(source.contains("TRACE, DEBUG, INFO"), "{source}");
        assert!(!source.contains("s3cret"), "{source}");
        // The level in code comes first, so nobody asks.
        let given = with_env([(name, "s3cret")]).level(Level::INFO);
        assert!(given.build().is_ok());
    }
}

#[test]
fn a_level_that_is_set_holds_from_then_on_and_back_again() {
    let output = logged(builder().level(Level::WARN), |logger| {
        assert_eq!(logger.level(), LevelFilter::WARN);
        one_of_each_level();
        logger.set_level(LevelFilter::DEBUG);
        assert_eq!(logger.level(), LevelFilter::DEBUG);
        one_of_each_level();
        logger.clone().set_level(LevelFilter::OFF);
        one_of_each_level();
        logger.set_level(None);
        one_of_each_level();
    });
    assert_eq!(
        levels(output.json()),
        [
            "WARN", "ERROR", "DEBUG", "INFO", "WARN", "ERROR", "WARN", "ERROR"
        ]
    );
}

#[test]
fn the_level_is_debug_in_an_invocation_that_is_sampled() {
    let output = logged(builder().sampling_rate(1.0), |logger| {
        assert_eq!(logger.level(), LevelFilter::INFO);
        let handler = tower::service_fn(async |_: lambda_runtime::LambdaEvent<()>| {
            tracing::debug!("shown");
            Ok::<_, std::convert::Infallible>(logger.level())
        });
        use tower::{Layer, ServiceExt};
        let level = logger.layer(handler).oneshot(crate::support::event(()));
        assert_eq!(crate::support::block_on(level), Ok(LevelFilter::DEBUG));
    });
    assert_eq!(only(&output)["message"], "shown");
}

#[test]
fn the_keys_are_there_whatever_the_level() {
    let output = invoked(builder().level(Level::ERROR), async || {
        // Only its span tells whose it is.
        let task = async { tracing::error!("lost?") };
        tokio::spawn(task.in_current_span()).await.unwrap();
    });
    assert_eq!(only(&output)["function_request_id"], "r-1");
}

#[test]
fn the_level_concerns_our_lines_only() {
    #[derive(Clone, Default)]
    struct Count(std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Count {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let other = Count::default();
    let output = logged(with_env(NO_ENV).level(LevelFilter::ERROR), |logger| {
        let subscriber = Registry::default()
            .with(logger.subscriber_layer())
            .with(other.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("for the other");
            tracing::error!("for both");
        });
    });
    assert_eq!(output.json().len(), 1);
    assert_eq!(other.0.load(std::sync::atomic::Ordering::Relaxed), 2);
}
