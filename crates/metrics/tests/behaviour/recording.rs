//! Values, names, units and resolutions.

use std::time::Duration;

use powertools_core::test_util::lambda_event;
use powertools_metrics::{Metrics, MetricsErrorKind, MetricsLayer, Resolution, Unit};
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{MILLIS, Output, bed, builder, host, kind, line, lines, members, metrics};

#[tokio::test]
async fn the_example_writes_the_lines_that_the_readme_shows() {
    let output = Output::default();
    let layer = MetricsLayer::builder()
        .namespace("shop")
        .service("orders")
        .capture_cold_start_metric(true)
        .host(host([]))
        .output(output.writer())
        .build()
        .unwrap();
    let service = ServiceBuilder::new().layer(layer).service_fn(
        async |event: lambda_runtime::LambdaEvent<String>| {
            let metrics = Metrics::current();
            metrics.add_dimension("tier", "gold");
            metrics.add("OrdersPlaced", Unit::Count, 1);
            Ok::<_, std::convert::Infallible>(event.payload)
        },
    );
    let answer = service.oneshot(lambda_event("r-1", "pizza".to_owned()));
    assert_eq!(answer.await.unwrap(), "pizza");
    let text = output.text();
    let [cold, own] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(cold.contains("ColdStart"), "{cold}");
    let expected = concat!(
        r#"{"_aws":{"Timestamp":1700000000500,"CloudWatchMetrics":[{"Namespace":"shop","#,
        r#""Dimensions":[["tier","service"]],"Metrics":[{"Name":"OrdersPlaced","Unit":"Count"}]}]},"#,
        r#""tier":"gold","service":"orders","OrdersPlaced":1}"#,
    );
    assert_eq!(own, expected);
}

#[tokio::test]
async fn a_value_is_any_number_a_bool_or_a_duration() {
    let line = line(builder(), async |metrics| {
        let counted = [
            metrics.try_add("u8", Unit::Count, 1_u8),
            metrics.try_add("u16", Unit::Count, 2_u16),
            metrics.try_add("u32", Unit::Count, 3_u32),
            metrics.try_add("u64", Unit::Count, 4_u64),
            metrics.try_add("u128", Unit::Count, 5_u128),
            metrics.try_add("usize", Unit::Count, 6_usize),
            metrics.try_add("i8", Unit::Count, -1_i8),
            metrics.try_add("i16", Unit::Count, -2_i16),
            metrics.try_add("i32", Unit::Count, -3_i32),
            metrics.try_add("i64", Unit::Count, -4_i64),
            metrics.try_add("i128", Unit::Count, -5_i128),
            metrics.try_add("isize", Unit::Count, -6_isize),
            metrics.try_add("f32", Unit::Count, 0.1_f32),
            metrics.try_add("f64", Unit::Count, 0.1_f64),
            metrics.try_add("yes", Unit::Count, true),
            metrics.try_add("no", Unit::Count, false),
            metrics.try_add("took", Unit::Milliseconds, Duration::from_micros(1_250)),
        ];
        assert_eq!(counted, [const { Ok(()) }; 17]);
    })
    .await;
    for (name, value) in [
        ("u8", json!(1)),
        ("u16", json!(2)),
        ("u32", json!(3)),
        ("u64", json!(4)),
        ("u128", json!(5)),
        ("usize", json!(6)),
        ("i8", json!(-1)),
        ("i16", json!(-2)),
        ("i32", json!(-3)),
        ("i64", json!(-4)),
        ("i128", json!(-5)),
        ("isize", json!(-6)),
        ("f32", json!(0.1)),
        ("f64", json!(0.1)),
        ("yes", json!(1)),
        ("no", json!(0)),
        ("took", json!(1.25)),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_duration_in_a_unit_that_is_none_of_time_is_refused() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        let took = Duration::from_secs(1);
        for unit in [Unit::Count, Unit::Percent, Unit::CountPerSecond] {
            let refused = metrics.try_add("took", unit, took);
            assert_eq!(kind(refused), MetricsErrorKind::Value, "{unit}");
        }
        metrics.add("took", Unit::Seconds, took);
    })
    .await;
    assert_eq!(bed.only()["took"], 1);
}

