//! A layer's part of an invocation: what it does at the beginning and at the end.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use powertools_core::{Invocation, Observer, Outcome};
use tracing::Level;

use crate::{
    correlation,
    entry::Entry,
    exception::{Describe, Seen, name_of_type},
    json,
    pieces::Pieces,
    runtime_span::{Failure, RuntimeInvocation},
    settings::Settings,
    state::State,
    value,
    write::{Desk, Desktop, Owner},
};

/// Where lines of the layer itself come from.
const LOCATION: &str = "powertools_logger";

/// How long before the time-out held lines are written, if no warning is wanted.
const FLUSH_MARGIN: Duration = Duration::from_millis(200);

/// What a layer keeps of its invocation.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    settings: Arc<Settings>,
    /// No logger outside of this one has begun the invocation.
    owns: bool,
}

impl Part {
    pub(crate) fn begin(invocation: &Invocation, settings: &Arc<Settings>) -> Self {
        let owns = State::begin(invocation, settings).is_some_and(State::own);
        let this = Self {
            settings: Arc::clone(settings),
            owns,
        };
        if owns {
            this.watch_deadline(invocation);
        }
        this
    }

    /// Whether the event is to be written.
    pub(crate) fn logs_event(&self) -> bool {
        self.settings.log_event
    }

    /// Writes the event.
    pub(crate) fn log_event(
        &self,
        invocation: &Invocation,
        extract: impl FnOnce(&mut Vec<u8>) -> bool,
    ) {
        let mut json = Vec::new();
        let found = catch_unwind(AssertUnwindSafe(|| extract(&mut json))).unwrap_or_default();
        let fill = |entry: &mut Entry| {
            let rules = &self.settings.rules;
            match serde_json::from_slice::<&serde_json::value::RawValue>(&json) {
                // Walked through once more, with what must not be shown.
                Ok(event) if found => json::serialize(&mut entry.message, event, rules),
                _ => json::string(&mut entry.message, "the event cannot be shown as JSON"),
            }
        };
        // It may be held back, as a line of the handler.
        self.compose(invocation, Level::INFO, fill, |desktop, desk| {
            desktop.submit(desk);
        });
    }

    /// Writes the handler's error, unless a logger outside does.
    pub(crate) fn report<E: fmt::Debug + Any>(&self, error: &E) {
        let Some(invocation) = Invocation::try_current().filter(|_| self.owns) else {
            return;
        };
        self.flush_at_failure(&invocation);
        if !self.settings.switches.uncaught_errors {
            return;
        }
        self.submit(&invocation, Level::ERROR, |entry| {
            json::string(&mut entry.message, "uncaught error");
            self.describe(error, &mut entry.error);
            remember(&invocation, Failure::Error, &entry.error);
        });
        RuntimeInvocation::mark_told(Failure::Error);
    }

    /// What an error says. One that panics while it is formatted is still the handler's
    /// answer.
    fn describe<E: fmt::Debug + Any>(&self, error: &E, pieces: &mut Pieces) {
        let describe = Describe {
            rules: &self.settings.rules,
            stack_trace: self.settings.switches.stack_trace,
            seen: Seen::default(),
        };
        let described = catch_unwind(AssertUnwindSafe(|| {
            // A helper in its text follows the rules of this logger.
            value::without_tray(&self.settings, || {
                self.describe_whole(describe, error, pieces);
            });
        }));
        if described.is_err() {
            pieces.clear();
            describe.text(name_of_type::<E>(), &"formatting it panicked", pieces);
        }
    }

    fn describe_whole<E: fmt::Debug + Any>(
        &self,
        describe: Describe<'_>,
        error: &E,
        pieces: &mut Pieces,
    ) {
        if let Some(known) = self.settings.known_errors.find(error) {
            return describe.error(known, pieces);
        }
        #[cfg(feature = "lambda")]
        if let Some(known) = (error as &dyn Any).downcast_ref::<lambda_runtime::Diagnostic>() {
            return describe.text(&known.error_type, &known.error_message, pieces);
        }
        describe.text(name_of_type::<E>(), &Debugged(error), pieces);
    }

    /// Early, while there is time.
    fn watch_deadline(&self, invocation: &Invocation) {
        let buffers = self.flushes_at_failure();
        let margin = match self.settings.timeout_warning {
            Some(margin) => margin,
            None if buffers => FLUSH_MARGIN,
            None => return,
        };
        let this = self.clone();
        invocation.flush_near_deadline(margin, move |invocation| {
            this.flush_at_failure(invocation);
            if this.settings.timeout_warning.is_some() {
                this.warn_of_timeout(invocation);
            }
        });
    }

    fn warn_of_timeout(&self, invocation: &Invocation) {
        let remaining = invocation.remaining().unwrap_or_default();
        self.submit(invocation, Level::WARN, |entry| {
            json::string(&mut entry.message, "the invocation is about to time out");
            entry
                .fields
                .set("remaining_ms", &self.settings.rules, |out| {
                    json::integer(out, remaining.as_millis());
                });
        });
    }

