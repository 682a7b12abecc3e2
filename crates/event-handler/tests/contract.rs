//! Tower's contract: readiness, clones, drop in the middle, auto traits.

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn, ready},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{Router, routing::get};
use http::{Request, Response};
use lambda_http::Body;
use powertools_core::test_util::{StatefulInner, assert_send, assert_sync, http_request};
use powertools_event_handler::{
    BufferBody, BufferBodyLayer, StripStage, StripStageLayer, not_found,
};
use tower::{Layer, Service, ServiceExt, service_fn};

mod support;

use support::Frames;

#[tokio::test]
async fn buffer_body_drives_the_instance_it_readied() {
    let inner = StatefulInner::new(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Frames::from([Some(Ok("a")), None])))
    });
    readies_the_instance_it_calls(BufferBodyLayer::new().layer(inner.clone())).await;
    assert_eq!(inner.calls(), 4);
}

#[tokio::test]
async fn strip_stage_drives_the_instance_it_readied() {
    let inner = StatefulInner::new(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    readies_the_instance_it_calls(StripStageLayer::new().layer(inner.clone())).await;
    assert_eq!(inner.calls(), 4);
}

/// Drives a service twice, and a clone of it, through its readiness.
async fn readies_the_instance_it_calls<S>(mut service: S)
where
    S: Service<Request<()>, Error = Infallible> + Clone,
{
    for _ in 0..2 {
        let ready = service.ready().await.unwrap();
        assert!(ready.call(http_request("/", ())).await.is_ok());
    }
    // A clone of a ready service is not ready.
    service.ready().await.unwrap();
    let cloned = service.clone().oneshot(http_request("/", ())).await;
    assert!(cloned.is_ok());
    assert!(service.call(http_request("/", ())).await.is_ok());
}

#[tokio::test]
async fn an_error_of_poll_ready_is_forwarded() {
    #[derive(Clone)]
    struct Broken;
    impl Service<Request<()>> for Broken {
        type Response = Response<String>;
        type Error = &'static str;
        type Future = std::future::Pending<Result<Response<String>, &'static str>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Err("broken"))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!("not ready")
        }
    }
    let buffered = BufferBodyLayer::new().layer(Broken);
    let error = buffered.oneshot(http_request("/", ())).await.unwrap_err();
    assert_eq!(error, "broken");
    let stripped = StripStageLayer::new().layer(Broken);
    let error = stripped.oneshot(http_request("/", ())).await.unwrap_err();
    assert_eq!(error, "broken");
}

#[tokio::test]
async fn a_call_dropped_in_the_middle_drops_the_inner_future() {
    let alive = Arc::new(());
    let kept = Arc::clone(&alive);
    let mut service = BufferBodyLayer::new().layer(service_fn(move |_: Request<()>| {
        let kept = Arc::clone(&kept);
        async move {
            let _kept = kept;
            pending::<Result<Response<String>, Infallible>>().await
        }
    }));
    let mut call = Box::pin(service.call(http_request("/", ())));
    assert!(poll_once(&mut call).await.is_pending());
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(call);
    assert_eq!(Arc::strong_count(&alive), 2);
}

#[tokio::test]
async fn a_call_dropped_while_it_collects_drops_the_body() {
    #[derive(Clone)]
    struct Endless(Arc<AtomicUsize>);
    impl http_body::Body for Endless {
        type Data = bytes::Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Infallible>>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Poll::Pending
        }
    }
    let polls = Arc::new(AtomicUsize::new(0));
    let body = Endless(Arc::clone(&polls));
    let mut service = BufferBodyLayer::new().layer(service_fn(move |_: Request<()>| {
        let response = Response::new(body.clone());
        async { Ok::<_, Infallible>(response) }
    }));
    let mut call = Box::pin(service.call(http_request("/", ())));
    assert!(poll_once(&mut call).await.is_pending());
    assert_eq!(polls.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&polls), 3);
    drop(call);
    assert_eq!(Arc::strong_count(&polls), 2);
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

fn stack<S>(inner: S) -> StripStage<BufferBody<S>> {
    StripStageLayer::new().layer(BufferBodyLayer::new().layer(inner))
}

#[test]
fn services_are_send_and_sync_whenever_the_inner_is() {
    let inner =
        service_fn(|_: Request<Rc<()>>| ready(Ok::<_, Infallible>(Response::new(String::new()))));
    let mut service = stack(inner);
    assert_send(&service);
    assert_sync(&service);
    // The request is not `Send`, the future is: the layers keep no request.
    let future = service.call(http_request("/", Rc::new(())));
    assert_send(&future);
    assert_sync(&future);
}

#[test]
fn a_service_around_an_inner_that_is_not_send_compiles() {
    let local = Rc::new(());
    let mut service = stack(service_fn(move |_: Request<()>| {
        let local = Rc::clone(&local);
        async move { Ok::<_, Infallible>(Response::new(Rc::strong_count(&local).to_string())) }
    }));
    drop(service.call(http_request("/", ())));
}

#[test]
fn lambda_http_takes_an_axum_router_in_every_way_to_run() {
    let function = stack(
        Router::new()
            .route("/", get(async || ""))
            .fallback(not_found),
    );
    // Creating the future is the check; running it would need a Runtime API.
    drop(lambda_http::run(function.clone()));
    drop(lambda_http::run_concurrent(function.clone()));
    let _builds_runtimes = move || {
        drop(lambda_http::runtime(function.clone()));
        drop(lambda_http::runtime_concurrent(function));
    };
}

#[tokio::test]
async fn a_response_with_an_axum_body_is_sync_once_it_is_buffered() {
    let function = stack(Router::new().route("/", get(async || "hello")));
    let request = http_request("/", Body::Empty);
    let response = function.oneshot(request).await.unwrap();
    assert_send(&response);
    assert_sync(&response);
}
