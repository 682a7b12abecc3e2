//! What an invocation learns of an http request: the route and the status of the answer.

use std::{convert::Infallible, sync::mpsc};

use http::{Request, Response, StatusCode};
use powertools_core::{
    Host, Invocation, InvocationScope, Observer, Outcome,
    test_util::{ProbeLayer, TestContext, http_request, lambda_event},
};
use tower::{Layer, ServiceExt, service_fn};

async fn answer(status: StatusCode) -> Invocation {
    let mut request = http_request("/orders/7", ());
    let invocation = InvocationScope::begin(&Host::default(), &mut request)
        .invocation()
        .clone();
    let inner = service_fn(move |_: Request<()>| async move {
        Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
    });
    let service = ProbeLayer::default().layer(inner);
    service.oneshot(request).await.unwrap();
    invocation
}

#[tokio::test]
async fn the_status_of_an_answer_is_known_afterwards() {
    for status in [
        StatusCode::OK,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_GATEWAY,
    ] {
        assert_eq!(answer(status).await.status_code(), Some(status));
    }
}

#[tokio::test]
async fn the_status_is_known_when_the_layer_finishes() {
    let mut request = http_request("/", ());
    let scope = InvocationScope::begin(&Host::default(), &mut request);
    let mut inner = service_fn(|_: Request<()>| async {
        let answer = Response::builder().status(StatusCode::IM_A_TEAPOT);
        Ok::<_, Infallible>(answer.body(()).unwrap())
    });
    let (send, seen) = mpsc::channel();
    scope.call(&mut inner, request, Tell(send)).await.unwrap();
    assert_eq!(seen.recv().unwrap(), Some(StatusCode::IM_A_TEAPOT));
}

#[tokio::test]
async fn an_answer_that_is_no_http_has_no_status() {
    let service = ProbeLayer::default().layer(service_fn(|_| async {
        let invocation = Invocation::current();
        Ok::<_, Infallible>(invocation)
    }));
    let invocation = service.oneshot(lambda_event("r-1", ())).await.unwrap();
    assert_eq!(invocation.status_code(), None);
}

#[test]
fn the_last_route_counts() {
    let mut request = TestContext::new("r-1").http("/orders/7", ());
    let scope = InvocationScope::begin(&Host::default(), &mut request);
    let invocation = scope.invocation();
    assert_eq!(invocation.route(), None);
    invocation.set_route("ANY /api");
    invocation.set_route("GET /api/orders/{id}");
    assert_eq!(invocation.route().as_deref(), Some("GET /api/orders/{id}"));
}

/// Tells the status that it sees at the end.
struct Tell(mpsc::Sender<Option<StatusCode>>);

impl Observer for Tell {
    fn finish(self, invocation: &Invocation, _: Outcome) {
        self.0.send(invocation.status_code()).unwrap();
    }
}
