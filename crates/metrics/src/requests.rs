//! Rate, errors and duration of the invocations themselves.

use std::time::Duration;

use http::StatusCode;
use powertools_core::{Invocation, Outcome};

use crate::{
    MetricValue, MetricsError, Resolution, Unit,
    collector::check_name,
    group::Group,
    pairs::Pairs,
    routes::Routes,
    series::Sample,
    settings::{FUNCTION_NAME, ROUTE, STATUS},
    state::State,
};

/// What a layer has seen of a request.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) elapsed: Duration,
    pub(crate) status: Option<StatusCode>,
}

/// Writes the metrics of one invocation, in a line of their own.
pub(crate) fn count(
    invocation: &Invocation,
    state: &State,
    routes: &Routes,
    request: &Measured,
) -> Result<(), MetricsError> {
    let settings = &state.settings;
    let frame = settings.frame();
    let none = Pairs::default();
    let route = invocation.route().map(|route| routes.bounded(route));
    let status = request.status.map(class);
    let fill = |group: &mut Group| {
        group.extend(&frame, frame.defaults, None)?;
        if let Some(name) = settings.function_name(invocation) {
            group.set(&frame, FUNCTION_NAME, name)?;
        }
        let route = route.as_deref().map(|route| (ROUTE, route));
        let status = status.map(|status| (STATUS, status));
        if route.is_some() {
            group.add_set(&frame, route)?;
        }
        if status.is_some() {
            group.add_set(&frame, route.into_iter().chain(status))?;
        }
        for (name, unit, value) in request.samples().into_iter().flatten() {
            let sample = Sample {
                name,
                unit,
                resolution: Resolution::Standard,
                value,
            };
            group.record(&frame, sample, |name| check_name(settings, name))?;
        }
        Ok(())
    };
    state
        .collector
        .emit_alone(settings, &frame, (None, &none), fill)
}

impl Measured {
    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.samples().iter().flatten().count()
    }

    fn samples(&self) -> [Option<(&'static str, Unit, f64)>; 3] {
        let fault = match self.outcome {
            Outcome::Ok => Some(0.0),
            // At the runtime level nobody knows.
            Outcome::Unknown => None,
            _ => Some(1.0),
        };
        let latency = self.elapsed.in_unit(Unit::Milliseconds);
        [
            Some(("Requests", Unit::Count, 1.0)),
            fault.map(|fault| ("Faults", Unit::Count, fault)),
            Some(("Latency", Unit::Milliseconds, latency)),
        ]
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
