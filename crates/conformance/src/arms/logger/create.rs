//! The options of `create`, as a builder.

use powertools_core::{Host, NoExtract, SharedWriter};
use powertools_logger::{
    DatadogFormatter, LogBuffer, LoggerBuilder, LoggerConfigError, LoggerLayer, WholeEvent,
};

use super::sorted::Sorted;
use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        members::{self, given, unknown},
        special::Value,
    },
    json::{Json, Number},
    mapping,
};

pub(super) const MEMBERS: &[&str] = &[
    "buffer",
    "child",
    "datefmt",
    "formatter",
    "id",
    "json_default",
    "json_serializer",
    "keys",
    "level",
    "log_record_order",
    "sampling_rate",
    "serialize_stacktrace",
    "service",
    "use_datetime_directive",
    "use_rfc3339",
    "utc",
];

/// What Python reads at the decorator is no part of it: `invoke` gives that.
pub(super) type Builder = LoggerBuilder<NoExtract, WholeEvent>;

/// The options of one logger.
#[derive(Debug, Clone)]
pub(super) struct Create {
    operation: Json,
    coerces: bool,
}

impl Create {
    pub(super) fn new(operation: &Json) -> Result<Self, Refusal> {
        if members::bool(operation, "child")? == Some(true) {
            let what = "a logger that is another one's child";
            return Err(Refusal::NoCounterpart(what.to_owned()));
        }
        Ok(Self {
            coerces: is_word(operation, "json_default", "fixed")?,
            operation: operation.clone(),
        })
    }

    /// Whether a value that JSON does not have is written as `<coerced>`.
    pub(super) fn coerces(&self) -> bool {
        self.coerces
    }

    /// The builder. Python writes held lines at an error that the handler returns only if
    /// asked to, and never logs that error.
    pub(super) fn builder(
        &self,
        host: &Host,
        output: SharedWriter,
        flush_on_uncaught_error: bool,
    ) -> Result<Builder, Fault> {
        let create = &self.operation;
        let mut builder = LoggerLayer::builder()
            .host(host.clone())
            .output(output)
            .log_uncaught_errors(false)
            .log_event(false);
        if let Some(service) = members::text(create, "service")? {
            builder = builder.service(service);
        }
        if let Some(level) = given(create, "level") {
            builder = builder.level(mapping::level_filter(level).ok_or_else(Fault::config)?);
        }
        if let Some(rate) = given(create, "sampling_rate") {
            builder = builder.sampling_rate(share(rate)?);
        }
        if let Some(names) = members::names(create, "log_record_order")? {
            builder = builder.key_order(names);
        }
        if let Some(on) = members::bool(create, "serialize_stacktrace")? {
            builder = builder.stack_trace(on);
        }
        if let Some(keys) = members::fields(create, "keys")? {
            builder = builder.keys(Value::new(keys, self.coerces));
        }
        if let Some(buffer) = members::fields(create, "buffer")? {
            let buffer = log_buffer(buffer)?.flush_on_uncaught_error(flush_on_uncaught_error);
            builder = builder.buffer(buffer);
        }
        if is_word(create, "formatter", "datadog")? {
            builder = builder.formatter(DatadogFormatter);
        }
        if is_word(create, "json_serializer", "sorted")? {
            builder = builder.formatter(Sorted);
        }
        self.check_time()?;
        Ok(builder)
    }

    /// There is one time format, so these say nothing to us.
    fn check_time(&self) -> Result<(), Refusal> {
        members::text(&self.operation, "datefmt")?;
        for name in ["use_datetime_directive", "use_rfc3339", "utc"] {
            members::bool(&self.operation, name)?;
        }
        Ok(())
    }
}

/// The name of the error in the list of the mapping.
pub(super) fn kind(error: &LoggerConfigError) -> Fault {
    let is_rate = error.env_name() == Some("POWERTOOLS_LOGGER_SAMPLE_RATE");
    match error.is_sampling_rate() || is_rate {
        true => Fault::Failed("config.sampling_rate".to_owned()),
        false => Fault::config(),
    }
}

fn is_word(create: &Json, name: &str, word: &str) -> Result<bool, Refusal> {
    match members::text(create, name)? {
        None => Ok(false),
        Some(given) if given == word => Ok(true),
        Some(other) => Err(unknown(format!("the {name} `{other}`"))),
    }
}

/// What is no number is given as NaN, which the builder refuses as well.
fn share(rate: &Json) -> Result<f64, Refusal> {
    match rate {
        Json::Number(number) => Ok(number.as_f64()),
        Json::Text(text) => Ok(text.parse().unwrap_or(f64::NAN)),
        _ => Err(unknown("a sampling rate of this type")),
    }
}

/// A size that its type excludes cannot even be given; it counts as the error that a size of 0
/// is.
fn log_buffer(given_buffer: &Json) -> Result<LogBuffer, Fault> {
    let names = ["max_bytes", "buffer_at_verbosity", "flush_on_error_log"];
    members::known(members::object(given_buffer, "`buffer`")?, &names)?;
    let mut buffer = LogBuffer::new();
    if let Some(size) = given(given_buffer, "max_bytes") {
        let size = size.as_number().and_then(Number::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        buffer = buffer.max_bytes(size.ok_or_else(Fault::config)?);
    }
    if let Some(level) = given(given_buffer, "buffer_at_verbosity") {
        let level = mapping::level_filter(level).and_then(|level| level.into_level());
        buffer = buffer.verbosity(level.ok_or_else(Fault::config)?);
    }
    if let Some(on) = members::bool(given_buffer, "flush_on_error_log")? {
        buffer = buffer.flush_on_error_log(on);
    }
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(operation: &str) -> Result<(), Fault> {
        let create = Create::new(&Json::parse(operation).unwrap())?;
        let output = super::super::output::Output::default();
        let builder = create.builder(&Host::default(), output.writer(), false)?;
        builder.build().map(|_| ()).map_err(|error| kind(&error))
    }

    #[test]
    fn options_that_cannot_be_used_fail_as_a_setting() {
        for operation in [
            r#"{"level":"loud"}"#,
            r#"{"buffer":{"max_bytes":0}}"#,
            r#"{"buffer":{"max_bytes":-1}}"#,
            r#"{"buffer":{"max_bytes":"x"}}"#,
            r#"{"buffer":{"buffer_at_verbosity":"ERROR"}}"#,
            r#"{"buffer":{"buffer_at_verbosity":"loud"}}"#,
        ] {
            assert_eq!(build(operation), Err(Fault::config()), "{operation}");
        }
        let rate = Fault::Failed("config.sampling_rate".to_owned());
        assert_eq!(build(r#"{"sampling_rate":"often"}"#), Err(rate));
        assert_eq!(build(r#"{"sampling_rate":0.5,"level":null}"#), Ok(()));
    }

    #[test]
    fn words_outside_of_the_vocabulary_are_refused() {
        for operation in [
            r#"{"formatter":"xml"}"#,
            r#"{"json_default":"other"}"#,
            r#"{"buffer":{"size":1}}"#,
            r#"{"utc":"yes"}"#,
        ] {
            let refused = matches!(build(operation), Err(Fault::Refused(Refusal::Unknown(_))));
            assert!(refused, "{operation}");
        }
        let child = build(r#"{"child":true}"#);
        assert!(matches!(
            child,
            Err(Fault::Refused(Refusal::NoCounterpart(_)))
        ));
    }
}
