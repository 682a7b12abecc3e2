//! Tower's contract: readiness, clones, auto traits, at every level.

use std::{
    convert::Infallible,
    future::{Future, Pending, pending, ready},
    rc::Rc,
};

use http::{Request, Response};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    InvocationExt, Outcome, Record, StreamScopeLayer,
    test_util::{
        ProbeLayer, StatefulInner, assert_drives_readied_instance, assert_send, assert_sync,
        assert_unpin, http_request, lambda_event, lambda_invocation,
    },
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_event_level() {
    let answer = async |event: LambdaEvent<u32>| Ok::<_, Infallible>(event.payload);
    assert_drives_readied_instance(ProbeLayer::default(), || lambda_event("1", 7), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_http_level() {
    let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(()));
    assert_drives_readied_instance(ProbeLayer::default(), || http_request("/", ()), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_runtime_level() {
    let answer = async |_: LambdaInvocation| Ok::<_, Infallible>(());
    assert_drives_readied_instance(
        ProbeLayer::default(),
        || lambda_invocation("1", "{}"),
        answer,
    )
    .await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_for_a_record() {
    let answer = async |record: Record<u32>| Ok::<_, Infallible>(*record);
    let record = Record::batch(vec![7]).next().unwrap();
    assert_drives_readied_instance(ProbeLayer::default(), || record.clone(), answer).await;
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_for_a_stream() {
    let answer = async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new()));
    let layer = StreamScopeLayer::default();
    assert_drives_readied_instance(layer, || http_request("/", ()), answer).await;
}

#[tokio::test]
#[should_panic(expected = "not readied")]
async fn the_probe_panics_on_an_instance_that_was_not_readied() {
    let mut inner = StatefulInner::new(async |(): ()| Ok::<_, Infallible>(()));
    inner.ready().await.unwrap();
    let _ = inner.clone().call(()).await;
}

#[tokio::test]
async fn an_error_of_poll_ready_is_forwarded() {
    #[derive(Clone)]
    struct Broken;
    impl Service<LambdaEvent<()>> for Broken {
        type Response = ();
        type Error = &'static str;
        type Future = Pending<Result<(), &'static str>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), &'static str>> {
            std::task::Poll::Ready(Err("broken"))
        }
        fn call(&mut self, _: LambdaEvent<()>) -> Self::Future {
            unreachable!("not ready")
        }
    }
    let probe = ProbeLayer::default();
    let error = probe
        .layer(Broken)
        .oneshot(lambda_event("1", ()))
        .await
        .unwrap_err();
    assert_eq!(error, "broken");
    assert!(probe.events().is_empty());
}

#[tokio::test]
async fn a_call_dropped_in_the_middle_is_cancelled_once() {
    let probe = ProbeLayer::default();
    let mut service = probe.layer(service_fn(|_: LambdaEvent<()>| {
        pending::<Result<(), Infallible>>()
    }));
    let mut call = Box::pin(service.call(lambda_event("1", ())));
    assert!(futures_poll(&mut call).await.is_pending());
    drop(call);
    assert_eq!(probe.outcomes(), [Outcome::Cancelled]);
}

#[tokio::test]
async fn a_call_that_was_never_polled_is_cancelled_once() {
    let probe = ProbeLayer::default();
    let mut service = probe.layer(service_fn(|_: LambdaEvent<()>| {
        pending::<Result<(), Infallible>>()
    }));
    drop(service.call(lambda_event("1", ())));
    assert_eq!(probe.outcomes(), [Outcome::Cancelled]);
}

async fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx)))
        .await
}

#[test]
fn services_are_send_and_sync_whenever_the_inner_is() {
    let inner = service_fn(|_: LambdaEvent<Rc<()>>| ready(Ok::<_, Infallible>(())));
    let mut service = ServiceBuilder::new()
        .layer(ProbeLayer::default())
        .layer(StreamlessCheck)
        .service(inner);
    assert_send(&service);
    assert_sync(&service);
    // The request is not `Send`, the future is: the layer keeps no request.
    let future = service.call(lambda_event("1", Rc::new(())));
    assert_send(&future);
    assert_sync(&future);
}

/// A layer that changes nothing, so that stacking is part of the check.
struct StreamlessCheck;

impl<S> Layer<S> for StreamlessCheck {
    type Service = S;
    fn layer(&self, inner: S) -> S {
        inner
    }
}

#[test]
fn a_service_around_an_inner_that_is_not_send_compiles() {
    let local = Rc::new(());
    let mut service = ProbeLayer::default().layer(service_fn(move |_: LambdaEvent<()>| {
        let local = Rc::clone(&local);
        async move { Ok::<_, Infallible>(Rc::strong_count(&local)) }
    }));
    drop(service.call(lambda_event("1", ())));
}

#[tokio::test]
async fn streams_are_send_and_unpin_whenever_the_inner_is() {
    let inner =
        service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new())));
    let service = StreamScopeLayer::default().layer(inner);
    assert_send(&service);
    assert_sync(&service);
    let response = service.oneshot(http_request("/", ())).await.unwrap();
    assert_send(response.body());
    assert_sync(response.body());
    assert_unpin(response.body());
}

#[test]
fn a_future_taken_along_is_send_whenever_the_inner_is() {
    assert_send(&async {}.in_invocation());
}
