//! A layer's part of an invocation: what it does at the beginning and at the end.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use powertools_core::{Invocation, Observer, Outcome};

use crate::{
    MetricsError, Resolution, Unit,
    collector::check_name,
    pairs::Pairs,
    requests::{self, Measured},
    series::Sample,
    settings::{FUNCTION_NAME, Settings, Warning},
    shared::Shared,
    state::{State, Turn},
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
        let mut this = Self {
            shared: Arc::clone(shared),
            owns: false,
            started: None,
            status: None,
        };
        let Some(state) = State::begin(invocation, &shared.settings) else {
            return this;
        };
        let settings = &state.settings;
        if !Arc::ptr_eq(settings, &shared.settings) {
            shared.settings.warn(Warning::Nested);
        }
        let Some(turn) = state.own() else {
            return this;
        };
        this.owns = true;
        if settings.ids {
            set_ids(invocation, state);
        }
        if settings.requests.is_some() {
            this.started = Some(settings.host.clock().instant());
        }
        if turn == Turn::Later {
            // What follows is once per invocation.
            return this;
        }
        if settings.cold_start && invocation.cold_start() == Some(true) {
            // At once: the first invocation may not live to its end.
            lose(invocation, settings, count_cold_start(invocation, state), 1);
        }
        invocation.flush_near_deadline(FLUSH_MARGIN, |invocation| {
            if let Some(state) = State::of(invocation) {
                let flushed = state.collector.flush_early(&state.settings);
                if let Err(error) = flushed {
                    // What failed is still there, but the end may not come.
                    invocation.enter(|| state.settings.tell(&error));
                }
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
        if let Some(state) = State::of(invocation).filter(|_| self.owns) {
            self.end(invocation, state, outcome);
            state.disown();
        }
        self.shared.flush_outside();
    }
}

impl Part {
    fn end(&self, invocation: &Invocation, state: &State, outcome: Outcome) {
        let settings = &state.settings;
        if let (Some(routes), Some(started)) = (&settings.requests, self.started) {
            let request = Measured {
                outcome,
                elapsed: settings.host.clock().instant().duration_since(started),
                status: self.status,
            };
            let counted = requests::count(invocation, state, routes, &request);
            lose(invocation, settings, counted, request.values());
        }
        match state.collector.end(settings) {
            Ok(true) => {}
            Ok(false) if settings.requests.is_some() || settings.is_disabled() == Ok(true) => {}
            Ok(false) => invocation.enter(|| settings.warn(Warning::Empty)),
            Err((error, lost)) => lose(invocation, settings, Err(error), lost),
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("owns", &self.owns)
            .finish_non_exhaustive()
    }
}

/// Tells of values that will not go out any more, as part of the invocation.
fn lose(
    invocation: &Invocation,
    settings: &Settings,
    result: Result<(), MetricsError>,
    values: usize,
) {
    if let Err(error) = result {
        invocation.enter(|| settings.lose(&error, values));
    }
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
            if let Some(name) = settings.function_name(invocation) {
                group.set(&frame, FUNCTION_NAME, name)?;
            }
            let sample = Sample {
                name: "ColdStart",
                unit: Unit::Count,
                resolution: Resolution::Standard,
                value: 1.0,
            };
            group.record(&frame, sample, |name| check_name(settings, name))
        })
}
