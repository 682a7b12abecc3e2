//! What a layer was built with, and what it has to say about itself.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use powertools_core::{Env, EnvError, Host, Invocation, SharedWriter};
use tracing::warn;

use crate::{
    MetricsConfigError, MetricsError, MetricsErrorKind, MetricsSink,
    dimensions::Dimensions,
    group::{Frame, LEAST_LINE, Scope},
    pairs::Change,
    routes::Routes,
    rules::{self, MAX_DIMENSIONS},
    sink::EmfSink,
};

const NAMESPACE: &str = "POWERTOOLS_METRICS_NAMESPACE";
const SERVICE: &str = "POWERTOOLS_SERVICE_NAME";
const NAME_VARIABLE: &str = "POWERTOOLS_METRICS_FUNCTION_NAME";
const DISABLED: &str = "POWERTOOLS_METRICS_DISABLED";
const DEV: &str = "POWERTOOLS_DEV";

/// Dimensions that are set here, beside the service.
pub(crate) const FUNCTION_NAME: &str = "function_name";
pub(crate) const ROUTE: &str = "route";
pub(crate) const STATUS: &str = "status";

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
    function_name: Option<String>,
    defaults: Dimensions,
    max_line: usize,
    pub(crate) cold_start: bool,
    pub(crate) ids: bool,
    pub(crate) raise_on_empty: bool,
    pub(crate) requests: Option<Routes>,
    disabled: Result<bool, EnvError>,
    pub(crate) sink: Arc<dyn MetricsSink>,
    /// The sink is not ours, and may have something to say about names.
    pub(crate) sink_speaks: bool,
    pub(crate) host: Host,
    // Of the process: whoever asks wants to know of all invocations.
    refused: AtomicU64,
    /// Values, and how often some were lost.
    lost: AtomicU64,
    losses: AtomicU32,
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
        let sink_speaks = parts.sink.is_some();
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
        let function_name = parts
            .function_name
            .or_else(|| env.get_non_empty(NAME_VARIABLE));
        if let Some(name) = &function_name {
            let checked = rules::dimension(FUNCTION_NAME, name);
            checked.map_err(|_| MetricsConfigError::function_name())?;
        }
        let frame = Frame {
            namespace: namespace.as_deref(),
            service: service.as_deref(),
            defaults: &Dimensions::default(),
            max_line,
        };
        let further = match parts.requests {
            true => [FUNCTION_NAME, ROUTE, STATUS].len(),
            false => 0,
        };
        let given = &parts.default_dimensions;
        let defaults = default_dimensions(&frame, given, further)?;
        Ok(Self {
            namespace,
            service,
            function_name,
            defaults,
            max_line,
            cold_start: parts.cold_start,
            ids: parts.ids,
            raise_on_empty: parts.raise_on_empty,
            requests: parts.requests.then(Routes::default),
            disabled: disabled(&env),
            sink,
            sink_speaks,
            host: parts.host,
            refused: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            losses: AtomicU32::new(0),
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

    /// As it was given, else as Lambda says.
    pub(crate) fn function_name<'a>(&'a self, invocation: &'a Invocation) -> Option<&'a str> {
        let given = self.function_name.as_deref();
        given.or_else(|| invocation.function_name())
    }

    /// Sets a further dimension of a scope.
    pub(crate) fn narrow(
        &self,
        scope: &mut Scope,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        scope.set(&self.frame(), name, value)?;
        self.warn_of(Change::Added, [(name, value)]);
        Ok(())
    }

    /// Warns of what was done with dimensions, and of what the sink says about them.
    pub(crate) fn warn_of<'a>(
        &self,
        change: Change,
        dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        if change == Change::Replaced {
            self.warn(Warning::Overwritten);
        }
        // Ours has nothing to say.
        if !self.sink_speaks {
            return;
        }
        let mut dimensions = dimensions.into_iter();
        let ask = || dimensions.find_map(|(name, value)| self.sink.warn_of_dimension(name, value));
        // A panic of its is no reason to end the handler.
        if let Ok(Some(text)) = catch_unwind(AssertUnwindSafe(ask))
            && self.is_first(TAG)
        {
            warn!(target: "powertools::metrics", code = "tag", "{text}");
        }
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Counts what was refused, and warns the first time that it is for this reason.
    #[cold]
    pub(crate) fn refuse(&self, error: &MetricsError) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.tell(error);
    }

    /// Warns the first time that something fails for this reason.
    #[cold]
    pub(crate) fn tell(&self, error: &MetricsError) {
        if self.is_first(error.kind() as u32) {
            warn!(
                target: "powertools::metrics",
                code = error.kind().code(),
                "refused: {error}; further ones for this reason are only counted"
            );
        }
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts values that nobody will write any more. Warns the first time, the second, the
    /// fourth, and so on.
    #[cold]
    pub(crate) fn lose(&self, error: &MetricsError, values: usize) {
        let values = u64::try_from(values).unwrap_or(u64::MAX);
        let before = self.lost.fetch_add(values, Ordering::Relaxed);
        let losses = self.losses.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if losses.is_power_of_two() {
            let why = std::error::Error::source(error).map(ToString::to_string);
            warn!(
                target: "powertools::metrics",
                code = error.kind().code(),
                lost = values,
                lost_in_all = before.saturating_add(values),
                why,
                "lost metrics: {error}"
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
        let bit = 1 << bit;
        self.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

/// What is done, but may not be what was meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Warning {
    Empty,
    Overwritten,
    UnitChanged,
    EmptyFlush,
    Timestamp,
    Nested,
}

/// The bit for what a sink says of a dimension.
const TAG: u32 = Warning::Nested as u32 + MetricsErrorKind::COUNT + 1;

// Each has a bit of its own.
const _: () = assert!(TAG < u32::BITS);

impl Warning {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("empty", "an invocation ended without metrics"),
            Self::EmptyFlush => ("empty", "there were no metrics to flush"),
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
            Self::Nested => (
                "nested",
                "a metrics layer stands inside another one, or beside it in one invocation; the \
                 settings of the first one hold",
            ),
        }
    }
}

fn default_dimensions(
    frame: &Frame<'_>,
    given: &[(String, String)],
    further: usize,
) -> Result<Dimensions, MetricsConfigError> {
    let mut scope = Scope::default();
    for (name, value) in given {
        let set = scope.set(frame, name, value);
        let service = usize::from(frame.service.is_some());
        if set.is_err() || scope.dimensions.pairs().len() + service + further > MAX_DIMENSIONS {
            return Err(MetricsConfigError::dimension(name));
        }
    }
    Ok(scope.dimensions)
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
