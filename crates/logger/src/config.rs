use std::{error::Error, fmt, sync::Arc, time::Duration};

use powertools_core::{Host, NoExtract, SharedWriter};
use serde::Serialize;
use tracing::level_filters::LevelFilter;

use crate::{
    LogBuffer, LogFormatter, LoggerConfigError, LoggerLayer, WholeEvent,
    settings::{Limits, Parts, Settings, Switches},
};

/// Builder of a [`LoggerLayer`].
///
/// What is not set comes from the environment.
#[derive(Clone)]
#[must_use = "a builder builds nothing until `build`"]
pub struct LoggerBuilder<C = NoExtract, E = NoExtract> {
    parts: Parts,
    correlation_id: C,
    event: E,
}

impl Default for LoggerBuilder {
    fn default() -> Self {
        Self {
            parts: Parts::default(),
            correlation_id: NoExtract,
            event: NoExtract,
        }
    }
}

impl<C, E> LoggerBuilder<C, E> {
    /// The value of the key `service`. Default: `POWERTOOLS_SERVICE_NAME`, else
    /// `service_undefined`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.parts.service = Some(name.into());
        self
    }

    /// The lowest level that is written. Default: `POWERTOOLS_LOG_LEVEL`, else
    /// `LOG_LEVEL`, else INFO. Lambda's own `AWS_LAMBDA_LOG_LEVEL` overrules it.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.parts.level = Some(level.into());
        self
    }

    /// Another level for the events of a target and of those below it: `hyper` is
    /// `hyper::client` as well. The longest name that fits counts.
    ///
    /// Such a target follows neither [`level`](Self::level) nor sampling, and is not
    /// buffered. Lambda's own level still holds.
    pub fn target_level(
        mut self,
        target: impl Into<String>,
        level: impl Into<LevelFilter>,
    ) -> Self {
        self.parts.targets.push((target.into(), level.into()));
        self
    }

    /// A key of every line, after the service. One that is null switches a key of that
    /// name off: `location`, `timestamp`, `service`, `xray_trace_id`.
    ///
    /// It is written once, here, and never changes. Keys that belong to an invocation
    /// are [appended](crate::append_keys).
    pub fn key(self, name: impl Into<String>, value: impl Serialize) -> Self {
        // A map of one pair has one member.
        self.keys(std::collections::BTreeMap::from([(name.into(), value)]))
    }

    /// Several keys of every line: the members of a struct or a map. See
    /// [`key`](Self::key).
    pub fn keys(mut self, keys: impl Serialize) -> Self {
        self.parts.add_keys(&keys);
        self
    }

    /// The keys that stand first, in this order. Those of `level`, `location`, `message`,
    /// `timestamp` that it does not name follow, then all others. A name without a value
    /// is left out.
    pub fn key_order<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.parts.order = names.into_iter().map(Into::into).collect();
        self
    }

    /// Names whose values are written as `***`, at any depth, besides `authorization`,
    /// `cookie`, `set-cookie` and `x-api-key`. Case does not matter, nor whether it is
    /// `-` or `_`.
    pub fn redact<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.parts.redact.extend(names.into_iter().map(Into::into));
        self
    }

    /// The share of invocations, from 0 to 1, that write lines of DEBUG as well, drawn
    /// for each; more than 1 is always, less than 0 never. Default:
    /// `POWERTOOLS_LOGGER_SAMPLE_RATE`, else no sampling. Lambda's own level still holds.
    pub fn sampling_rate(mut self, rate: f64) -> Self {
        self.parts.sampling.rate = Some(rate);
        self
    }

    /// Whether the trace id decides who is sampled instead of chance, so that all
    /// functions that a trace passes are. Invocations without one are drawn.
    pub fn sample_by_trace_id(mut self, by_trace_id: bool) -> Self {
        self.parts.sampling.by_trace_id = by_trace_id;
        self
    }

    /// Holds lines of low levels back until something goes wrong. Default: off.
    pub fn buffer(mut self, buffer: LogBuffer) -> Self {
        self.parts.buffer = Some(buffer);
        self
    }

    /// Warns, with the time that remains, when an invocation comes this close to its
    /// time-out, or has used half of its time if that is less. Default: off.
    pub fn timeout_warning(mut self, margin: Duration) -> Self {
        self.parts.timeout_warning = Some(margin);
        self
    }

    /// Whether each invocation ends with one wide line: its duration, outcome and error,
    /// what was [counted](crate::count), and every key. Default: no.
    pub fn canonical_line(mut self, on: bool) -> Self {
        self.switches().canonical_line = on;
        self
    }

    /// Whether an error that the handler returns is logged, at ERROR. Default: yes.
    pub fn log_uncaught_errors(mut self, on: bool) -> Self {
        self.switches().uncaught_errors = on;
        self
    }

    /// Whether a panic is logged, at ERROR, once the logger is
    /// [installed](LoggerLayer::init). Default: yes.
    pub fn log_panics(mut self, on: bool) -> Self {
        self.switches().panics = on;
        self
    }

    /// Whether the line that `lambda_runtime` itself writes about an error or a panic is
    /// kept although ours has told it. It prints the error's `Debug`. Default: no.
    pub fn keep_runtime_error_lines(mut self, on: bool) -> Self {
        self.switches().runtime_error_lines = on;
        self
    }

    /// Whether a line with an error has the key `stack_trace`. Default: yes.
    pub fn stack_trace(mut self, on: bool) -> Self {
        self.switches().stack_trace = on;
        self
    }

    /// Tells the logger that a handler may return this error, so that the line about it
    /// shows its `Display` and its sources. Boxed errors are known.
    pub fn known_error<K: Error + 'static>(mut self) -> Self {
        self.parts.known_errors.add::<K>();
        self
    }

    /// The most bytes of JSON of one field. What is longer is cut, with a visible mark.
    /// Default: 64 KiB. At least 16 bytes.
    pub fn max_field_bytes(mut self, bytes: usize) -> Self {
        self.limits().field = bytes;
        self
    }

    /// The most bytes of a line. Values are cut, then keys left out, with a visible
    /// mark. Default: 255 KiB, just below the 256 KB at which Lambda splits lines. At
    /// least 1 KiB.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.limits().line = bytes;
        self
    }

    /// Another shape of the line. Default: JSON, indented if `POWERTOOLS_DEV` is set.
    pub fn formatter(mut self, formatter: impl LogFormatter + 'static) -> Self {
        self.parts.formatter = Some(Arc::new(formatter));
        self
    }

    /// Where lines are written. Default: the standard output.
    pub fn output(mut self, output: SharedWriter) -> Self {
        self.parts.output = output;
        self
    }

    /// Environment, clock, randomness and cold start. Default: the process's own.
    pub fn host(mut self, host: Host) -> Self {
        self.parts.host = host;
        self
    }

    /// Where the key `correlation_id` comes from: a [path](crate::CorrelationIdPath), or
    /// a function that takes it out of the request. Default: nowhere.
    pub fn correlation_id<C2>(self, extractor: C2) -> LoggerBuilder<C2, E> {
        LoggerBuilder {
            parts: self.parts,
            correlation_id: extractor,
            event: self.event,
        }
    }

    /// Whether each invocation begins with a line at INFO whose message is the event. The
    /// event must be `Serialize`; an http request is shown without its body. Default, and
    /// with `None`: `POWERTOOLS_LOGGER_LOG_EVENT`.
    ///
    /// Names on the [list](Self::redact) are hidden, also in the event. A text that holds
    /// JSON, such as the body of an API Gateway event, is one text: nothing in it is.
    pub fn log_event(self, on: impl Into<Option<bool>>) -> LoggerBuilder<C, WholeEvent> {
        self.log_event_as(on, WholeEvent)
    }

    /// As [`log_event`](Self::log_event), with a function of your own that says what is
    /// shown of the request.
    pub fn log_event_as<E2>(
        mut self,
        on: impl Into<Option<bool>>,
        event: E2,
    ) -> LoggerBuilder<C, E2> {
        self.parts.log_event = on.into();
        self.parts.can_log_event = true;
        LoggerBuilder {
            parts: self.parts,
            correlation_id: self.correlation_id,
            event,
        }
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// An environment variable has a value that cannot be used, a sampling rate is no
    /// number, the buffer has no size or holds errors back, or a key has a name
    /// that only the logger writes.
    pub fn build(self) -> Result<LoggerLayer<C, E>, LoggerConfigError> {
        let Self {
            parts,
            correlation_id,
            event,
        } = self;
        let settings = Settings::resolve(parts)?;
        Ok(LoggerLayer::new(Arc::new(settings), correlation_id, event))
    }

    fn switches(&mut self) -> &mut Switches {
        &mut self.parts.switches
    }

    fn limits(&mut self) -> &mut Limits {
        &mut self.parts.limits
    }
}

impl<C, E> fmt::Debug for LoggerBuilder<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggerBuilder")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}
