//! One test for each sentence of the documentation.

use powertools_core::{
    Host,
    test_util::{CapturedOutput, lambda_event},
};
use powertools_metrics::{Metrics, MetricsLayer, Unit};
use tower::{ServiceBuilder, ServiceExt};

#[tokio::test]
async fn everything_recorded_goes_out_in_lines_that_keep_the_rules() {
    let output = CapturedOutput::default();
    let layer = MetricsLayer::builder()
        .namespace("app")
        .service("pay")
        .capture_cold_start_metric(true)
        .capture_request_metrics(true)
        .capture_request_ids(true)
        .output(output.writer())
        .host(Host::default().with_cold_start(powertools_core::ColdStart::unused()))
        .build()
        .unwrap();
    let service = ServiceBuilder::new().layer(layer).service_fn(|_| async {
        let metrics = Metrics::current();
        metrics.add_dimension("env", "p");
        metrics.add("orders", Unit::Count, 1);
        metrics.add("orders", Unit::Count, 2.5);
        metrics
            .with_dimensions([("tier", "gold")])
            .add("orders", Unit::Count, 3);
        metrics.add_dimensions([("a", "1")]);
        metrics.add_metadata("booking", "b");
        metrics.add("bad", Unit::Count, f64::NAN);
        metrics
            .single_metric("one", Unit::Bytes, 7)
            .dimension("k", "v")
            .flush()
            .unwrap();
        Ok::<_, std::convert::Infallible>(())
    });
    service
        .oneshot(lambda_event("id", "x".to_owned()))
        .await
        .unwrap();
    testbed::check::emf::EmfCheck::new().assert_lines(output.text());
}
