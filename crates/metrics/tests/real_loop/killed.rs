//! A function that Lambda kills at its time-out.

use std::{future::pending, thread, time::Duration};

use lambda_runtime::LambdaEvent;
use powertools_core::watchdog;
use powertools_local::{Invoke, ShutdownReason};
use powertools_metrics::{Metrics, MetricsLayer, Unit};
use testbed::runtime::Status;
use tower::{BoxError, Layer, service_fn};

use crate::{lambda, stdout, support};

pub(crate) async fn serve(metrics: MetricsLayer) -> Result<(), BoxError> {
    watchdog::start()?;
    lambda_runtime::run(metrics.layer(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<String>) -> Result<(), BoxError> {
    let metrics = Metrics::current();
    metrics.add_dimension("how", &event.payload);
    metrics.add("m", Unit::Count, 1);
    metrics
        .with_dimensions([("scope", "s")])
        .add("m", Unit::Count, 2);
    if event.payload == "block" {
        loop {
            thread::park();
        }
    }
    pending().await
}

pub(crate) async fn has_written(how: &str) {
    let lambda = lambda("killed")
        .timeout(Duration::from_secs(1))
        .start()
        .await;
    let report = lambda.invoke(Invoke::new(format!("\"{how}\""))).await;
    assert_eq!(report.status(), Status::Timeout);
    lambda.output().wait_for_text("\"scope\"").await;
    // None, unless it is just being killed.
    lambda.shut_down(ShutdownReason::Timeout).await;
    let lines = support::checked(&stdout(&lambda), support::MAX_LINE);
    let values = lines.iter().map(|line| {
        let metric = line.metrics().last().unwrap();
        assert_eq!(
            line.root().text("function_request_id"),
            Some(report.request_id())
        );
        (
            metric.key().name(),
            metric.values()[0].0,
            line.root().text("how"),
        )
    });
    let expected = [
        ("ColdStart", 1.0, None),
        ("m", 1.0, Some(how)),
        ("m", 2.0, Some(how)),
    ];
    assert_eq!(values.collect::<Vec<_>>(), expected);
}
