use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
};

use powertools_core::Invocation;
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::WeakDispatch,
    level_filters::LevelFilter,
    span::{Attributes, Id},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use crate::{
    config::Settings,
    line::{Line, Owner},
    runtime_span::{self, RuntimeInvocation},
};

thread_local! {
    // A scratch buffer for the line being written: its capacity is kept, no value is.
    static LINE: RefCell<Line> = RefCell::default();
}

/// The `tracing` layer: every event becomes a line.
#[derive(Debug)]
pub(crate) struct JsonLines {
    settings: Arc<Settings>,
    /// The subscriber that this layer is part of.
    dispatch: OnceLock<WeakDispatch>,
}

impl JsonLines {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            dispatch: OnceLock::new(),
        }
    }

    fn write(&self, event: &Event<'_>, owner: Owner<'_>) {
        let write = |line: &mut Line| {
            let now = self.settings.host.clock().now();
            let bytes = line.write(event, now, &self.settings.service, owner);
            // Nothing can be done about an output that fails, and the handler's
            // answer must not depend on it.
            let _ = self.settings.output.write_line(bytes);
        };
        // Not kept: a field whose formatting logs, in the middle of another line, and a
        // thread that ends and has destroyed its own.
        let kept = LINE.try_with(|line| {
            line.try_borrow_mut()
                .map(|mut line| write(&mut line))
                .is_ok()
        });
        if kept != Ok(true) {
            write(&mut Line::default());
        }
    }

    /// The invocation of the event's spans, of all of them: our own filter hides those
    /// below its level, and an ancestor of such a span may carry it.
    fn of_spans(&self, event: &Event<'_>) -> Option<Invocation> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = event.is_contextual().then(|| registry.current_span());
        let id = match &current {
            Some(current) => current.id()?,
            None => event.parent()?,
        };
        Invocation::of_scope(registry.span(id)?.scope())
    }
}

impl<S> Layer<S> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // A layer belongs to one subscriber, so the first stays.
        let _ = self.dispatch.set(dispatch.downgrade());
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
        if let Some(invocation) = Invocation::of_task().or_else(|| self.of_spans(event)) {
            return self.write(event, Owner::Invocation(&invocation));
        }
        let runtime = context
            .event_scope(event)
            .and_then(RuntimeInvocation::of_scope);
        self.write(
            event,
            runtime.as_ref().map_or(Owner::Nobody, Owner::Runtime),
        );
    }
}

/// Events up to a level; the spans that carry an invocation always.
#[derive(Debug)]
pub(crate) struct UpTo(pub(crate) LevelFilter);

impl UpTo {
    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.0 || (metadata.is_span() && runtime_span::is(metadata))
    }
}

impl<S> Filter<S> for UpTo {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.takes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.takes(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The runtime's span is at INFO, ours at ERROR.
        Some(self.0.max(LevelFilter::INFO))
    }
}
