//! What a logger was built with.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use powertools_core::{Env, Host, SharedWriter};
use serde::Serialize;
use serde_json::value::RawValue;
use tracing::{Level, level_filters::LevelFilter};

use crate::{
    LogBuffer, LogFormatter, LoggerConfigError,
    into_pieces::IntoPieces,
    json::{self, Redaction, Rules},
    known_errors::KnownErrors,
    level::{self, Ranks, Threshold},
    pieces::{Pieces, written_name},
    sampling::{self, Sampling},
    standard,
    targets::Targets,
};

const DEV: &str = "POWERTOOLS_DEV";
const LOG_EVENT: &str = "POWERTOOLS_LOGGER_LOG_EVENT";
const SERVICE: &str = "POWERTOOLS_SERVICE_NAME";

/// A logger's settings. Only the level within `threshold` ever changes.
pub(crate) struct Settings {
    pub(crate) host: Host,
    pub(crate) output: SharedWriter,
    pub(crate) threshold: Threshold,
    /// The levels that an invocation may write or hold although they are not shown.
    pub(crate) sometimes: Ranks,
    /// The levels that are held back although they are not shown.
    pub(crate) held: Ranks,
    pub(crate) targets: Targets,
    /// JSON.
    pub(crate) service: Vec<u8>,
    pub(crate) keys: Pieces,
    /// Each name once, as it is written.
    pub(crate) order: Vec<String>,
    pub(crate) rules: Rules,
    pub(crate) max_line_bytes: usize,
    pub(crate) sampling: Option<Sampling>,
    pub(crate) buffer: Option<LogBuffer>,
    pub(crate) timeout_warning: Option<Duration>,
    pub(crate) switches: Switches,
    pub(crate) log_event: bool,
    pub(crate) dev: bool,
    pub(crate) known_errors: KnownErrors,
    pub(crate) formatter: Option<Arc<dyn LogFormatter>>,
    /// The warnings that were given and need not be repeated.
    warned: AtomicU8,
}

/// A warning that is given once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Warning {
    NoMembers = 1,
    ReservedKey = 2,
    HiddenBuffer = 4,
    Counter = 8,
}

/// What the builder collects.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) host: Host,
    pub(crate) output: SharedWriter,
    pub(crate) service: Option<String>,
    pub(crate) level: Option<LevelFilter>,
    pub(crate) targets: Vec<(String, LevelFilter)>,
    pub(crate) order: Vec<String>,
    pub(crate) redact: Vec<String>,
    pub(crate) sampling: sampling::Wanted,
    pub(crate) buffer: Option<LogBuffer>,
    pub(crate) timeout_warning: Option<Duration>,
    pub(crate) switches: Switches,
    pub(crate) limits: Limits,
    pub(crate) known_errors: KnownErrors,
    pub(crate) formatter: Option<Arc<dyn LogFormatter>>,
    /// As it was switched in code.
    pub(crate) log_event: Option<bool>,
    /// Whether the layer knows how to show the event.
    pub(crate) can_log_event: bool,
    /// JSON: they are rendered once it is known what is to be hidden.
    keys: Vec<String>,
}

/// What is on or off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switches {
    pub(crate) canonical_line: bool,
    pub(crate) panics: bool,
    pub(crate) runtime_error_lines: bool,
    pub(crate) stack_trace: bool,
    pub(crate) uncaught_errors: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            canonical_line: false,
            panics: true,
            runtime_error_lines: false,
            stack_trace: true,
            uncaught_errors: true,
        }
    }
}

/// In bytes of JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) field: usize,
    pub(crate) line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            field: 64 * 1024,
            // Lambda splits lines at 256 KB.
            line: 255 * 1024,
        }
    }
}

impl Parts {
    /// Takes the members of a value.
    pub(crate) fn add_keys(&mut self, keys: &impl Serialize) {
        // What cannot be serialized leaves no JSON, which `build` refuses.
        self.keys
            .push(serde_json::to_string(keys).unwrap_or_default());
    }
}

