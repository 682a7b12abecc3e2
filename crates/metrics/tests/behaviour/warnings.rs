//! What is told, and how often.

use std::time::Duration;

use powertools_metrics::{Metrics, Unit};

use crate::support::{bed, builder, moment};

/// Everything that can be refused, each for its own reason.
fn refuse_all(metrics: &Metrics) {
    metrics.add("", Unit::Count, 1);
    metrics.add("a", Unit::Count, f64::NAN);
    metrics.add_dimension("", "v");
    metrics.add_dimensions([("", ""); 0]);
    metrics.add_dimension("d", "v");
    metrics.add("d", Unit::Count, 1);
    metrics.add_metadata("_aws", 1);
    metrics.add_metadata("long", "x".repeat(300_000));
    let names: Vec<_> = (0..30).map(|number| format!("n{number}")).collect();
    for name in &names[..29] {
        metrics.add_dimension(name, "v");
    }
}

#[tokio::test]
async fn each_reason_is_warned_of_once_in_all_invocations() {
    let bed = bed(builder());
    for _ in 0..3 {
        bed.run(async |metrics| {
            refuse_all(&metrics);
            metrics.add("m", Unit::Count, 1);
        })
        .await;
    }
    let expected = [
        "name",
        "value",
        "dimension",
        "dimension_set",
        "collision",
        "metadata",
        "size",
        "dimension_limit",
    ];
    assert_eq!(bed.warnings.codes(), expected);
    assert_eq!(bed.layer.metrics().refused(), 3 * 8);
    // Another layer has its own.
    let other = crate::support::bed(builder());
    other
        .run(async |metrics| metrics.add("", Unit::Count, 1))
        .await;
    assert_eq!(other.warnings.codes(), ["name", "empty"]);
}

#[tokio::test]
async fn a_warning_belongs_to_its_invocation_and_names_what_it_is_about() {
    let bed = bed(builder());
    bed.run(async |metrics| metrics.add("bad\nname", Unit::Count, 1))
        .await;
    let all = bed.warnings.all();
    let message = &all[0]["message"];
    assert!(message.starts_with("refused: "), "{message}");
    assert!(message.contains(r#"(at "bad\nname")"#), "{message}");
    assert_eq!(all[0]["of"], "r-1");
}

#[tokio::test]
async fn what_is_done_but_may_not_be_meant_is_warned_of_once() {
    let bed = bed(builder());
    for _ in 0..2 {
        bed.run(async |metrics| {
            metrics.add("m", Unit::Count, 1);
            metrics.add("m", Unit::Seconds, 1);
            metrics.add_dimension("d", "1");
            metrics.add_dimension("d", "2");
            metrics.set_timestamp(moment() - Duration::from_secs(15 * 24 * 60 * 60));
            metrics.flush().unwrap();
            metrics.flush().unwrap();
        })
        .await;
    }
    let expected = ["unit_changed", "overwritten", "timestamp", "empty"];
    assert_eq!(bed.warnings.codes(), expected);
    assert_eq!(bed.layer.metrics().refused(), 0);
}

#[tokio::test]
async fn an_overwritten_default_is_warned_of_and_a_same_one_is_not() {
    let bed = bed(builder().default_dimension("env", "p"));
    bed.run(async |metrics| {
        metrics.set_default_dimensions([("env", "p")]);
        metrics.add_dimensions([("env", "p"), ("x", "y")]);
        assert!(bed.warnings.all().is_empty());
        metrics.set_default_dimensions([("env", "q")]);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.warnings.codes(), ["overwritten"]);
}

#[tokio::test]
async fn nothing_is_told_of_what_is_right() {
    let builder = builder()
        .capture_cold_start_metric(true)
        .capture_request_metrics(true)
        .capture_request_ids(true)
        .service("pay");
    let bed = bed(builder);
    bed.run(async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("e", "v")]);
        metrics.add_metadata("m", 1);
        metrics.set_timestamp(moment());
        metrics.add("a", Unit::Count, 1);
        metrics
            .with_dimensions([("x", "y")])
            .at(moment())
            .add("a", Unit::Count, 1);
    })
    .await;
    // One whose only metrics are the layer's own is not without metrics.
    bed.run(async |_| {}).await;
    assert!(bed.warnings.all().is_empty(), "{:?}", bed.warnings.all());
}
