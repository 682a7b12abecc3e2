//! A good line, and what it breaks with one change.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use testbed::check::emf::{EmfCheck, EmfRule};

use crate::broken;

pub(crate) const NOW: u64 = 1_700_000_000_500;

pub(crate) fn good() -> Value {
    json!({
        "_aws": {"Timestamp": NOW, "CloudWatchMetrics": [{
            "Namespace": "app",
            "Dimensions": [["service"], ["service", "env"]],
            "Metrics": [
                {"Name": "orders", "Unit": "Count"},
                {"Name": "lat", "Unit": "Milliseconds", "StorageResolution": 1},
            ],
        }]},
        "service": "pay", "env": "p", "booking": {"id": [1, null]},
        "orders": 1, "lat": [2.5, 3.0],
    })
}

pub(crate) fn check() -> EmfCheck {
    EmfCheck::new().now(UNIX_EPOCH + Duration::from_millis(NOW))
}

/// The rules that the good line breaks with another value at this place.
pub(crate) fn with(pointer: &str, value: Value) -> Vec<EmfRule> {
    let mut line = good();
    *line.pointer_mut(pointer).unwrap() = value;
    broken(check().check(&line.to_string()))
}

/// The rules that the good line breaks without this member.
pub(crate) fn without(parent: &str, key: &str) -> Vec<EmfRule> {
    let mut line = good();
    let parent = line.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(key).unwrap();
    broken(check().check(&line.to_string()))
}

/// The rules that the good line breaks with one of its dimensions named so, value included.
pub(crate) fn with_dimension(name: &str, value: &str) -> Vec<EmfRule> {
    let mut line = good();
    line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([[name]]);
    line[name] = value.into();
    broken(check().check(&line.to_string()))
}

/// The rules that the good line breaks with one more metric, value included.
pub(crate) fn with_metric(metric: &Value, value: Value) -> Vec<EmfRule> {
    let mut line = good();
    line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!([metric]);
    line[metric["Name"].as_str().unwrap()] = value;
    broken(check().check(&line.to_string()))
}

pub(crate) const AWS: &str = "/_aws";
pub(crate) const DIRECTIVE: &str = "/_aws/CloudWatchMetrics/0";
pub(crate) const NAMESPACE: &str = "/_aws/CloudWatchMetrics/0/Namespace";
pub(crate) const DIMENSIONS: &str = "/_aws/CloudWatchMetrics/0/Dimensions";
pub(crate) const METRICS: &str = "/_aws/CloudWatchMetrics/0/Metrics";
pub(crate) const UNIT: &str = "/_aws/CloudWatchMetrics/0/Metrics/0/Unit";
pub(crate) const RESOLUTION: &str = "/_aws/CloudWatchMetrics/0/Metrics/1/StorageResolution";
