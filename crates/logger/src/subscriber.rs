use std::sync::Arc;

use powertools_core::Invocation;
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id},
    subscriber::Interest,
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{
    event,
    filter::{Subscribed, Takes},
    runtime_span::{self, Failure, RuntimeInvocation},
    settings::Settings,
    write::{Desk, Desktop, Owner},
};

/// The `tracing` layer: every event becomes a line.
#[derive(Debug)]
pub(crate) struct JsonLines {
    settings: Arc<Settings>,
    subscribed: Subscribed,
    /// For a layer that has the subscriber to itself: then what it does not take is of
    /// no use to anybody. Beside other layers a filter of its own stands before it.
    alone: Option<Takes>,
}

impl JsonLines {
    pub(crate) fn new(settings: Arc<Settings>, subscribed: Subscribed) -> Self {
        Self {
            settings,
            subscribed,
            alone: None,
        }
    }

    /// A layer that has the subscriber to itself.
    pub(crate) fn alone(settings: Arc<Settings>) -> Self {
        let subscribed = Subscribed::default();
        let takes = Takes::new(Arc::clone(&settings), subscribed.clone());
        Self {
            alone: Some(takes),
            ..Self::new(settings, subscribed)
        }
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    fn submit(&self, event: &Event<'_>, owner: Owner<'_>) {
        Desk::with(|desk| {
            #[cfg(feature = "log")]
            let normalized = tracing_log::NormalizeEvent::normalized_metadata(event);
            #[cfg(feature = "log")]
            let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
            #[cfg(not(feature = "log"))]
            let metadata = event.metadata();
            event::render(event, metadata, &self.settings, &mut desk.entry);
            let desktop = Desktop {
                settings: &self.settings,
                owner,
            };
            match self.settings.targets.level(metadata.target()) {
                None => desktop.submit(desk),
                Some(_) => desktop.submit_of_target(desk),
            }
        });
    }

    /// Whether our own line has told what this one of the runtime repeats.
    fn is_told(&self, event: &Event<'_>, runtime: Option<&RuntimeInvocation>) -> bool {
        let failure = Failure::of_line(event.metadata());
        let told = |failure| runtime.is_some_and(|runtime| runtime.is_told(failure));
        failure.is_some_and(told) && !self.settings.switches.runtime_error_lines
    }
}

impl<S> Layer<S> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match &self.alone {
            Some(takes) => takes.interest(metadata),
            None => Interest::always(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.alone
            .as_ref()
            .is_none_or(|takes| takes.takes(metadata))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.alone.as_ref().map(Takes::most_verbose)
    }

    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.subscribed.set(dispatch);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if runtime_span::is(attributes.metadata())
            && let Some(span) = context.span(id)
        {
            span.extensions_mut()
                .replace(RuntimeInvocation::of_span(attributes));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let invocation = Invocation::of_task().or_else(|| self.subscribed.invocation_of(event));
        if invocation.is_some() {
            let owner = Owner::of(invocation.as_ref(), &self.settings);
            return self.submit(event, owner);
        }
        let runtime = context
            .event_scope(event)
            .and_then(RuntimeInvocation::of_scope);
        if self.is_told(event, runtime.as_ref()) {
            return;
        }
        self.submit(
            event,
            runtime.as_ref().map_or(Owner::Nobody, Owner::Runtime),
        );
    }
}
