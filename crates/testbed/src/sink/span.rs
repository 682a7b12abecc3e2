//! Spans of OpenTelemetry, each with its resource.

use std::fmt::Write as _;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};

/// A span with the resource and the scope that it was sent under.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpSpan {
    span: Span,
    scope: String,
    resource: Vec<KeyValue>,
}

impl OtlpSpan {
    /// The span as it was sent.
    #[must_use]
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.span.name
    }

    /// The trace id, in hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.span.trace_id)
    }

    /// The span id, in hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.span.span_id)
    }

    /// The parent's span id in hexadecimal digits; empty for a root.
    #[must_use]
    pub fn parent_id(&self) -> String {
        hex(&self.span.parent_span_id)
    }

    /// The name of the instrumentation scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// An attribute of the span.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.span.attributes, key)
    }

    /// An attribute of the resource, such as `service.name`.
    #[must_use]
    pub fn resource(&self, key: &str) -> Option<&Value> {
        find(&self.resource, key)
    }
}

/// Every span of a request.
#[must_use]
pub fn spans(request: &ExportTraceServiceRequest) -> Vec<OtlpSpan> {
    let mut spans = Vec::new();
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.as_ref();
        let resource = resource.map_or(&[][..], |resource| &resource.attributes);
        for scope_spans in &resource_spans.scope_spans {
            let scope = scope_spans.scope.as_ref();
            let scope = scope.map_or("", |scope| &scope.name);
            spans.extend(scope_spans.spans.iter().map(|span| OtlpSpan {
                span: span.clone(),
                scope: scope.to_owned(),
                resource: resource.to_vec(),
            }));
        }
    }
    spans
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    found?.value.as_ref()?.value.as_ref()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
