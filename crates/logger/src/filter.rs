//! Which events become lines.

use std::sync::{Arc, OnceLock};

use powertools_core::Invocation;
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, dispatcher::WeakDispatch,
    level_filters::LevelFilter, subscriber::Interest,
};
use tracing_subscriber::{
    Registry,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use crate::{runtime_span, settings::Settings, state::State};

/// The subscriber that a layer and its filter are part of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscribed(Arc<OnceLock<WeakDispatch>>);

impl Subscribed {
    pub(crate) fn set(&self, dispatch: &Dispatch) {
        // A layer belongs to one subscriber, so the first stays.
        let _ = self.0.set(dispatch.downgrade());
    }

    pub(crate) fn dispatch(&self) -> Option<Dispatch> {
        self.0.get()?.upgrade()
    }

    /// The invocation of the event's spans, of all of them: our own filter hides those
    /// below its level, and an ancestor of such a span may carry it.
    pub(crate) fn invocation_of(&self, event: &Event<'_>) -> Option<Invocation> {
        let dispatch = self.dispatch()?;
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = event.is_contextual().then(|| registry.current_span());
        let id = match &current {
            Some(current) => current.id()?,
            None => event.parent()?,
        };
        Invocation::of_scope(registry.span(id)?.scope())
    }

    /// The invocation that the current spans carry.
    fn current_invocation(&self) -> Option<Invocation> {
        let dispatch = self.dispatch()?;
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = dispatch.current_span();
        Invocation::of_scope(registry.span(current.id()?)?.scope())
    }
}

/// Events that may become a line, and the spans that carry an invocation.
#[derive(Debug)]
pub(crate) struct Takes {
    settings: Arc<Settings>,
    subscribed: Subscribed,
}

impl Takes {
    pub(crate) fn new(settings: Arc<Settings>, subscribed: Subscribed) -> Self {
        Self {
            settings,
            subscribed,
        }
    }

    /// Whether lines of this level and target are written, whoever they belong to.
    fn always(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level_of(metadata.target())
    }

    /// Whether a span may carry an invocation to where the task-local does not reach.
    fn follows(&self, metadata: &Metadata<'_>) -> bool {
        self.always(metadata) || runtime_span::is(metadata)
    }

    /// The level of a target in an invocation that was not drawn.
    fn level_of(&self, target: &str) -> LevelFilter {
        let threshold = &self.settings.threshold;
        match self.settings.targets.level(target) {
            Some(level) => threshold.bounded(level),
            None => threshold.base(),
        }
    }

    /// Whether some invocations write or hold lines that others do not.
    fn sometimes(&self, metadata: &Metadata<'_>) -> bool {
        let level = *metadata.level();
        let Settings {
            threshold,
            sampling,
            buffer,
            targets,
            ..
        } = &*self.settings;
        let drawn = sampling.is_some() && level <= threshold.sampled();
        let held = buffer
            .as_ref()
            .is_some_and(|buffer| buffer.holds(level, threshold.base()));
        (drawn || held) && targets.level(metadata.target()).is_none()
    }

    /// Whether this invocation writes or holds lines of this level.
    fn here(&self, level: Level) -> bool {
        let taken = |invocation: &Invocation| {
            State::begin(invocation, &self.settings).is_some_and(|state| {
                let shown = state.level(&self.settings);
                let buffer = self.settings.buffer.as_ref();
                level <= shown || buffer.is_some_and(|buffer| buffer.holds(level, shown))
            })
        };
        match Invocation::with_task(taken) {
            Some(taken) => taken,
            None => self
                .subscribed
                .current_invocation()
                .is_some_and(|invocation| taken(&invocation)),
        }
    }
}

impl<S> Filter<S> for Takes
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        if metadata.is_span() {
            return self.follows(metadata);
        }
        self.always(metadata) || (self.sometimes(metadata) && self.here(*metadata.level()))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() {
            return match self.follows(metadata) {
                true => Interest::always(),
                false => Interest::never(),
            };
        }
        if self.always(metadata) {
            Interest::always()
        } else if self.sometimes(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let Settings {
            threshold,
            sampling,
            buffer,
            targets,
            ..
        } = &*self.settings;
        let drawn = sampling.as_ref().map(|_| threshold.sampled());
        let held = buffer.as_ref().map(|_| LevelFilter::DEBUG);
        let targets = targets.most_verbose().map(|level| threshold.bounded(level));
        // The runtime's span is at INFO, ours at ERROR.
        [drawn, held, targets]
            .into_iter()
            .flatten()
            .chain([threshold.base(), LevelFilter::INFO])
            .max()
    }
}
