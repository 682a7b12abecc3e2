//! What layers learn of an http request: the route, and the status of the answer.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode};
use powertools_core::{
    Host, Invocation, InvocationScope, Observer, Outcome,
    test_util::{TestContext, http_request, lambda_event},
};
use tower::service_fn;

/// Keeps the status, and whether it came before the end.
#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<String>>>);

impl Keep {
    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Keep {
    fn answered(&mut self, status: StatusCode) {
        self.0.lock().unwrap().push(status.as_str().to_owned());
    }

    fn finish(self, _: &Invocation, _: Outcome) {
        self.0.lock().unwrap().push("end".to_owned());
    }
}

#[tokio::test]
async fn the_status_of_an_answer_is_told_before_the_finish() {
    for status in [
        StatusCode::OK,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_GATEWAY,
    ] {
        let mut request = http_request("/", ());
        let scope = InvocationScope::begin(&Host::default(), &mut request);
        let mut inner = service_fn(move |_: Request<()>| async move {
            Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
        });
        let keep = Keep::default();
        scope.call(&mut inner, request, keep.clone()).await.unwrap();
        assert_eq!(keep.seen(), [status.as_str(), "end"]);
    }
}

#[tokio::test]
async fn a_call_without_a_status_tells_none() {
    let mut event = lambda_event("r-1", ());
    let scope = InvocationScope::begin(&Host::default(), &mut event);
    let mut inner = service_fn(|_| async { Ok::<_, Infallible>(()) });
    let keep = Keep::default();
    scope.call(&mut inner, event, keep.clone()).await.unwrap();
    assert_eq!(keep.seen(), ["end"]);

    let mut request = http_request("/", ());
    let scope = InvocationScope::begin(&Host::default(), &mut request);
    let mut inner = service_fn(|_: Request<()>| async { Err::<Response<()>, _>("broken") });
    let keep = Keep::default();
    scope
        .call(&mut inner, request, keep.clone())
        .await
        .unwrap_err();
    assert_eq!(keep.seen(), ["end"]);
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

/// Panics as soon as it learns of a status.
struct Panics(Keep);

impl Observer for Panics {
    fn answered(&mut self, _: StatusCode) {
        panic!("on purpose");
    }

    fn finish(self, _: &Invocation, _: Outcome) {
        self.0.0.lock().unwrap().push("end".to_owned());
    }
}

#[tokio::test]
async fn an_observer_that_panics_at_the_status_changes_no_answer() {
    let mut request = http_request("/", ());
    let scope = InvocationScope::begin(&Host::default(), &mut request);
    let mut inner = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) });
    let keep = Keep::default();
    let answer = scope.call(&mut inner, request, Panics(keep.clone())).await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
    assert_eq!(keep.seen(), ["end"]);
}
