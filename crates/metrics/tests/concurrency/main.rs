//! Invocations that overlap in one process: nothing of one is ever seen in another.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod deadlines;
mod ends;
mod late;
mod outside;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod together;

use powertools_metrics::{Metrics, MetricsLayer, Unit};
use serde_json::Value;
use testbed::check::emf::Samples;

use crate::support::{Output, builder, key};

pub(crate) const ALL: usize = 64;

pub(crate) fn layer(output: &Output) -> MetricsLayer {
    let builder = builder()
        .capture_request_ids(true)
        .default_dimension("env", "p");
    builder.output(output.writer()).build().unwrap()
}

/// What invocation `number` says of itself, in one line.
pub(crate) fn record(number: usize) {
    let metrics = Metrics::current();
    metrics.add_dimension("own", &number.to_string());
    metrics.add_metadata("meta", number);
    metrics.add("m", Unit::Count, number);
}

/// Each line belongs to one invocation alone. Gives the samples.
pub(crate) fn check(output: &Output) -> Samples {
    for line in output.json() {
        let own: usize = line["own"].as_str().unwrap().parse().unwrap();
        assert_eq!(line["function_request_id"], format!("r-{own}"), "{line}");
        assert_eq!(line["meta"], own, "{line}");
        for (name, value) in line.as_object().unwrap() {
            let values = match value {
                Value::Array(values) => values.clone(),
                other => vec![other.clone()],
            };
            if name.starts_with('m') {
                assert!(values.iter().all(|value| value == own), "{line}");
            }
        }
    }
    output.samples()
}

pub(crate) fn expected(count: usize) -> Samples {
    let mut samples = Samples::new();
    for number in 0..ALL {
        let own = key([("env", "p"), ("own", &*number.to_string())], "m");
        for _ in 0..count {
            samples.add(own.clone(), number as f64);
        }
    }
    samples
}
