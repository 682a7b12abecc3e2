//! A metric alone.

use std::time::Duration;

use powertools_metrics::{MetricsErrorKind, Resolution, Unit};
use serde_json::json;

use crate::support::{FailingSink, MILLIS, bed, builder, host, kind, moment, sets};

#[tokio::test]
async fn it_goes_out_alone_and_at_once() {
    let bed = bed(builder().default_dimension("env", "p").service("pay"));
    bed.run(async |metrics| {
        metrics.add_dimension("own", "o");
        metrics.add_metadata("meta", 1);
        metrics.add("m", Unit::Count, 1);
        metrics
            .single_metric("one", Unit::Bytes, 7)
            .dimension("cache", "prices")
            .metadata("why", "asked")
            .flush()
            .unwrap();
        let expected = json!({
            "_aws": {"Timestamp": MILLIS, "CloudWatchMetrics": [{
                "Namespace": "app", "Dimensions": [["env", "cache", "service"]],
                "Metrics": [{"Name": "one", "Unit": "Bytes"}],
            }]},
            "env": "p", "cache": "prices", "service": "pay", "why": "asked", "one": 7,
        });
        assert_eq!(bed.only(), expected);
    })
    .await;
    let lines = bed.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(sets(&lines[1]), &json!([["env", "own", "service"]]));
    assert_eq!((&lines[1]["m"], lines[1].get("one")), (&json!(1), None));
}

#[tokio::test]
async fn it_may_have_its_own_namespace_time_and_resolution() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics
            .single_metric("one", Unit::Milliseconds, Duration::from_secs(2))
            .namespace("other")
            .at(moment() - Duration::from_secs(1))
            .resolution(Resolution::High)
            .flush()
            .unwrap();
    })
    .await;
    let line = bed.only();
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "other");
    assert_eq!(directive["Metrics"][0]["StorageResolution"], 1);
    assert_eq!(
        (&line["_aws"]["Timestamp"], &line["one"]),
        (&json!(MILLIS - 1000), &json!(2000))
    );
}

#[tokio::test]
async fn a_default_dimension_can_have_another_value_in_it() {
    let bed = bed(builder().default_dimension("env", "p"));
    let metrics = bed.layer.metrics();
    let single = metrics.single_metric("one", Unit::Count, 1);
    single.dimension("env", "t").flush().unwrap();
    assert_eq!(bed.only()["env"], "t");
}

#[tokio::test]
async fn what_cannot_be_used_is_an_error_and_nothing_is_written() {
    let bed = bed(builder().service("pay"));
    let metrics = bed.layer.metrics();
    let single = |name| metrics.single_metric(name, Unit::Count, 1);
    let broken = std::collections::BTreeMap::from([((1, 1), 1)]);
    for (result, expected) in [
        (single("").flush(), MetricsErrorKind::Name),
        (single("service").flush(), MetricsErrorKind::Collision),
        (
            single("d").dimension("d", "v").flush(),
            MetricsErrorKind::Collision,
        ),
        (
            single("a").dimension("", "v").flush(),
            MetricsErrorKind::Dimension,
        ),
        (
            single("a").namespace("AWS/Lambda").flush(),
            MetricsErrorKind::Namespace,
        ),
        (
            single("a").namespace("").flush(),
            MetricsErrorKind::Namespace,
        ),
        (
            single("a").metadata("_aws", 1).flush(),
            MetricsErrorKind::Metadata,
        ),
        (
            single("a").metadata("m", broken).flush(),
            MetricsErrorKind::Metadata,
        ),
        (
            metrics.single_metric("a", Unit::Count, f64::NAN).flush(),
            MetricsErrorKind::Value,
        ),
    ] {
        assert_eq!(kind(result), expected);
    }
    assert_eq!(bed.output.text(), "");
    assert_eq!(metrics.refused(), 0);
}

#[tokio::test]
async fn without_a_namespace_anywhere_it_is_an_error() {
    let bed = bed(powertools_metrics::MetricsLayer::builder().host(host([])));
    let metrics = bed.layer.metrics();
    let single = || metrics.single_metric("a", Unit::Count, 1);
    assert_eq!(kind(single().flush()), MetricsErrorKind::Namespace);
    single().namespace("own").flush().unwrap();
    assert_eq!(bed.lines().len(), 1);
}

#[tokio::test]
async fn a_sink_that_fails_is_its_error_too() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    let metrics = bed.layer.metrics();
    sink.fail(1);
    let error = metrics
        .single_metric("a", Unit::Count, 1)
        .flush()
        .unwrap_err();
    assert!(error.is_sink());
    metrics.single_metric("a", Unit::Count, 2).flush().unwrap();
    assert_eq!(sink.captured.metric("a").values(), [2.0]);
}

#[tokio::test]
async fn a_single_metric_that_is_longer_than_a_line_is_refused() {
    let bed = bed(builder());
    let metrics = bed.layer.metrics();
    let single = metrics.single_metric("a", Unit::Count, 1);
    let single = single.metadata("long", "x".repeat(300_000));
    assert_eq!(kind(single.flush()), MetricsErrorKind::Size);
    assert_eq!(bed.output.text(), "");
}
