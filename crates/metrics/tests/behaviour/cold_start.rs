//! The metric of the process's first invocation.

use powertools_core::test_util::{TestContext, http_request};
use powertools_metrics::{MetricsBuilder, Unit};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{MILLIS, bed, builder, caught, host, sets};

fn cold(builder: MetricsBuilder) -> MetricsBuilder {
    builder.capture_cold_start_metric(true)
}

fn is_cold(line: &Value) -> bool {
    line.get("ColdStart") == Some(&json!(1))
}

#[tokio::test]
async fn the_first_invocation_counts_it_in_a_line_of_its_own_at_the_beginning() {
    let bed = bed(cold(builder()).service("pay").default_dimension("env", "p"));
    bed.run(async |metrics| {
        assert_eq!(bed.lines().len(), 1);
        metrics.add_metadata("meta", 1);
        metrics.add("m", Unit::Count, 1);
    })
    .await;
    for _ in 0..2 {
        bed.run(async |metrics| metrics.add("m", Unit::Count, 2))
            .await;
    }
    let lines = bed.lines();
    let expected = json!({
        "_aws": {"Timestamp": MILLIS, "CloudWatchMetrics": [{
            "Namespace": "app", "Dimensions": [["function_name", "service"]],
            "Metrics": [{"Name": "ColdStart", "Unit": "Count"}],
        }]},
        "function_name": "test", "service": "pay", "ColdStart": 1,
    });
    assert_eq!(lines[0], expected);
    assert_eq!(lines.len(), 4);
    assert!(!lines[1..].iter().any(is_cold));
    assert_eq!(sets(&lines[1]), &json!([["env", "service"]]));
}

#[tokio::test]
async fn one_that_fails_or_panics_is_counted_and_the_next_one_is_not() {
    for panics in [false, true] {
        let bed = bed(cold(builder()));
        let first = bed.answer(TestContext::new("r-1"), async |_| {
            assert!(!panics, "on purpose");
            Err::<(), _>("no luck")
        });
        match caught(first).await {
            Ok(answer) => assert_eq!(answer, Err("no luck")),
            Err(_) => assert!(panics),
        }
        assert!(is_cold(&bed.only()));
        bed.run(async |_| {}).await;
        assert_eq!(bed.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_process_that_was_started_ahead_is_not_cold() {
    for (kind, count) in [
        ("on-demand", 1),
        ("provisioned-concurrency", 0),
        ("snap-start", 0),
        ("lambda-managed-instances", 0),
    ] {
        let host = host([("AWS_LAMBDA_INITIALIZATION_TYPE", kind)]);
        let bed = bed(cold(builder()).host(host));
        bed.run(async |_| {}).await;
        assert_eq!(bed.lines().len(), count, "{kind}");
    }
}

#[tokio::test]
async fn without_the_option_nobody_counts_it() {
    let bed = bed(builder());
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert!(!is_cold(&bed.only()));
}

#[tokio::test]
async fn the_function_name_is_given_in_code_or_by_the_environment_or_by_lambda() {
    let env = [("POWERTOOLS_METRICS_FUNCTION_NAME", "of env")];
    for (builder, expected) in [
        (
            builder().host(host(env)).function_name("of code"),
            "of code",
        ),
        (builder().host(host(env)), "of env"),
        (builder(), "test"),
    ] {
        let bed = bed(cold(builder));
        bed.run(async |_| {}).await;
        assert_eq!(bed.only()["function_name"], expected);
    }
}

#[tokio::test]
async fn where_there_is_no_lambda_nothing_is_cold() {
    let bed = bed(cold(builder()));
    let handler = service_fn(async |_: http::Request<()>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(()))
    });
    let service = bed.layer.layer(handler);
    service
        .clone()
        .oneshot(http_request("/", ()))
        .await
        .unwrap();
    assert_eq!(bed.output.text(), "");
    let of_lambda = TestContext::new("r-1").http("/", ());
    service.oneshot(of_lambda).await.unwrap();
    assert!(is_cold(&bed.only()));
}

#[tokio::test]
async fn an_ephemeral_set_and_a_handle_outside_are_not_cold() {
    let bed = bed(cold(builder()));
    for metrics in [bed.layer.metrics(), bed.layer.ephemeral_metrics()] {
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
    }
    assert!(!bed.lines().iter().any(is_cold));
    bed.run(async |_| {}).await;
    assert!(is_cold(&bed.lines()[2]));
}
