//! Whose metrics a handle means.

use std::sync::Arc;

use powertools_core::Invocation;

use crate::{
    MetricsError, MetricsErrorKind,
    collector::Collector,
    settings::Settings,
    shared::{Ephemeral, Shared, refuse_detached},
    state::State,
};

#[derive(Clone)]
pub(crate) enum Target {
    /// Of this invocation.
    Invocation(Invocation),
    /// Of the invocation that the code is in, else of no invocation.
    Layer(Arc<Shared>),
    /// Of the handle and its clones.
    Own(Arc<Ephemeral>),
    Nowhere,
}

impl Target {
    /// The invocation that the code is in, if its metrics were begun.
    pub(crate) fn current() -> Self {
        let begun = |invocation: &Invocation| State::of(invocation).is_some();
        let invocation = Invocation::try_current().filter(begun);
        invocation.map_or(Self::Nowhere, Self::Invocation)
    }

    #[inline]
    pub(crate) fn with<T>(
        &self,
        run: impl FnOnce(&Collector, &Settings) -> Result<T, MetricsError>,
    ) -> Result<T, MetricsError> {
        let detached = || MetricsError::new(MetricsErrorKind::Detached);
        let current;
        // One call of `run`, so that it becomes part of this.
        let (collector, settings) = match self {
            Self::Invocation(invocation) => State::of(invocation).ok_or_else(detached)?.parts(),
            Self::Layer(shared) => {
                current = Invocation::try_current();
                match current.as_ref().and_then(State::of) {
                    Some(state) => state.parts(),
                    None => (&shared.outside, &*shared.settings),
                }
            }
            Self::Own(own) => (&own.collector, &*own.settings),
            Self::Nowhere => return Err(detached()),
        };
        run(collector, settings)
    }

    /// Counts what was refused, and warns.
    #[inline]
    pub(crate) fn tell(&self, result: Result<(), MetricsError>) {
        if let Err(error) = result {
            self.refuse(&error);
        }
    }

    #[cold]
    fn refuse(&self, error: &MetricsError) {
        let told = self.with(|_, settings| {
            settings.refuse(error);
            Ok(())
        });
        if told.is_err() {
            refuse_detached(error);
        }
    }
}
