//! A layer's part of an invocation: what it does at the beginning and at the end.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use powertools_core::{Invocation, Observer, Outcome};
use tracing::warn;

use crate::{
    MetricsError, Resolution, Unit,
    pairs::Pairs,
    requests::{self, Measured},
    series::Sample,
    settings::{Settings, Warning},
    shared::Shared,
    state::State,
};

/// How long before the time-out everything is written that is there.
const FLUSH_MARGIN: Duration = Duration::from_millis(200);

/// What a layer keeps of its invocation.
pub(crate) struct Part {
    shared: Arc<Shared>,
    /// No metrics layer outside of this one has begun the invocation.
    owns: bool,
    started: Option<Instant>,
    /// Of the answer, at the http level.
    status: Option<StatusCode>,
}

impl Part {
    pub(crate) fn begin(invocation: &Invocation, shared: &Arc<Shared>) -> Self {
        let settings = &shared.settings;
        let mut this = Self {
            shared: Arc::clone(shared),
            owns: false,
            started: None,
            status: None,
        };
        let Some(state) = State::begin(invocation, settings) else {
            return this;
        };
        this.owns = state.own();
        if !this.owns {
            if !Arc::ptr_eq(&state.settings, settings) {
                settings.warn(Warning::Nested);
            }
            return this;
        }
        if settings.ids {
            set_ids(invocation, state);
        }
        if settings.requests.is_some() {
            this.started = Some(settings.host.clock().instant());
        }
        if settings.cold_start && invocation.cold_start() == Some(true) {
            // At once: the first invocation may not live to its end.
            tell(invocation, settings, count_cold_start(invocation, state));
        }
        invocation.flush_near_deadline(FLUSH_MARGIN, |invocation| {
            if let Some(state) = State::of(invocation) {
                let flushed = state.collector.flush_early(&state.settings);
                tell(invocation, &state.settings, flushed);
            }
        });
        this
    }
}

impl Observer for Part {
    // What it calls of others' is a sink, which looks for no invocation.
    const ENTERS: bool = false;

    fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    fn finish(self, invocation: &Invocation, outcome: Outcome) {
        let settings = &self.shared.settings;
        let Some(state) = State::of(invocation).filter(|_| self.owns) else {
            return;
        };
        if let (Some(routes), Some(started)) = (&settings.requests, self.started) {
            let elapsed = settings.host.clock().instant().duration_since(started);
            let request = Measured {
                outcome,
                elapsed,
                status: self.status,
            };
            let counted = requests::count(invocation, state, routes, &request);
            tell(invocation, settings, counted);
        }
        match state.collector.end(settings) {
            Ok(true) => {}
            Ok(false) => {
                let quiet = settings.requests.is_some() || settings.is_disabled() == Ok(true);
                if !quiet {
                    invocation.enter(|| settings.warn(Warning::Empty));
                }
            }
            Err((error, lost)) => report_loss(invocation, &error, lost),
        }
        self.shared.flush_outside();
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("owns", &self.owns)
            .finish_non_exhaustive()
    }
}

/// Warns as part of the invocation.
fn tell(invocation: &Invocation, settings: &Settings, result: Result<(), MetricsError>) {
    if let Err(error) = result {
        invocation.enter(|| settings.refuse(&error));
    }
}

#[cold]
fn report_loss(invocation: &Invocation, error: &MetricsError, lost: usize) {
    let why = std::error::Error::source(error).map(ToString::to_string);
    invocation.enter(|| {
        warn!(
            target: "powertools::metrics",
            code = error.kind().code(),
            lost,
            why,
            "lost metrics at the end of an invocation: {error}"
        );
    });
}

fn set_ids(invocation: &Invocation, state: &State) {
    let ids = [
        ("function_request_id", invocation.request_id()),
        ("xray_trace_id", invocation.xray_trace_id()),
    ];
    for (key, id) in ids {
        if let Some(id) = id {
            state
                .collector
                .add_standing_metadata(&state.settings, key, id);
        }
    }
}

/// In a line of its own, so that it changes the dimensions of no other metric.
fn count_cold_start(invocation: &Invocation, state: &State) -> Result<(), MetricsError> {
    let settings = &state.settings;
    let frame = settings.frame();
    let none = Pairs::default();
    state
        .collector
        .emit_alone(settings, &frame, (None, &none), |group| {
            if let Some(name) = function_name(invocation, settings) {
                group.set(&frame, "function_name", name)?;
            }
            let sample = Sample {
                name: "ColdStart",
                unit: Unit::Count,
                resolution: Resolution::Standard,
                value: 1.0,
            };
            group.record(&frame, sample, |name| settings.sink.check_name(name))
        })
}

/// As it was given, else as Lambda says.
pub(crate) fn function_name<'a>(
    invocation: &'a Invocation,
    settings: &'a Settings,
) -> Option<&'a str> {
    settings
        .function_name
        .as_deref()
        .or_else(|| invocation.function_name())
}
