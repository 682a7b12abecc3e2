//! Rate, errors and duration of the invocations themselves.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use powertools_core::{Invocation, Outcome};

use crate::{
    MetricValue, MetricsError, Resolution, Unit, pairs::Pairs, part::function_name, rules,
    series::Sample, set::Group, state::State,
};

/// Each route is a dimension value of its own, and so three more metrics.
const MAX_ROUTES: usize = 100;

/// What stands for the routes beyond.
const OTHER: &str = "other";

/// The names of dimensions that are set here, beside the service.
pub(crate) const DIMENSIONS: [&str; 3] = ["function_name", "route", "status"];

/// The routes that were seen. Of the process, so that their number stays bounded for as long
/// as it lives.
#[derive(Debug, Default)]
pub(crate) struct Routes(Mutex<HashSet<Arc<str>>>);

impl Routes {
    /// The route, if it is one of the first hundred, and can be a dimension.
    fn bounded(&self, route: Arc<str>) -> Arc<str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&route) {
            return route;
        }
        if known.len() < MAX_ROUTES && rules::dimension("route", &route).is_ok() {
            known.insert(Arc::clone(&route));
            return route;
        }
        OTHER.into()
    }
}

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
        if let Some(name) = function_name(invocation, settings) {
            group.set(&frame, DIMENSIONS[0], name)?;
        }
        let route = route.as_deref().map(|route| (DIMENSIONS[1], route));
        let status = status.map(|status| (DIMENSIONS[2], status));
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
            group.record(&frame, sample, |name| settings.sink.check_name(name))?;
        }
        Ok(())
    };
    state
        .collector
        .emit_alone(settings, &frame, (None, &none), fill)
}

impl Measured {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_beyond_a_hundred_are_one() {
        let routes = Routes::default();
        for number in 0..MAX_ROUTES {
            let route: Arc<str> = format!("GET /{number}").into();
            assert_eq!(routes.bounded(Arc::clone(&route)), route);
        }
        assert_eq!(&*routes.bounded("GET /new".into()), OTHER);
        assert_eq!(&*routes.bounded("GET /0".into()), "GET /0");
    }

    #[test]
    fn a_route_that_can_be_no_dimension_is_other() {
        let routes = Routes::default();
        assert_eq!(&*routes.bounded("GET /é".into()), OTHER);
        assert_eq!(&*routes.bounded("x".repeat(1025).into()), OTHER);
    }
}
