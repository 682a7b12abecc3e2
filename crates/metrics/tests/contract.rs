//! Tower's contract at every level that the metrics are stacked at.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{convert::Infallible, future::pending, rc::Rc};

use axum::{body::Body, routing::get};
use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    Observe, Record,
    test_util::{
        assert_drives_readied_instance, assert_send, assert_sync, http_request, lambda_event,
        lambda_invocation,
    },
};
use powertools_metrics::{Metrics, MetricsLayer, MetricsScope, RouteLayer, SingleMetric, Unit};
use support::{Output, builder};
use tower::{Layer, Service, ServiceExt, service_fn};

fn plain(output: &Output) -> MetricsLayer {
    builder().output(output.writer()).build().unwrap()
}

/// With everything that it can do.
fn full(output: &Output) -> MetricsLayer {
    builder()
        .service("pay")
        .default_dimension("env", "p")
        .capture_cold_start_metric(true)
        .capture_request_metrics(true)
        .capture_request_ids(true)
        .raise_on_empty_metrics(true)
        .output(output.writer())
        .build()
        .unwrap()
}

fn both(output: &Output) -> [MetricsLayer; 2] {
    [plain(output), full(output)]
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_event_level() {
    let output = Output::default();
    for layer in both(&output) {
        let answer = async |event: LambdaEvent<u32>| Ok::<_, Infallible>(event.payload);
        assert_drives_readied_instance(layer, || lambda_event("1", 7), answer).await;
    }
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_http_level() {
    let output = Output::default();
    for layer in both(&output) {
        let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(()));
        assert_drives_readied_instance(layer, || http_request("/", ()), answer).await;
    }
    let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(()));
    assert_drives_readied_instance(RouteLayer::new(), || http_request("/", ()), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_runtime_level() {
    let output = Output::default();
    for layer in both(&output) {
        let answer = async |_: LambdaInvocation| Ok::<_, Infallible>(());
        assert_drives_readied_instance(layer, || lambda_invocation("1", "{}"), answer).await;
    }
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_of_plain_services() {
    let output = Output::default();
    for layer in both(&output) {
        let answer = async |_: Record<u8>| Ok::<_, Infallible>(());
        assert_drives_readied_instance(layer, || record(7), answer).await;
    }
}

fn record<T>(payload: T) -> Record<T> {
    Record::batch(vec![payload]).next().unwrap()
}

/// A payload that is neither `Send` nor `Serialize`.
type Local = Rc<()>;

fn assert_both<T: Send + Sync>(value: &T) {
    assert_send(value);
    assert_sync(value);
}

/// Holds the auto traits against the layer, at one level.
fn assert_auto_traits<R: Observe<Res, Infallible>, Res: 'static>(request: R) {
    let output = Output::default();
    let layer = full(&output);
    assert_both(&layer);
    let inner = service_fn(|_: R| pending::<Result<Res, Infallible>>());
    let service = layer.layer(inner);
    assert_both(&service);
    let call = service.clone().call(request);
    assert_both(&call);
    // Dropped in the middle, not even polled: it ends all the same.
    drop(call);
    assert!(output.text().contains("Requests"));
}

#[test]
fn service_and_future_are_send_and_sync_whenever_the_inner_is() {
    assert_auto_traits::<_, ()>(lambda_event("1", Local::default()));
    assert_auto_traits::<_, Response<Local>>(http_request("/", Local::default()));
    assert_auto_traits::<_, ()>(lambda_invocation("1", "{}"));
    assert_auto_traits::<_, ()>(record(Local::default()));
}

#[test]
fn handles_are_send_and_sync() {
    let output = Output::default();
    let metrics = plain(&output).metrics();
    assert_both::<Metrics>(&metrics);
    assert_both::<MetricsScope>(&metrics.with_dimensions([("", ""); 0]));
    assert_both::<SingleMetric<'_>>(&metrics.single_metric("a", Unit::Count, 1));
}

#[tokio::test]
async fn a_clone_does_the_same_and_shares_no_invocation() {
    let output = Output::default();
    let handler = async |event: LambdaEvent<u32>| {
        let metrics = Metrics::current();
        metrics.add_dimension("of", &event.context.request_id);
        metrics.add("m", Unit::Count, event.payload);
        Ok::<_, Infallible>(())
    };
    let mut service = plain(&output).layer(service_fn(handler));
    let mut clone = service.clone();
    let (one, two) = (
        service.call(lambda_event("one", 1)),
        clone.call(lambda_event("two", 2)),
    );
    two.await.unwrap();
    one.await.unwrap();
    let lines = output.json();
    let told: Vec<_> = lines
        .iter()
        .map(|line| format!("{} {}", line["of"], line["m"]))
        .collect();
    assert_eq!(told, ["\"two\" 2", "\"one\" 1"]);
}

#[tokio::test]
async fn answers_and_errors_are_the_handlers_own() {
    #[derive(Debug, PartialEq)]
    struct Own(Rc<str>);
    let output = Output::default();
    for layer in both(&output) {
        let local: Rc<str> = "text".into();
        let answer = service_fn(|_: LambdaEvent<()>| {
            let own = Own(Rc::clone(&local));
            async { Ok::<_, Own>(own) }
        });
        let answer = layer.layer(answer).oneshot(lambda_event("1", ())).await;
        assert!(Rc::ptr_eq(&answer.unwrap().0, &local));
        let error = service_fn(|_: LambdaEvent<()>| {
            let own = Own(Rc::clone(&local));
            async { Err::<(), _>(own) }
        });
        let error = layer.layer(error).oneshot(lambda_event("1", ())).await;
        assert!(Rc::ptr_eq(&error.unwrap_err().0, &local));
    }
}

#[tokio::test]
async fn it_stands_around_a_router_and_inside_of_it() {
    let output = Output::default();
    let layer = full(&output);
    let router = axum::Router::new()
        .route("/", get(async || "answer"))
        .route_layer(RouteLayer::new())
        .layer(layer.clone());
    let answer = layer
        .layer(router)
        .oneshot(http_request("/", Body::empty()));
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(output.json().len(), 1);
}
