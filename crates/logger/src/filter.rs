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

    /// Whether the event or span is taken, here and now.
    pub(crate) fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let level = *metadata.level();
        let own = self.settings.targets.level(metadata.target());
        level <= self.level_of(own)
            || match metadata.is_span() {
                true => runtime_span::is(metadata),
                false => own.is_none() && self.may_take(level) && self.here(level),
            }
    }

    /// Whether it is taken always, never, or depending on the invocation.
    pub(crate) fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        let level = *metadata.level();
        let own = self.settings.targets.level(metadata.target());
        if level <= self.level_of(own) || (metadata.is_span() && runtime_span::is(metadata)) {
            Interest::always()
        } else if metadata.is_event() && own.is_none() && self.may_take(level) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    /// The most verbose level that may be taken.
    pub(crate) fn most_verbose(&self) -> LevelFilter {
        let Settings {
            threshold,
            targets,
            most_verbose,
            ..
        } = &*self.settings;
        let targets = targets.most_verbose().map(|level| threshold.bounded(level));
        // The runtime's span is at INFO, ours at ERROR.
        let fixed = [threshold.base(), *most_verbose, LevelFilter::INFO];
        fixed
            .into_iter()
            .chain(targets)
            .fold(LevelFilter::OFF, Ord::max)
    }

    /// The level of a target, which may have its own, in an invocation that was not drawn.
    fn level_of(&self, own: Option<LevelFilter>) -> LevelFilter {
        let threshold = &self.settings.threshold;
        own.map_or_else(|| threshold.base(), |level| threshold.bounded(level))
    }

    /// Whether some invocations write or hold lines of this level.
    fn may_take(&self, level: Level) -> bool {
        let Settings {
            threshold,
            sampling,
            buffer,
            ..
        } = &*self.settings;
        let buffer = buffer.as_ref();
        (sampling.is_some() && level <= LevelFilter::DEBUG)
            || buffer.is_some_and(|buffer| buffer.holds(level, threshold.base()))
    }

    /// Whether this invocation writes or holds lines of this level.
    fn here(&self, level: Level) -> bool {
        match Invocation::with_task(|invocation| self.taken(invocation, level)) {
            Some(taken) => taken,
            None => self
                .subscribed
                .current_invocation()
                .is_some_and(|invocation| self.taken(&invocation, level)),
        }
    }

    fn taken(&self, invocation: &Invocation, level: Level) -> bool {
        let begun = State::of(invocation);
        let Some(state) = begun.or_else(|| State::begin(invocation, &self.settings)) else {
            return false;
        };
        let shown = state.level(&self.settings);
        let buffer = self.settings.buffer.as_ref();
        level <= shown || buffer.is_some_and(|buffer| buffer.holds(level, shown))
    }
}

impl<S> Filter<S> for Takes
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.takes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.interest(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most_verbose())
    }
}
