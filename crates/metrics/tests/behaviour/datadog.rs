//! Datadog's line format.

use std::time::Duration;

use powertools_core::test_util::CapturedOutput;
use powertools_metrics::{DatadogSink, MetricsBuilder, MetricsErrorKind, MetricsLayer, Unit};

use crate::support::{Warnings, bed, builder, host, kind, moment};

/// Its lines are none of EMF.
fn datadog(builder: MetricsBuilder) -> (MetricsLayer, CapturedOutput) {
    let output = CapturedOutput::default();
    let builder = builder.sink(DatadogSink::new(output.writer()));
    (builder.build().unwrap(), output)
}

#[test]
fn each_value_is_a_line_with_the_dimensions_as_tags_and_no_service() {
    let (layer, output) = datadog(builder().service("pay").default_dimension("env", "p"));
    let metrics = layer.metrics();
    metrics.add_dimension("product", "latte \"x\"");
    metrics.add_dimensions([("of", "a set")]);
    metrics.add_metadata("meta", 1);
    metrics.add("orders", Unit::Count, 1);
    metrics.add_high_resolution("orders", Unit::Count, 2.5);
    metrics.add("a.b_1", Unit::Count, -3);
    metrics.flush().unwrap();
    let tags = r#"["env:p","product:latte \"x\""]"#;
    let expected = format!(
        "{{\"m\":\"app.orders\",\"v\":1,\"e\":1700000000,\"t\":{tags}}}\n\
         {{\"m\":\"app.orders\",\"v\":2.5,\"e\":1700000000,\"t\":{tags}}}\n\
         {{\"m\":\"app.a.b_1\",\"v\":-3,\"e\":1700000000,\"t\":{tags}}}\n"
    );
    assert_eq!(output.text(), expected);
}

#[test]
fn without_a_namespace_there_is_no_prefix() {
    let (layer, output) = datadog(MetricsLayer::builder().host(host([])));
    let metrics = layer.metrics();
    metrics.add("orders", Unit::Count, 1);
    metrics.flush().unwrap();
    assert_eq!(
        output.text(),
        "{\"m\":\"orders\",\"v\":1,\"e\":1700000000,\"t\":[]}\n"
    );
}

#[test]
fn a_name_that_it_does_not_take_is_refused() {
    let (layer, _) = datadog(builder());
    let metrics = layer.metrics();
    for name in ["a", "A.b_9", &"x".repeat(200)] {
        metrics.try_add(name, Unit::Count, 1).unwrap();
    }
    for name in ["1a", "_a", "a-b", "a b", "é", &"x".repeat(201)] {
        let refused = metrics.try_add(name, Unit::Count, 1);
        assert_eq!(kind(refused), MetricsErrorKind::Name, "{name}");
    }
    metrics.flush().unwrap();
}

#[test]
fn a_tag_that_it_may_not_take_is_warned_of_and_written() {
    for (name, value, warned) in [
        ("a", "x", false),
        ("1", "x", true),
        ("a", &*"x".repeat(198), false),
        ("a", &*"x".repeat(199), true),
    ] {
        let warnings = Warnings::install();
        let (layer, output) = datadog(builder());
        let metrics = layer.metrics();
        metrics.add_dimension(name, value);
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        assert!(output.text().contains(&format!("\"{name}:{value}\"")));
        assert_eq!(!warnings.all().is_empty(), warned, "{name} {}", value.len());
    }
}

#[test]
fn a_time_that_only_cloudwatch_drops_is_not_warned_of() {
    let old = moment() - Duration::from_secs(15 * 24 * 60 * 60);
    let datadog = DatadogSink::new(CapturedOutput::default().writer());
    for (builder, codes) in [
        (builder(), &["timestamp"] as &[_]),
        (builder().sink(datadog), &[]),
    ] {
        let bed = bed(builder);
        let metrics = bed.layer.metrics();
        metrics.at(old).add("orders", Unit::Count, 1);
        metrics.flush().unwrap();
        assert_eq!(bed.warnings.codes(), codes);
    }
}
