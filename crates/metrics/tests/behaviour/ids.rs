//! Request id and trace id as metadata.

use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, Unit};
use serde_json::{Value, json};

use crate::support::{bed, builder};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn context() -> TestContext {
    TestContext::new("r-7").xray_header(&format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"))
}

fn ids(line: &Value) -> (Value, Value) {
    (
        line["function_request_id"].clone(),
        line["xray_trace_id"].clone(),
    )
}

#[tokio::test]
async fn every_line_of_the_invocation_has_them() {
    let builder = builder()
        .capture_request_ids(true)
        .capture_cold_start_metric(true)
        .capture_request_metrics(true);
    let bed = bed(builder);
    let mut taken = None;
    bed.run_as(context(), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        metrics
            .with_dimensions([("d", "v")])
            .add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        metrics
            .single_metric("one", Unit::Count, 1)
            .flush()
            .unwrap();
        metrics.add("m", Unit::Count, 1);
        metrics.clear();
        metrics.add("m", Unit::Count, 1);
        taken = Some(metrics);
    })
    .await;
    taken.unwrap().add("late", Unit::Count, 1);
    let lines = bed.lines();
    assert_eq!(lines.len(), 7);
    for line in &lines {
        assert_eq!(ids(line), (json!("r-7"), json!(TRACE)), "{line}");
    }
}

#[tokio::test]
async fn without_the_option_no_line_has_them() {
    let bed = bed(builder());
    bed.run_as(context(), async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(ids(&bed.only()), (json!(null), json!(null)));
}

#[tokio::test]
async fn an_id_that_is_not_known_is_left_out() {
    let bed = bed(builder().capture_request_ids(true));
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    let line = bed.only();
    assert_eq!(line["function_request_id"], "r-1");
    assert_eq!(line.get("xray_trace_id"), None);
}

#[tokio::test]
async fn metadata_of_the_name_covers_them_and_lines_outside_have_none() {
    let bed = bed(builder().capture_request_ids(true));
    let outside = bed.layer.metrics();
    outside.add("outside", Unit::Count, 1);
    bed.run_as(context(), async |_| {
        let metrics = Metrics::current();
        metrics.add_metadata("xray_trace_id", "own");
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    let [own, outside] = bed.lines().try_into().unwrap();
    assert_eq!(ids(&own), (json!("r-7"), json!("own")));
    assert_eq!(ids(&outside), (json!(null), json!(null)));
}

#[tokio::test]
async fn the_next_invocation_has_its_own() {
    let bed = bed(builder().capture_request_ids(true));
    for id in ["a", "b"] {
        bed.run_as(TestContext::new(id), async |metrics| {
            metrics.add("m", Unit::Count, 1);
        })
        .await;
    }
    let all: Vec<_> = bed.lines().iter().map(|line| ids(line).0).collect();
    assert_eq!(all, ["a", "b"]);
}
