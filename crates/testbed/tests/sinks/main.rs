//! The sinks take what a daemon and a collector take, refuse what they refuse, and a test
//! that waits in vain fails with what came.

mod clients;
mod collector;
mod faults;
#[path = "../support/plain_http.rs"]
mod plain_http;
mod xray;

use std::{future::Future, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

/// No test hangs.
async fn limited<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), test)
        .await
        .expect("the test ends in time")
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

/// A request with these spans under one resource.
fn export(names: &[&str]) -> ExportTraceServiceRequest {
    let spans = names.iter().map(|name| Span {
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        parent_span_id: vec![2; 8],
        name: (*name).to_owned(),
        attributes: vec![attribute("k", "v")],
        start_time_unix_nano: 1_700_000_000_000_000_001,
        ..Span::default()
    });
    let scope_spans = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "tests".to_owned(),
            ..InstrumentationScope::default()
        }),
        spans: spans.collect(),
        ..ScopeSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute("service.name", "pay")],
                ..Resource::default()
            }),
            scope_spans: vec![scope_spans],
            ..ResourceSpans::default()
        }],
    }
}
