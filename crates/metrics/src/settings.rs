//! What a layer was built with, and what it has to say about itself.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use powertools_core::{Env, EnvError, Host, SharedWriter};
use tracing::warn;

use crate::{
    MetricsConfigError, MetricsError, MetricsErrorKind, MetricsSink,
    dimensions::Dimensions,
    requests::{self, Routes},
    rules::{self, MAX_DIMENSIONS},
    set::{Frame, LEAST_LINE},
    sink::EmfSink,
};

const NAMESPACE: &str = "POWERTOOLS_METRICS_NAMESPACE";
const SERVICE: &str = "POWERTOOLS_SERVICE_NAME";
const FUNCTION_NAME: &str = "POWERTOOLS_METRICS_FUNCTION_NAME";
const DISABLED: &str = "POWERTOOLS_METRICS_DISABLED";
const DEV: &str = "POWERTOOLS_DEV";

/// EMF's limit is higher by now, but Lambda may still split a longer line.
const DEFAULT_MAX_LINE: usize = 256 * 1024;

/// What was given in code.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) namespace: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) function_name: Option<String>,
    pub(crate) default_dimensions: Vec<(String, String)>,
    pub(crate) cold_start: bool,
    pub(crate) ids: bool,
    pub(crate) raise_on_empty: bool,
    pub(crate) requests: bool,
    pub(crate) max_line: usize,
    pub(crate) output: SharedWriter,
    pub(crate) sink: Option<Arc<dyn MetricsSink>>,
    pub(crate) host: Host,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            namespace: None,
            service: None,
            function_name: None,
            default_dimensions: Vec::new(),
            cold_start: false,
            ids: false,
            raise_on_empty: false,
            requests: false,
            max_line: DEFAULT_MAX_LINE,
            output: SharedWriter::stdout(),
            sink: None,
            host: Host::default(),
        }
    }
}

pub(crate) struct Settings {
    namespace: Option<String>,
    service: Option<String>,
    pub(crate) function_name: Option<String>,
    defaults: Dimensions,
    max_line: usize,
    pub(crate) cold_start: bool,
    pub(crate) ids: bool,
    pub(crate) raise_on_empty: bool,
    pub(crate) requests: Option<Routes>,
    disabled: Result<bool, EnvError>,
    pub(crate) sink: Arc<dyn MetricsSink>,
    pub(crate) host: Host,
    // Of the process: whoever asks wants to know of all invocations.
    refused: AtomicU64,
    /// One bit for each kind that was warned of.
    warned: AtomicU32,
}

impl Settings {
    pub(crate) fn resolve(parts: Parts) -> Result<Self, MetricsConfigError> {
        let env = parts.host.env().clone();
        let max_line = parts.max_line;
        if max_line < LEAST_LINE {
            return Err(MetricsConfigError::max_line());
        }
        let namespace = parts.namespace.or_else(|| env.get_non_empty(NAMESPACE));
        if namespace
            .as_deref()
            .is_some_and(|name| !rules::is_namespace(name))
        {
            return Err(MetricsConfigError::namespace());
        }
        let sink = parts
            .sink
            .unwrap_or_else(|| Arc::new(EmfSink::new(parts.output, max_line)));
        let service = parts
            .service
            .or_else(|| env.get_non_empty(SERVICE))
            .filter(|name| !name.is_empty() && sink.adds_service());
        if service
            .as_deref()
            .is_some_and(|name| !rules::is_service(name))
        {
            return Err(MetricsConfigError::service());
        }
        let mut defaults = Dimensions::default();
        for (name, value) in &parts.default_dimensions {
            let set = defaults.set(name, value, service.is_some());
            set.map_err(|_| MetricsConfigError::dimension(name))?;
        }
        let further = if parts.requests {
            requests::DIMENSIONS.len()
        } else {
            0
        };
        if let Some((name, _)) = parts.default_dimensions.last()
            && defaults.pairs().len() + usize::from(service.is_some()) + further > MAX_DIMENSIONS
        {
            return Err(MetricsConfigError::dimension(name));
        }
        Ok(Self {
            namespace,
            service,
            function_name: parts
                .function_name
                .or_else(|| env.get_non_empty(FUNCTION_NAME)),
            defaults,
            max_line,
            cold_start: parts.cold_start,
            ids: parts.ids,
            raise_on_empty: parts.raise_on_empty,
            requests: parts.requests.then(Routes::default),
            disabled: disabled(&env),
            sink,
            host: parts.host,
            refused: AtomicU64::new(0),
            warned: AtomicU32::new(0),
        })
    }

    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame {
            namespace: self.namespace.as_deref(),
            service: self.service.as_deref(),
            defaults: &self.defaults,
            max_line: self.max_line,
        }
    }

    /// Whether nothing is to be written.
    pub(crate) fn is_disabled(&self) -> Result<bool, MetricsError> {
        self.disabled.clone().map_err(MetricsError::environment)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Counts what was refused, and warns the first time that it is for this reason.
    #[cold]
    pub(crate) fn refuse(&self, error: &MetricsError) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        if self.is_first(error.kind() as u32) {
            warn!(
                target: "powertools::metrics",
                code = error.kind().code(),
                "refused: {error}; further ones for this reason are only counted"
            );
        }
    }

    /// Tells of something the first time that it happens.
    #[cold]
    pub(crate) fn warn(&self, warning: Warning) {
        if self.is_first(warning as u32 + MetricsErrorKind::COUNT) {
            let (code, text) = warning.texts();
            warn!(target: "powertools::metrics", code, "{text}");
        }
    }

    fn is_first(&self, bit: u32) -> bool {
        let bit = 1 << (bit % u32::BITS);
        self.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

/// What is done, but may not be what was meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Warning {
    Empty,
    Overwritten,
    UnitChanged,
    Timestamp,
    Tag,
    Nested,
}

impl Warning {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("empty", "an invocation ended without metrics"),
            Self::Overwritten => (
                "overwritten",
                "a dimension was set again with another value; the last one counts for all \
                 metrics of its line",
            ),
            Self::UnitChanged => (
                "unit_changed",
                "a metric was recorded with two units; the last one counts for all its values",
            ),
            Self::Timestamp => (
                "timestamp",
                "a timestamp is more than 14 days old or 2 hours ahead; CloudWatch will drop \
                 its metrics",
            ),
            Self::Tag => (
                "tag",
                "a dimension does not follow the rules of the sink; it is sent all the same",
            ),
            Self::Nested => (
                "nested",
                "a metrics layer stands inside another one; the settings of the outer one hold",
            ),
        }
    }
}

fn disabled(env: &Env) -> Result<bool, EnvError> {
    match env.get_bool(DISABLED)? {
        Some(disabled) => Ok(disabled),
        None => Ok(env.get_bool(DEV)?.unwrap_or_default()),
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("namespace", &self.namespace)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}
