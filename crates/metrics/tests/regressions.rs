//! What went wrong elsewhere, and must not here.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use futures_util::future::join_all;
use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, Unit};
use serde_json::json;
use support::{Output, bed, builder, key, metrics, sets};
use testbed::check::emf::Samples;
use tower::{Layer, ServiceExt, service_fn};

// M1

#[tokio::test]
async fn more_than_100_values_of_a_metric_are_not_lost() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for value in 0..1001 {
            metrics.add("m", Unit::Count, value);
        }
    })
    .await;
    let mut expected = Samples::new();
    for value in 0..1001 {
        expected.add(key([], "m"), f64::from(value));
    }
    bed.output.samples().assert_same_as(&expected);
    assert_eq!(bed.lines().len(), 11);
}

#[tokio::test]
async fn more_than_100_metrics_are_not_lost() {
    let bed = bed(builder());
    let mut expected = Samples::new();
    bed.run(async |metrics| {
        for number in 0..1001 {
            let name = format!("m{number}");
            metrics.add(&name, Unit::Count, number);
            expected.add(key([], &name), f64::from(number));
        }
    })
    .await;
    bed.output.samples().assert_same_as(&expected);
}

// M2

#[tokio::test]
async fn a_dimension_of_one_invocation_is_not_in_another_that_overlaps() {
    let output = Output::default();
    let layer = builder().output(output.writer()).build().unwrap();
    let calls = (0..20).map(|number| {
        let handler = service_fn(move |_: lambda_runtime::LambdaEvent<()>| async move {
            let metrics = Metrics::current();
            metrics.add_dimension("tenant", &number.to_string());
            tokio::task::yield_now().await;
            metrics.add("m", Unit::Count, number);
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(())
        });
        layer
            .layer(handler)
            .oneshot(TestContext::new("r").event(()))
    });
    join_all(calls).await;
    let lines = output.json();
    assert_eq!(lines.len(), 20);
    for line in lines {
        assert_eq!(line["tenant"], line["m"].to_string());
    }
}

#[tokio::test]
async fn a_dimension_of_one_invocation_is_not_in_the_next() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("e", "v")]);
        metrics.add_metadata("meta", 1);
        metrics.set_default_dimensions([("f", "v")]);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    bed.run(async |metrics| metrics.add("m", Unit::Count, 2))
        .await;
    let line = &bed.lines()[1];
    assert_eq!(
        (sets(line), line.as_object().unwrap().len()),
        (&json!([[]]), 2)
    );
}

// M3

#[tokio::test]
async fn the_last_dimension_value_does_not_take_the_values_of_the_others() {
    let bed = bed(builder());
    let orders = [("gold", 1), ("silver", 2), ("gold", 3)];
    bed.run(async |metrics| {
        for (tier, count) in orders {
            let scope = metrics.with_dimensions([("tier", tier)]);
            scope.add("Orders", Unit::Count, count);
        }
    })
    .await;
    let mut expected = Samples::new();
    for (tier, count) in orders {
        expected.add(key([("tier", tier)], "Orders"), f64::from(count));
    }
    bed.output.samples().assert_same_as(&expected);
}

// M4

#[tokio::test]
async fn the_cold_start_changes_no_dimension_of_other_metrics() {
    let bed = bed(builder().service("pay").capture_cold_start_metric(true));
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let [cold, own] = bed.lines().try_into().unwrap();
    assert_eq!(sets(&cold), &json!([["function_name", "service"]]));
    assert_eq!(sets(&own), &json!([["d", "service"]]));
    assert_eq!((cold.get("d"), own.get("function_name")), (None, None));
}

// M5

#[tokio::test]
async fn a_line_is_raw_json_and_an_empty_flush_writes_none() {
    let bed = bed(builder());
    bed.layer.metrics().flush().unwrap();
    bed.layer.ephemeral_metrics().flush().unwrap();
    bed.run(async |metrics| {
        metrics.add_metadata("text", "two\nlines");
        metrics.flush().unwrap();
    })
    .await;
    assert_eq!(bed.output.text(), "");
    bed.run(async |metrics| {
        metrics.add_metadata("text", "two\nlines\r");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let text = bed.output.text();
    assert!(
        text.starts_with("{\"_aws\":") && text.ends_with("}\n"),
        "{text}"
    );
    assert_eq!(text.bytes().filter(u8::is_ascii_control).count(), 1);
}

// M7

#[tokio::test]
async fn a_high_resolution_is_one_metrics_and_not_the_whole_lines() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_high_resolution("fine", Unit::Count, 1);
        metrics.add("coarse", Unit::Count, 1);
    })
    .await;
    let expected = json!([
        {"Name": "fine", "Unit": "Count", "StorageResolution": 1},
        {"Name": "coarse", "Unit": "Count"},
    ]);
    assert_eq!(metrics(&bed.only()), &expected);
}