#[tokio::test]
async fn values_of_one_name_in_one_invocation_become_an_array() {
    let line = line(builder(), async |metrics| {
        metrics.add("one", Unit::Count, 7);
        for value in [3.0, 1.0, 3.0, 2.5] {
            metrics.add("many", Unit::Count, value);
        }
    })
    .await;
    assert_eq!(
        (&line["one"], &line["many"]),
        (&json!(7), &json!([3, 1, 3, 2.5]))
    );
}

#[tokio::test]
async fn a_line_has_the_metrics_in_the_order_in_which_their_names_came() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for name in ["b", "c", "a", "b"] {
            metrics.add(name, Unit::Count, 1);
        }
        metrics.add_metadata("m", 1);
        metrics.add_dimension("d", "v");
    })
    .await;
    assert_eq!(
        members(&bed.output.text()),
        ["_aws", "d", "m", "b", "c", "a"]
    );
}

#[tokio::test]
async fn add_never_fails_and_what_it_refuses_is_counted() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            metrics.add("refused", Unit::Count, value);
            metrics.add_high_resolution("refused", Unit::Count, value);
        }
        metrics.add("", Unit::Count, 1);
        metrics.add("kept", Unit::Count, 1);
        assert_eq!(metrics.refused(), 7);
    })
    .await;
    let line = bed.only();
    assert_eq!(metrics(&line), &json!([{"Name": "kept", "Unit": "Count"}]));
    // Of the layer, so of all invocations.
    bed.run(async |metrics| {
        metrics.add("a\nb", Unit::Count, 1);
        assert_eq!(metrics.refused(), 8);
    })
    .await;
    assert_eq!(bed.layer.metrics().refused(), 8);
    assert_eq!(bed.warnings.codes(), ["value", "name", "empty"]);
}

#[tokio::test]
async fn try_add_tells_why_and_is_not_counted() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        let name = metrics.try_add("", Unit::Count, 1);
        assert_eq!(kind(name), MetricsErrorKind::Name);
        let value = metrics.try_add("a", Unit::Count, f64::NAN);
        assert_eq!(kind(value), MetricsErrorKind::Value);
        let value = metrics.try_add_high_resolution("a", Unit::Count, f64::INFINITY);
        assert_eq!(kind(value), MetricsErrorKind::Value);
        metrics.add_dimension("d", "v");
        let taken = metrics.try_add("d", Unit::Count, 1);
        assert_eq!(kind(taken), MetricsErrorKind::Collision);
        assert_eq!(metrics.refused(), 0);
        metrics.add("a", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.only()["a"], 1);
    assert!(bed.warnings.all().is_empty());
}

#[tokio::test]
async fn a_refused_value_leaves_the_unit_and_the_values_as_they_were() {
    let line = line(builder(), async |metrics| {
        metrics.add("a", Unit::Count, 1);
        metrics.add_high_resolution("a", Unit::Seconds, f64::NAN);
        metrics.add("a", Unit::Count, 2);
    })
    .await;
    assert_eq!(metrics(&line), &json!([{"Name": "a", "Unit": "Count"}]));
    assert_eq!(line["a"], json!([1, 2]));
}

#[tokio::test]
async fn a_high_resolution_is_a_second_and_the_standard_one_is_not_written() {
    let line = line(builder(), async |metrics| {
        metrics.add("standard", Unit::Count, 1);
        metrics.add_high_resolution("high", Unit::Count, 1);
        metrics
            .try_add_high_resolution("also", Unit::None, 1)
            .unwrap();
    })
    .await;
    let expected = json!([
        {"Name": "standard", "Unit": "Count"},
        {"Name": "high", "Unit": "Count", "StorageResolution": 1},
        {"Name": "also", "Unit": "None", "StorageResolution": 1},
    ]);
    assert_eq!(metrics(&line), &expected);
    assert_eq!(
        (Resolution::High.seconds(), Resolution::default().seconds()),
        (1, 60)
    );
}

#[tokio::test]
async fn of_a_repeated_name_the_last_unit_and_resolution_count_and_a_unit_is_warned_of() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        metrics.add_high_resolution("unit", Unit::Count, 1);
        metrics.add_high_resolution("unit", Unit::Seconds, 2);
        metrics.add("resolution", Unit::Count, 1);
        metrics.add_high_resolution("resolution", Unit::Count, 2);
        metrics.add("back", Unit::Count, 2);
        metrics.add_high_resolution("back", Unit::Count, 2);
        metrics.add("back", Unit::Count, 2);
    })
    .await;
    let line = bed.only();
    let expected = json!([
        {"Name": "unit", "Unit": "Seconds", "StorageResolution": 1},
        {"Name": "resolution", "Unit": "Count", "StorageResolution": 1},
        {"Name": "back", "Unit": "Count"},
    ]);
    assert_eq!(metrics(&line), &expected);
    assert_eq!(
        (&line["unit"], &line["resolution"]),
        (&json!([1, 2]), &json!([1, 2]))
    );
    assert_eq!(bed.warnings.codes(), ["unit_changed"]);
}