impl Settings {
    pub(crate) fn resolve(parts: Parts) -> Result<Self, LoggerConfigError> {
        let env = parts.host.env();
        let threshold = Threshold::resolve(env, parts.level)?;
        let sampling = Sampling::resolve(env, parts.sampling)?;
        let dev = env.get_bool(DEV)?.unwrap_or_default();
        let log_event = log_event(env, &parts)?;
        if let Some(buffer) = &parts.buffer {
            buffer.check()?;
        }
        let max_line_bytes = parts.limits.line.max(1024);
        let rules = Rules::new(
            Redaction::new(&parts.redact),
            // Null and numbers must fit.
            parts.limits.field.clamp(16, max_line_bytes),
        );
        let mut keys = Pieces::default();
        for given in &parts.keys {
            add_keys(&mut keys, given, &rules, max_line_bytes)?;
        }
        check_reserved(&keys)?;
        let service = parts
            .service
            .or_else(|| env.get_non_empty(SERVICE))
            .unwrap_or_else(|| "service_undefined".to_owned());
        let mut json = Vec::new();
        json::text(&mut json, &service, rules.max_field_bytes());
        // A line at TRACE is written or held only if it is shown anyway.
        let buffer = parts.buffer.as_ref();
        let is_held = |level| buffer.is_some_and(|buffer| buffer.holds(level, LevelFilter::OFF));
        let is_drawn = |level| sampling.is_some() && level <= Level::DEBUG;
        let settings = Self {
            sometimes: Ranks::which(|level| is_held(level) || is_drawn(level)),
            held: Ranks::which(is_held),
            threshold,
            sampling,
            dev,
            rules,
            keys,
            max_line_bytes,
            service: json,
            log_event: log_event && parts.can_log_event,
            host: parts.host,
            output: parts.output,
            targets: Targets::new(parts.targets),
            order: order(&parts.order),
            buffer: parts.buffer,
            timeout_warning: parts.timeout_warning,
            switches: parts.switches,
            known_errors: parts.known_errors,
            formatter: parts.formatter,
            warned: AtomicU8::new(0),
        };
        if settings.threshold.is_asked() {
            settings.warn_of_platform(settings.threshold.wanted());
        }
        if let Some(buffer) = &settings.buffer {
            settings.warn_of_platform(buffer.verbosity_filter());
        }
        if log_event && !parts.can_log_event {
            settings.warn(
                "POWERTOOLS_LOGGER_LOG_EVENT is on, and this logger does not know how to show \
                 an event: build it with `log_event(None)`",
            );
        }
        Ok(settings)
    }

    /// Warns, the first time.
    pub(crate) fn warn_once(&self, warning: Warning, message: &str) {
        if self.is_first(warning) {
            self.warn(message);
        }
    }

    /// Whether this is the first warning of its kind.
    pub(crate) fn is_first(&self, warning: Warning) -> bool {
        let bit = warning as u8;
        self.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Whether Lambda's level hides lines of the buffer.
    pub(crate) fn hides_buffer(&self) -> bool {
        let verbosity = self.buffer.as_ref().map(LogBuffer::verbosity_filter);
        verbosity.is_some_and(|level| self.threshold.platform_hides(level).is_some())
    }

    /// Says so if Lambda's level hides lines that were asked for.
    pub(crate) fn warn_of_platform(&self, wanted: LevelFilter) {
        if let Some(platform) = self.threshold.platform_hides(wanted) {
            let (wanted, platform) = (level::filter_word(wanted), level::filter_word(platform));
            self.warn(format_args!(
                "the level {wanted} is more verbose than Lambda's own, {platform}, which holds: \
                 lines are lost; adjust one of them"
            ));
        }
    }
}

fn log_event(env: &Env, parts: &Parts) -> Result<bool, LoggerConfigError> {
    match parts.log_event {
        Some(on) => Ok(on),
        None => Ok(env.get_bool(LOG_EVENT)?.unwrap_or_default()),
    }
}

fn order(names: &[String]) -> Vec<String> {
    let mut order = Vec::with_capacity(names.len());
    for name in names.iter().map(|name| written_name(name)) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    order
}

fn add_keys(
    keys: &mut Pieces,
    given: &str,
    rules: &Rules,
    max_bytes: usize,
) -> Result<(), LoggerConfigError> {
    let given: &RawValue = serde_json::from_str(given).map_err(|_| LoggerConfigError::keys())?;
    let mut members = IntoPieces {
        pieces: keys,
        rules,
        order: 0,
        max_bytes,
        refused: |_| false,
        refusals: 0,
        members: 0,
        is_cut: false,
    };
    json::members(given, rules, &mut members).map_err(|_| LoggerConfigError::keys())
}

/// Only null, which switches a key off, may stand under a name of ours.
fn check_reserved(keys: &Pieces) -> Result<(), LoggerConfigError> {
    let is_reserved = |name: &[u8]| std::str::from_utf8(name).is_ok_and(standard::is_reserved_key);
    match keys
        .iter()
        .any(|key| !key.is_null() && is_reserved(key.name()))
    {
        true => Err(LoggerConfigError::reserved_key()),
        false => Ok(()),
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may be anything.
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
