//! Rate, errors and duration, of events and of the runtime's invocations.

use std::{convert::Infallible, future::pending, time::Duration};

use futures_util::FutureExt;
use lambda_runtime::LambdaInvocation;
use powertools_core::test_util::{ManualClock, TestContext, lambda_invocation};
use powertools_metrics::{MetricsBuilder, Unit};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{MILLIS, bed, builder, caught, host, metrics, moment, sets};

fn requests() -> MetricsBuilder {
    builder().capture_request_metrics(true)
}

fn faults(line: &Value) -> (&Value, &Value) {
    (&line["Requests"], &line["Faults"])
}

#[tokio::test]
async fn every_invocation_writes_them_in_a_line_of_their_own() {
    let clock = ManualClock::at(moment());
    let host = host([]).with_clock(clock.shared());
    let builder = requests()
        .host(host)
        .service("pay")
        .default_dimension("env", "p");
    let bed = bed(builder);
    bed.run(async |metrics| {
        metrics.add_dimension("own", "o");
        metrics.add_metadata("meta", 1);
        metrics.add("m", Unit::Count, 1);
        clock.advance(Duration::from_micros(12_500));
    })
    .await;
    let lines = bed.lines();
    let expected = json!({
        "_aws": {"Timestamp": MILLIS + 12, "CloudWatchMetrics": [{
            "Namespace": "app", "Dimensions": [["env", "function_name", "service"]],
            "Metrics": [
                {"Name": "Requests", "Unit": "Count"},
                {"Name": "Faults", "Unit": "Count"},
                {"Name": "Latency", "Unit": "Milliseconds"},
            ],
        }]},
        "env": "p", "function_name": "test", "service": "pay",
        "Requests": 1, "Faults": 0, "Latency": 12.5,
    });
    assert_eq!(lines[0], expected);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].get("Requests"), None);
}

#[tokio::test]
async fn without_the_option_nobody_writes_them() {
    let bed = bed(builder());
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(bed.only().get("Requests"), None);
}

#[tokio::test]
async fn a_fault_is_an_error_a_panic_or_a_drop() {
    let bed = bed(requests());
    let context = || TestContext::new("r-1");
    bed.answer(context(), async |_| Ok::<_, Infallible>(()))
        .await
        .unwrap();
    let error = bed
        .answer(context(), async |_| Err::<(), _>("no luck"))
        .await;
    assert_eq!(error, Err("no luck"));
    let panics = bed.answer(context(), async |_| -> Result<(), Infallible> {
        panic!("on purpose")
    });
    assert!(caught(panics).await.is_err());
    let mut call = Box::pin(bed.answer(context(), async |_| {
        pending::<Result<(), Infallible>>().await
    }));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    let lines = bed.lines();
    let all: Vec<_> = lines.iter().map(faults).collect();
    let one = json!(1);
    assert_eq!(
        all,
        [(&one, &json!(0)), (&one, &one), (&one, &one), (&one, &one)]
    );
    assert!(bed.warnings.all().is_empty());
}

#[tokio::test]
async fn at_the_runtime_level_nobody_knows_of_faults() {
    let bed = bed(requests());
    let handler = service_fn(async |_: LambdaInvocation| Ok::<_, Infallible>(()));
    let call = bed
        .layer
        .layer(handler)
        .oneshot(lambda_invocation("1", "{}"));
    call.await.unwrap();
    let line = bed.only();
    let names: Vec<_> = metrics(&line)
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["Name"].clone())
        .collect();
    assert_eq!(names, ["Requests", "Latency"]);
}

#[tokio::test]
async fn the_function_name_may_be_another() {
    for (builder, expected) in [
        (requests().function_name("given"), "given"),
        (requests(), "test"),
    ] {
        let bed = bed(builder);
        bed.run(async |_| {}).await;
        let line = bed.only();
        assert_eq!(
            (sets(&line), &line["function_name"]),
            (&json!([["function_name"]]), &json!(expected))
        );
    }
}

#[tokio::test]
async fn a_sink_that_fails_is_told_of_and_the_invocations_own_metrics_go_out() {
    let sink = crate::support::FailingSink::default();
    let bed = bed(requests()
        .capture_cold_start_metric(true)
        .sink(sink.clone()));
    sink.fail(1);
    bed.run(async |metrics| {
        metrics.add("m", Unit::Count, 1);
        sink.fail(1);
    })
    .await;
    // What is lost of the layer's own is counted.
    assert_eq!(sink.captured.names(), ["m"]);
    let metrics = bed.layer.metrics();
    assert_eq!((metrics.lost(), metrics.refused()), (4, 0));
    assert_eq!(bed.warnings.codes(), ["sink", "sink"]);
}