#[tokio::test]
async fn names_are_taken_without_the_white_space_around_them() {
    let line = line(builder(), async |metrics| {
        metrics.add(" a\t", Unit::Count, 1);
        metrics.add("a", Unit::Count, 2);
        metrics.add("\n a b \u{a0}", Unit::Count, 3);
        assert_eq!(
            kind(metrics.try_add(" \t", Unit::Count, 1)),
            MetricsErrorKind::Name
        );
    })
    .await;
    assert_eq!((&line["a"], &line["a b"]), (&json!([1, 2]), &json!(3)));
}

#[tokio::test]
async fn odd_names_are_escaped() {
    let odd = ["a\"b", "a\\b", "ä😀", "{\"_aws\":{}}", "a/b", "a\u{2028}b"];
    let line = line(builder(), async |metrics| {
        for name in odd {
            metrics.add(name, Unit::Count, 1);
            metrics.add(name, Unit::Count, 2);
        }
    })
    .await;
    for name in odd {
        assert_eq!(line[name], json!([1, 2]), "{name}");
    }
}

#[tokio::test]
async fn every_unit_is_one_of_cloudwatchs() {
    let all = testbed::check::emf::UNITS;
    let bed = bed(builder());
    bed.run(async |metrics| {
        for unit in all {
            metrics.add(unit, unit.parse().unwrap(), 1);
        }
    })
    .await;
    for metric in bed.output.emf()[0].metrics() {
        assert_eq!(metric.key().unit(), metric.key().name());
    }
    assert_eq!(all.len(), 27);
}

#[tokio::test]
async fn a_handle_and_its_clones_are_the_same_metrics() {
    let bed = bed(builder());
    let of_layer = bed.layer.metrics();
    bed.run(async |metrics| {
        metrics.add("a", Unit::Count, 1);
        metrics.clone().add("a", Unit::Count, 2);
        Metrics::current().add("a", Unit::Count, 3);
        of_layer.add("a", Unit::Count, 4);
        of_layer.clone().add("a", Unit::Count, 5);
        let clone = metrics.clone();
        let task = tokio::spawn(async move { clone.add("a", Unit::Count, 6) });
        task.await.unwrap();
    })
    .await;
    assert_eq!(bed.only()["a"], json!([1, 2, 3, 4, 5, 6]));
}

#[tokio::test]
async fn clear_drops_metrics_dimensions_and_metadata() {
    let lines = lines(builder().default_dimension("env", "p"), async |metrics| {
        metrics.add("gone", Unit::Count, 1);
        metrics
            .with_dimensions([("a", "1")])
            .add("gone", Unit::Count, 1);
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("e", "v")]);
        metrics.add_metadata("m", 1);
        metrics.clear();
        metrics.add("kept", Unit::Count, 1);
    })
    .await;
    let expected = json!({
        "_aws": {"Timestamp": MILLIS, "CloudWatchMetrics": [{
            "Namespace": "app", "Dimensions": [["env"]],
            "Metrics": [{"Name": "kept", "Unit": "Count"}],
        }]},
        "env": "p", "kept": 1,
    });
    assert_eq!(lines, [expected]);
}

#[tokio::test]
async fn serialize_shows_what_a_flush_would_write_and_writes_nothing() {
    let bed = bed(builder());
    bed.run(async |metrics| {
        assert_eq!(metrics.serialize().unwrap(), "");
        metrics.add("a", Unit::Count, 1);
        metrics
            .with_dimensions([("d", "v")])
            .add("a", Unit::Count, 2);
        let shown = metrics.serialize().unwrap();
        assert_eq!(shown, metrics.serialize().unwrap());
        assert_eq!(bed.output.text(), "");
        metrics.flush().unwrap();
        assert_eq!(bed.output.text(), shown);
    })
    .await;
}