    fn flushes_at_failure(&self) -> bool {
        let buffer = self.settings.buffer.as_ref();
        buffer.is_some_and(crate::LogBuffer::flushes_on_uncaught_error)
    }

    fn flush_at_failure(&self, invocation: &Invocation) {
        if self.flushes_at_failure()
            && let Some(state) = State::of(invocation)
        {
            let desktop = Desktop {
                settings: &self.settings,
                owner: Owner::Invocation(invocation, state),
            };
            Desk::with(|desk| desktop.flush(desk));
        }
    }

    /// Writes a line about the invocation, if its level is shown.
    fn submit(&self, invocation: &Invocation, level: Level, fill: impl FnOnce(&mut Entry)) {
        self.compose(invocation, level, fill, |desktop, desk| {
            desktop.submit_own(desk);
        });
    }

    fn compose(
        &self,
        invocation: &Invocation,
        level: Level,
        fill: impl FnOnce(&mut Entry),
        submit: impl FnOnce(Desktop<'_>, &mut Desk),
    ) {
        let Some(state) = State::of(invocation) else {
            return;
        };
        Desk::with(|desk| {
            let entry = &mut desk.entry;
            entry.level = level;
            entry.time = self.settings.host.clock().now();
            json::string(&mut entry.location, LOCATION);
            fill(entry);
            let desktop = Desktop {
                settings: &self.settings,
                owner: Owner::Invocation(invocation, state),
            };
            submit(desktop, desk);
        });
    }

    /// One wide line for all of it.
    fn write_canonical(&self, invocation: &Invocation, state: &State, outcome: Outcome) {
        let rules = &self.settings.rules;
        let (started, counters, error) = {
            let mut data = state.data();
            // A panic that was caught, or an error that was handled, is not how it ended.
            let is_the_end = matches!(
                (outcome, data.failure),
                (Outcome::Fault, Some(Failure::Error)) | (Outcome::Panic, Some(Failure::Panic))
            );
            let error = std::mem::take(&mut data.error);
            (
                data.started,
                std::mem::take(&mut data.counters),
                if is_the_end { error } else { Pieces::default() },
            )
        };
        let took = started.map(|started| {
            let now = self.settings.host.clock().instant();
            now.saturating_duration_since(started)
        });
        self.submit(invocation, canonical_level(outcome), |entry| {
            json::string(&mut entry.message, "invocation");
            entry
                .fields
                .set("outcome", rules, |out| json::string(out, word(outcome)));
            if let Some(took) = took {
                entry.fields.set("duration_ms", rules, |out| {
                    json::float(out, (took.as_secs_f64() * 1e6).round() / 1e3);
                });
            }
            for (name, count) in &counters {
                entry
                    .fields
                    .set(name, rules, |out| json::integer(out, *count));
            }
            entry.error.overlay(&error);
        });
    }
}

impl Observer for Part {
    // There is mostly nothing to do, and what there is enters by itself.
    const ENTERS: bool = false;

    fn finish(self, invocation: &Invocation, outcome: Outcome) {
        let Some(state) = State::of(invocation).filter(|_| self.owns) else {
            return;
        };
        let failed = matches!(outcome, Outcome::Fault | Outcome::Panic);
        let flushes = failed && self.flushes_at_failure();
        let is_canonical = self.settings.switches.canonical_line;
        if flushes || is_canonical {
            // For a formatter that looks for it.
            invocation.enter(|| {
                if flushes {
                    self.flush_at_failure(invocation);
                }
                if is_canonical {
                    self.write_canonical(invocation, state, outcome);
                }
            });
        }
        state.end();
    }
}

/// Sets the correlation id, if the request has one.
pub(crate) fn correlate(
    invocation: &Invocation,
    rules: &json::Rules,
    extract: impl FnOnce(&mut Vec<u8>) -> bool,
) {
    if let Some(state) = State::of(invocation) {
        // A panic in what the user gave must not keep the handler from being called.
        let extract = |json: &mut Vec<u8>| {
            let found = catch_unwind(AssertUnwindSafe(|| extract(json)));
            found.unwrap_or_default() && correlation::check(json, rules)
        };
        // As part of the invocation: what extracts may log.
        invocation.enter(|| state.correlate(extract));
    }
}

/// Keeps what was said of the error for the canonical line.
pub(crate) fn remember(invocation: &Invocation, failure: Failure, error: &Pieces) {
    if let Some(state) = State::of(invocation)
        && state.settings().switches.canonical_line
    {
        let mut data = state.data();
        data.failure = Some(failure);
        data.error.clear();
        for name in [b"exception".as_slice(), b"exception_name"] {
            if let Some(piece) = error.get(name) {
                data.error.copy(piece, 0);
            }
        }
    }
}

fn canonical_level(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Fault | Outcome::Panic => Level::ERROR,
        Outcome::Cancelled => Level::WARN,
        _ => Level::INFO,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Fault => "fault",
        Outcome::Panic => "panic",
        Outcome::Cancelled => "cancelled",
        _ => "unknown",
    }
}

struct Debugged<'a, E>(&'a E);

impl<E: fmt::Debug> fmt::Display for Debugged<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
