//! Good documents, and what they break with one change.

use serde_json::{Value, json};
use testbed::check::trace::{TraceCheck, TraceRule};

use crate::broken;

pub(crate) const ID: &str = "70de5b6f19ff9a0a";
pub(crate) const PARENT: &str = "6226467e3f845502";
pub(crate) const TRACE: &str = "1-581cf771-a006649127e371903a2de979";

pub(crate) fn subsegment() -> Value {
    json!({
        "name": "## handler", "id": ID, "type": "subsegment",
        "trace_id": TRACE, "parent_id": PARENT,
        "start_time": 1_700_000_000.1, "end_time": 1_700_000_000.2, "in_progress": false,
        "namespace": "remote", "fault": true,
        "annotations": {"ColdStart": true, "Service": "pay", "n": 1.5},
        "metadata": {"pay": {"response": [1, null]}},
        "http": {"request": {"method": "GET", "url": "http://x/"}, "response": {"status": 200}},
        "aws": {"operation": "PutItem", "retries": 1},
        "sql": {"preparation": "call", "sanitized_query": "select 1"},
        "cause": {"working_directory": "/", "paths": [], "exceptions": [{
            "id": "0123456789abcdef", "message": "no", "type": "E", "remote": false,
            "stack": [{"path": "a.rs", "line": 1, "label": "f"}],
        }]},
        "subsegments": [{
            "name": "inner", "id": "b0d3f94e7d9d9f7d",
            "start_time": 1_700_000_000.1, "in_progress": true,
        }],
    })
}

pub(crate) fn segment() -> Value {
    json!({
        "name": "pay @ home", "id": PARENT, "trace_id": TRACE,
        "start_time": 1_700_000_000, "end_time": 1_700_000_001.5,
        "origin": "AWS::Lambda", "user": "u", "service": {"version": "1"},
        "cause": "0123456789abcdef",
    })
}

pub(crate) fn rules(document: &Value) -> Vec<TraceRule> {
    broken(TraceCheck::new().document(&document.to_string()))
}

/// The rules that the good subsegment breaks with one more member or another value.
pub(crate) fn with(parent: &str, key: &str, value: Value) -> Vec<TraceRule> {
    let mut document = subsegment();
    document.pointer_mut(parent).unwrap()[key] = value;
    rules(&document)
}

pub(crate) fn on_segment(key: &str, value: Value) -> Vec<TraceRule> {
    let mut document = segment();
    document[key] = value;
    rules(&document)
}

pub(crate) fn without(key: &str) -> Vec<TraceRule> {
    let mut document = subsegment();
    document.as_object_mut().unwrap().remove(key).unwrap();
    rules(&document)
}

/// So many annotations.
pub(crate) fn annotations(count: usize) -> Value {
    let entries = (0..count).map(|i| (format!("a{i}"), json!(i)));
    Value::Object(entries.collect())
}
