//! Handles outside of invocations.

use powertools_core::test_util::TestContext;
use powertools_metrics::Unit;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{FailingSink, Output, bed, builder, sets};

#[tokio::test]
async fn what_is_recorded_at_start_up_goes_out_in_lines_of_its_own_when_the_next_one_ends() {
    let bed = bed(builder());
    let metrics = bed.layer.metrics();
    metrics.add_dimension("phase", "init");
    metrics.add_metadata("meta", 1);
    metrics.add("loaded", Unit::Count, 1);
    assert_eq!(bed.output.text(), "");
    bed.run(async |inside| {
        inside.add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 2);
    })
    .await;
    let [own, outside] = bed.lines().try_into().unwrap();
    assert_eq!((sets(&own), &own["m"]), (&json!([[]]), &json!([1, 2])));
    assert_eq!(own.get("meta"), None);
    assert_eq!(
        (sets(&outside), &outside["loaded"]),
        (&json!([["phase"]]), &json!(1))
    );
    assert_eq!(outside["meta"], 1);
    bed.run(async |inside| inside.add("m", Unit::Count, 1))
        .await;
    assert_eq!(bed.lines().len(), 3);
    // The end of others' work takes no dimension away.
    metrics.add("later", Unit::Count, 1);
    metrics.flush().unwrap();
    assert_eq!(sets(&bed.lines()[3]), &json!([["phase"]]));
    metrics.add("later", Unit::Count, 1);
    metrics.flush().unwrap();
    assert_eq!(sets(&bed.lines()[4]), &json!([[]]));
}

#[tokio::test]
async fn a_flush_by_hand_writes_it() {
    let bed = bed(builder().default_dimension("env", "p"));
    let metrics = bed.layer.metrics();
    metrics.add("m", Unit::Count, 1);
    metrics.set_default_dimensions([("tier", "gold")]);
    metrics.flush().unwrap();
    metrics.add("m", Unit::Count, 2);
    metrics.flush().unwrap();
    let lines = bed.lines();
    assert_eq!((&lines[0]["m"], &lines[1]["m"]), (&json!(1), &json!(2)));
    // For the handle's life.
    assert!(
        lines
            .iter()
            .all(|line| sets(line) == &json!([["env", "tier"]]))
    );
}

#[tokio::test]
async fn it_goes_out_when_the_layer_and_its_handles_are_dropped() {
    let output = Output::default();
    let layer = builder().output(output.writer()).build().unwrap();
    let metrics = layer.metrics();
    let clone = metrics.clone();
    metrics.add("m", Unit::Count, 1);
    drop((layer, metrics));
    assert_eq!(output.text(), "");
    drop(clone);
    assert_eq!(output.json()[0]["m"], 1);
}

#[tokio::test]
async fn an_ephemeral_set_is_one_that_no_invocation_takes_part_in() {
    let bed = bed(builder().default_dimension("env", "p").service("pay"));
    let own = bed.layer.ephemeral_metrics();
    let other = bed.layer.ephemeral_metrics();
    other.add("other", Unit::Count, 1);
    own.add_dimension("d", "v");
    own.add("own", Unit::Count, 1);
    bed.run(async |metrics| {
        own.clone().add("own", Unit::Count, 2);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    assert_eq!(bed.only()["m"], 1);
    own.flush().unwrap();
    let lines = bed.lines();
    assert_eq!(
        (sets(&lines[1]), &lines[1]["own"]),
        (&json!([["env", "d", "service"]]), &json!([1, 2]))
    );
    own.add("own", Unit::Count, 3);
    let clone = own.clone();
    drop(own);
    assert_eq!(bed.lines().len(), 2);
    drop(clone);
    assert_eq!(bed.lines()[2]["own"], 3);
    drop(other);
    assert_eq!(bed.lines()[3]["other"], 1);
}

#[tokio::test]
async fn an_empty_set_is_dropped_without_a_word() {
    let bed = bed(builder().raise_on_empty_metrics(true));
    drop(bed.layer.ephemeral_metrics());
    bed.layer.metrics().add_dimension("d", "v");
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(bed.lines().len(), 1);
    assert!(bed.warnings.all().is_empty());
}

#[tokio::test]
async fn what_a_failing_sink_did_not_take_comes_again_when_the_next_one_ends() {
    let sink = FailingSink::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.layer.metrics().add("outside", Unit::Count, 1);
    sink.fail(1);
    bed.run(async |_| {}).await;
    assert!(sink.captured.is_empty());
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(sink.captured.names(), ["m", "outside"]);
    assert_eq!(bed.layer.metrics().refused(), 0);
}

#[tokio::test]
async fn values_of_a_handle_of_a_layer_inside_of_another_go_out_with_the_next_invocation() {
    let (outer, inner) = (bed(builder()), bed(builder().namespace("inner")));
    inner.layer.metrics().add("outside", Unit::Count, 1);
    let handler =
        service_fn(
            async |_: lambda_runtime::LambdaEvent<()>| Ok::<_, std::convert::Infallible>(()),
        );
    let service = outer.layer.layer(inner.layer.layer(handler));
    service
        .oneshot(TestContext::new("r-1").event(()))
        .await
        .unwrap();
    assert_eq!(inner.only()["outside"], 1);
    assert_eq!(outer.output.text(), "");
}

#[tokio::test]
async fn a_second_layer_inside_joins_the_first_and_its_settings_do_not_count() {
    let (outer, inner) = (
        bed(builder().service("outer")),
        bed(builder().namespace("inner").capture_cold_start_metric(true)),
    );
    let handler = service_fn(async |_: lambda_runtime::LambdaEvent<()>| {
        powertools_metrics::Metrics::current().add("m", Unit::Count, 1);
        Ok::<_, std::convert::Infallible>(())
    });
    let service = outer.layer.layer(inner.layer.layer(handler));
    for _ in 0..2 {
        let event = TestContext::new("r-1").event(());
        service.clone().oneshot(event).await.unwrap();
    }
    assert_eq!(inner.output.text(), "");
    let lines = outer.lines();
    assert_eq!(lines.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| line["m"] == 1 && line["service"] == "outer")
    );
    // The last that was installed.
    assert_eq!(inner.warnings.codes(), ["nested"]);
    // The same layer twice is no mistake that changes anything.
    let twice = bed(builder());
    let service = twice.layer.layer(twice.layer.layer(handler));
    service
        .oneshot(TestContext::new("r-1").event(()))
        .await
        .unwrap();
    assert_eq!(twice.only()["m"], 1);
    assert!(twice.warnings.all().is_empty());
}
