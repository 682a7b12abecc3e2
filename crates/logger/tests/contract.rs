//! Tower's contract at every level that the logger is stacked at.

use std::{convert::Infallible, future::pending, rc::Rc, time::Duration};

use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    Extract, Observe,
    test_util::{
        CapturedOutput, assert_drives_readied_instance, assert_send, assert_sync, http_request,
        lambda_event, lambda_invocation,
    },
};
use powertools_logger::{CorrelationIdPath, LogBuffer, LoggerLayer, WholeEvent};
use serde_json::json;
use tower::{Layer, Service, service_fn};

fn logger() -> LoggerLayer {
    LoggerLayer::builder().build().unwrap()
}

/// With everything that a logger can do.
fn full() -> LoggerLayer<CorrelationIdPath, WholeEvent> {
    let output = CapturedOutput::default().writer();
    LoggerLayer::builder()
        .correlation_id(CorrelationIdPath::new("powertools_json(body).id || id").unwrap())
        .log_event(true)
        .sampling_rate(1.0)
        .buffer(LogBuffer::new())
        .timeout_warning(Duration::from_secs(1))
        .canonical_line(true)
        .output(output)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_event_level() {
    let answer = async |event: LambdaEvent<u32>| Ok::<_, Infallible>(event.payload);
    assert_drives_readied_instance(logger(), || lambda_event("1", 7), answer).await;
    let event = || lambda_event("1", json!({"id": 7}));
    let answer = async |_: LambdaEvent<serde_json::Value>| Ok::<_, Infallible>(());
    assert_drives_readied_instance(full(), event, answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_http_level() {
    let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(()));
    assert_drives_readied_instance(logger(), || http_request("/", ()), answer).await;
    assert_drives_readied_instance(full(), || http_request("/", ()), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_runtime_level() {
    let answer = async |_: LambdaInvocation| Ok::<_, Infallible>(());
    assert_drives_readied_instance(logger(), || lambda_invocation("1", "{}"), answer).await;
    assert_drives_readied_instance(full(), || lambda_invocation("1", "{}"), answer).await;
}

/// A payload that is neither `Send` nor `Serialize`.
type Local = Rc<()>;

fn assert_both<T: Send + Sync>(value: &T) {
    assert_send(value);
    assert_sync(value);
}

/// Holds the auto traits against a layer, at one level.
fn assert_auto_traits<R, Res, C, E>(layer: &LoggerLayer<C, E>, request: R)
where
    C: Extract<R> + Clone + Send + Sync,
    E: Extract<R> + Clone + Send + Sync,
    R: Observe<Res, Infallible>,
    Res: 'static,
{
    assert_both(layer);
    let inner = service_fn(|_: R| pending::<Result<Res, Infallible>>());
    let service = layer.layer(inner);
    assert_both(&service);
    let call = service.clone().call(request);
    assert_both(&call);
    // Dropped in the middle, not even polled.
    drop(call);
}

#[test]
fn service_and_future_are_send_and_sync_whenever_the_inner_is() {
    let own = |_: &LambdaEvent<Local>| Some("id".to_owned());
    let shown = |_: &LambdaEvent<Local>| None;
    let closures = LoggerLayer::builder().correlation_id(own);
    let closures = closures.log_event_as(false, shown).build().unwrap();
    assert_auto_traits::<_, (), _, _>(&logger(), lambda_event("1", Local::default()));
    assert_auto_traits::<_, (), _, _>(&closures, lambda_event("1", Local::default()));
    assert_auto_traits::<_, (), _, _>(&full(), lambda_event("1", 7));
    let request = || http_request("/", Local::default());
    assert_auto_traits::<_, Response<Local>, _, _>(&logger(), request());
    assert_auto_traits::<_, Response<Local>, _, _>(&full(), request());
    assert_auto_traits::<_, (), _, _>(&logger(), lambda_invocation("1", "{}"));
    assert_auto_traits::<_, (), _, _>(&full(), lambda_invocation("1", "{}"));
}

#[tokio::test]
async fn a_clone_does_the_same_and_shares_no_invocation() {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .correlation_id(CorrelationIdPath::EVENT_BRIDGE)
        .canonical_line(true)
        .output(output.writer())
        .build()
        .unwrap();
    let answer = service_fn(async |_: LambdaEvent<serde_json::Value>| Ok::<_, Infallible>(()));
    let mut service = logger.layer(answer);
    let mut clone = service.clone();
    let event = |id| lambda_event(id, json!({"id": format!("of {id}")}));
    let (one, two) = (service.call(event("1")), clone.call(event("2")));
    two.await.unwrap();
    one.await.unwrap();
    let lines = output.json();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["function_request_id"], &line["correlation_id"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("2"), &json!("of 2")), (&json!("1"), &json!("of 1"))]
    );
}

#[test]
fn an_inner_that_is_not_send_compiles() {
    let local = Rc::new(());
    let mut service = logger().layer(service_fn(move |_: LambdaEvent<()>| {
        let local = Rc::clone(&local);
        async move { Ok::<_, Infallible>(Rc::strong_count(&local)) }
    }));
    drop(service.call(lambda_event("1", ())));
}
