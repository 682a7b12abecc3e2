//! Errors whose type is known, so that more than their `Debug` can be shown.

use std::{any::Any, error::Error};

type Downcast = for<'a> fn(&'a dyn Any) -> Option<&'a (dyn Error + 'static)>;

/// The types that a handler may return.
#[derive(Debug, Clone)]
pub(crate) struct KnownErrors(Vec<Downcast>);

impl Default for KnownErrors {
    fn default() -> Self {
        Self(vec![
            |error| {
                let boxed = error.downcast_ref::<Box<dyn Error + Send + Sync>>()?;
                Some(&**boxed)
            },
            |error| Some(&**error.downcast_ref::<Box<dyn Error>>()?),
        ])
    }
}

impl KnownErrors {
    pub(crate) fn add<E: Error + 'static>(&mut self) {
        self.0
            .push(|error| error.downcast_ref::<E>().map(|error| error as _));
    }

    pub(crate) fn find<'a>(&self, error: &'a dyn Any) -> Option<&'a (dyn Error + 'static)> {
        self.0.iter().find_map(|downcast| downcast(error))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[test]
    fn boxed_errors_are_known_and_others_by_their_name() {
        let mut known = KnownErrors::default();
        let boxed: Box<dyn Error + Send + Sync> = "boxed".into();
        assert_eq!(known.find(&boxed).unwrap().to_string(), "boxed");
        let boxed: Box<dyn Error> = "local".into();
        assert_eq!(known.find(&boxed).unwrap().to_string(), "local");
        assert!(known.find(&fmt::Error).is_none());
        known.add::<fmt::Error>();
        assert!(known.find(&fmt::Error).is_some());
    }
}
