//! Tower's contract at every level that the logger is stacked at.

use std::{convert::Infallible, future::pending, rc::Rc};

use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::test_util::{
    assert_drives_readied_instance, assert_send, assert_sync, http_request, lambda_event,
    lambda_invocation,
};
use powertools_logger::LoggerLayer;
use tower::{Layer, Service, service_fn};

fn logger() -> LoggerLayer {
    LoggerLayer::builder().build().unwrap()
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_event_level() {
    let answer = async |event: LambdaEvent<u32>| Ok::<_, Infallible>(event.payload);
    assert_drives_readied_instance(logger(), || lambda_event("1", 7), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_http_level() {
    let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(()));
    assert_drives_readied_instance(logger(), || http_request("/", ()), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_runtime_level() {
    let answer = async |_: LambdaInvocation| Ok::<_, Infallible>(());
    assert_drives_readied_instance(logger(), || lambda_invocation("1", "{}"), answer).await;
}

#[test]
fn service_and_future_are_send_and_sync_whenever_the_inner_is() {
    let inner = service_fn(|_: LambdaEvent<Rc<()>>| pending::<Result<(), Infallible>>());
    let mut service = logger().layer(inner);
    assert_send(&service);
    assert_sync(&service);
    let call = service.call(lambda_event("1", Rc::new(())));
    assert_send(&call);
    assert_sync(&call);
    // Dropped in the middle.
    drop(call);
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
