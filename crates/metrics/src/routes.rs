//! The routes of a process: how many of them are told apart.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::rules;

/// Each route is a dimension value of its own, and so three more metrics.
const MAX_ROUTES: usize = 100;

/// What stands for the routes beyond.
const OTHER: &str = "other";

/// The routes that were seen. Of the process, so that their number stays bounded for as long
/// as it lives.
#[derive(Debug, Default)]
pub(crate) struct Routes(Mutex<HashSet<Arc<str>>>);

impl Routes {
    /// The route, if it is one of the first hundred, and can be a dimension.
    pub(crate) fn bounded(&self, route: Arc<str>) -> Arc<str> {
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
