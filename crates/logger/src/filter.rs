//! Which events become lines.

use std::sync::{Arc, OnceLock};

use powertools_core::Invocation;
use tracing::{
    Dispatch, Event, Metadata, Subscriber, dispatcher::WeakDispatch, level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::{
    Registry,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use crate::{level::Rank, runtime_span, settings::Settings, state::State};

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
        let settings = &*self.settings;
        let rank = Rank::of(*metadata.level());
        // Nearly always: nothing depends on the invocation or on the target.
        if metadata.is_event()
            && settings.targets.is_empty()
            && !settings.held.contains(rank)
            && !State::any_sampled()
        {
            return settings.threshold.shows(rank);
        }
        match self.rule(metadata) {
            Rule::Always => true,
            Rule::Here => self.here(rank),
            Rule::Never => false,
        }
    }

    /// Whether it is taken always, never, or depending on the invocation.
    pub(crate) fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        match self.rule(metadata) {
            Rule::Always => Interest::always(),
            Rule::Here => Interest::sometimes(),
            Rule::Never => Interest::never(),
        }
    }

    fn rule(&self, metadata: &Metadata<'_>) -> Rule {
        let Settings {
            threshold,
            targets,
            sometimes,
            ..
        } = &*self.settings;
        let rank = Rank::of(*metadata.level());
        let own = match targets.is_empty() {
            true => None,
            false => targets.level(metadata.target()),
        };
        let is_shown = match own {
            Some(level) => *metadata.level() <= threshold.bounded(level),
            None => threshold.shows(rank),
        };
        if is_shown || (metadata.is_span() && carries(metadata)) {
            Rule::Always
        } else if metadata.is_span() {
            Rule::Never
        } else if own.is_none() && sometimes.contains(rank) {
            Rule::Here
        } else {
            Rule::Never
        }
    }

    /// The most verbose level that may be taken.
    pub(crate) fn most_verbose(&self) -> LevelFilter {
        let Settings {
            threshold,
            targets,
            sampling,
            buffer,
            ..
        } = &*self.settings;
        let depends = sampling.is_some() || buffer.is_some();
        let targets = targets.most_verbose().map(|level| threshold.bounded(level));
        // The runtime's span is at INFO, ours at ERROR.
        [threshold.base(), LevelFilter::INFO]
            .into_iter()
            .chain(targets)
            .chain(depends.then_some(LevelFilter::DEBUG))
            .fold(LevelFilter::OFF, Ord::max)
    }

    /// Whether this invocation writes or holds lines of this level, which is not shown.
    fn here(&self, rank: Rank) -> bool {
        match Invocation::with_task(|invocation| self.taken(invocation, rank)) {
            Some(taken) => taken,
            None => self
                .subscribed
                .current_invocation()
                .is_some_and(|invocation| self.taken(&invocation, rank)),
        }
    }

    fn taken(&self, invocation: &Invocation, rank: Rank) -> bool {
        let Settings {
            threshold, held, ..
        } = &*self.settings;
        let begun = State::of(invocation);
        begun
            .or_else(|| State::begin(invocation, &self.settings))
            .is_some_and(|state| {
                held.contains(rank) || (state.is_sampled() && threshold.shows_sampled(rank))
            })
    }
}

/// Whether a span carries an invocation, ours or the runtime's.
fn carries(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "powertools" || runtime_span::is(metadata)
}

/// When an event is taken.
enum Rule {
    Always,
    /// If this invocation writes or holds the level.
    Here,
    Never,
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
