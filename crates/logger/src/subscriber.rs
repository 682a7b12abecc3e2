use std::{cell::RefCell, sync::Arc};

use powertools_core::Invocation;
use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
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
}

impl JsonLines {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    fn write(&self, event: &Event<'_>, owner: Owner<'_>) {
        let write = |line: &mut Line| {
            let now = self.settings.host.clock().now();
            let bytes = line.write(event, now, &self.settings.service, owner);
            // Nothing can be done about an output that fails, and the handler's
            // answer must not depend on it.
            let _ = self.settings.output.write_line(bytes);
        };
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => write(&mut line),
            // A field whose formatting logs, in the middle of another line.
            Err(_) => write(&mut Line::default()),
        });
    }
}

impl<S> Layer<S> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if runtime_span::is(attributes.metadata())
            && let Some(span) = context.span(id)
        {
            span.extensions_mut()
                .replace(RuntimeInvocation::of_span(attributes));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let of_spans = || Invocation::of_scope(context.event_scope(event)?);
        if let Some(invocation) = Invocation::of_task().or_else(of_spans) {
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
