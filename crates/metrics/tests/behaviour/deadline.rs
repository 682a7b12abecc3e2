//! The flush before the time-out.

use std::time::Duration;

use powertools_core::test_util::TestContext;
use powertools_metrics::{MetricsBuilder, Unit};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Bed, MILLIS, PausedClock, bed, builder, host, moment, sets};

/// On time that is paused and moves by itself when all wait.
fn paused(configure: impl FnOnce(MetricsBuilder) -> MetricsBuilder) -> Bed {
    tokio::time::pause();
    let host = host([]).with_clock(PausedClock::shared());
    bed(configure(builder().host(host)))
}

fn until(time: Duration) -> TestContext {
    TestContext::new("r-1").deadline(moment() + time)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test]
async fn the_metrics_go_out_200_ms_before_it() {
    let bed = paused(|builder| builder);
    bed.run_as(until(millis(10_000)), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        sleep(millis(9_790)).await;
        assert_eq!(bed.output.text(), "");
        sleep(millis(20)).await;
        assert_eq!(bed.lines().len(), 1);
        sleep(millis(180)).await;
    })
    .await;
    let line = bed.only();
    let after = line["_aws"]["Timestamp"].as_u64().unwrap() - MILLIS;
    // The timer has steps of a millisecond.
    assert!((9_800..=9_802).contains(&after), "{after}");
    assert!(bed.warnings.all().is_empty());
}

#[tokio::test]
async fn or_at_half_of_the_time_if_that_is_less() {
    let bed = paused(|builder| builder);
    bed.run_as(until(millis(300)), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        sleep(millis(140)).await;
        assert_eq!(bed.output.text(), "");
        sleep(millis(20)).await;
        assert_eq!(bed.lines().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn dimensions_metadata_and_time_stay_and_no_value_goes_out_twice() {
    let builder = |builder: MetricsBuilder| {
        builder
            .capture_request_ids(true)
            .default_dimension("env", "p")
            .service("pay")
    };
    let bed = paused(builder);
    bed.run_as(until(millis(10_000)), async |metrics| {
        metrics.add_dimension("d", "v");
        metrics.add_dimensions([("e", "w")]);
        metrics.add_metadata("meta", 1);
        metrics.set_timestamp(moment() - millis(7));
        let scope = metrics.with_dimensions([("x", "y")]);
        metrics.add("m", Unit::Count, 1);
        scope.add("m", Unit::Count, 2);
        sleep(millis(9_900)).await;
        assert_eq!(bed.lines().len(), 2);
        metrics.add("m", Unit::Count, 3);
        scope.add("m", Unit::Count, 4);
        metrics.add("new", Unit::Count, 5);
    })
    .await;
    let lines = bed.lines();
    assert_eq!(lines.len(), 4);
    let values: Vec<_> = lines.iter().map(|line| &line["m"]).collect();
    assert_eq!(values, [1, 2, 3, 4]);
    assert_eq!(
        sets(&lines[0]),
        &json!([["env", "d", "service"], ["env", "e"]])
    );
    assert_eq!(sets(&lines[2]), sets(&lines[0]));
    assert_eq!(sets(&lines[3]), &json!([["env", "d", "x", "service"]]));
    for line in &lines {
        assert_eq!(
            (&line["meta"], &line["function_request_id"]),
            (&json!(1), &json!("r-1"))
        );
        assert_eq!(line["_aws"]["Timestamp"], MILLIS - 7);
    }
    assert_eq!(lines[2]["new"], 5);
}

#[tokio::test]
async fn without_metrics_it_writes_nothing() {
    let bed = paused(|builder| builder);
    bed.run_as(until(millis(10_000)), async |metrics| {
        metrics.add_dimension("d", "v");
        sleep(millis(9_900)).await;
        assert_eq!(bed.output.text(), "");
        assert!(bed.warnings.all().is_empty());
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(sets(&bed.only()), &json!([["d"]]));
}

#[tokio::test]
async fn one_that_fails_leaves_the_values_for_the_end() {
    let sink = crate::support::FailingSink::default();
    let bed = paused(|builder| builder.sink(sink.clone()));
    sink.fail(1);
    bed.run_as(until(millis(10_000)), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        sleep(millis(9_900)).await;
        assert!(sink.captured.is_empty());
        assert_eq!(bed.warnings.codes(), ["sink"]);
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    assert_eq!(sink.captured.metric("m").values(), [1.0, 2.0]);
}

#[tokio::test]
async fn one_that_ends_before_has_one_line() {
    let bed = paused(|builder| builder);
    bed.run_as(until(millis(10_000)), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        sleep(millis(9_700)).await;
    })
    .await;
    sleep(millis(1_000)).await;
    assert_eq!(bed.lines().len(), 1);
}
