//! The span that `lambda_runtime` puts around an invocation.
//!
//! What the runtime logs by itself, a panic or the error of a handler, comes from
//! outside our layers. This span is all that tells whose it is, and whether our own line
//! has told it already.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use tracing::{
    Level, Metadata, dispatcher,
    field::{Field, Visit},
    span::Attributes,
};
use tracing_subscriber::{
    Registry,
    registry::{LookupSpan, Scope},
};

/// Whether this is the span, made by `lambda_runtime::layers::TracingLayer`.
pub(crate) fn is(metadata: &Metadata<'_>) -> bool {
    metadata.name() == "Lambda runtime invoke" && metadata.target().starts_with("lambda_runtime::")
}

/// What the runtime's own line tells that our line may have told already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Error = 1,
    Panic = 2,
}

impl Failure {
    /// The failure that this line of the runtime is about.
    pub(crate) fn of_line(metadata: &Metadata<'_>) -> Option<Self> {
        let is_one = *metadata.level() == Level::ERROR
            && metadata.target() == "lambda_runtime::layers::panic";
        // An error is all of its line's message; a panic is a field.
        is_one.then(|| match metadata.fields().field("error") {
            Some(_) => Self::Panic,
            None => Self::Error,
        })
    }
}

/// What the span tells of the invocation. A copy of it knows the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuntimeInvocation {
    request_id: Option<String>,
    xray_header: Option<String>,
    tenant_id: Option<String>,
    /// The failures that were told, as bits.
    told: Arc<AtomicU8>,
}

impl RuntimeInvocation {
    pub(crate) fn of_span(attributes: &Attributes<'_>) -> Self {
        let mut this = Self::default();
        attributes.record(&mut this);
        this
    }

    /// A copy of what the nearest of these spans tells: a field's formatting, which may
    /// log itself, must not meet a locked span.
    pub(crate) fn of_scope<'a, S: LookupSpan<'a>>(scope: Scope<'a, S>) -> Option<Self> {
        scope
            .into_iter()
            .find_map(|span| span.extensions().get::<Self>().cloned())
    }

    /// Remembers that a failure of the running invocation has been told.
    pub(crate) fn mark_told(failure: Failure) {
        dispatcher::get_default(|dispatch| {
            let registry = dispatch.downcast_ref::<Registry>()?;
            let current = dispatch.current_span();
            let runtime = Self::of_scope(registry.span(current.id()?)?.scope())?;
            runtime.told.fetch_or(failure as u8, Ordering::Relaxed);
            Some(())
        });
    }

    /// Whether our own line has told the failure.
    pub(crate) fn is_told(&self, failure: Failure) -> bool {
        self.told.load(Ordering::Relaxed) & failure as u8 != 0
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(crate) fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    pub(crate) fn xray_trace_id(&self) -> Option<&str> {
        self.xray_header.as_deref().map(powertools_core::xray_root)
    }
}

impl Visit for RuntimeInvocation {
    fn record_str(&mut self, field: &Field, value: &str) {
        let known = match field.name() {
            "requestId" => &mut self.request_id,
            "xrayTraceId" => &mut self.xray_header,
            "tenantId" => &mut self.tenant_id,
            _ => return,
        };
        *known = Some(value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
