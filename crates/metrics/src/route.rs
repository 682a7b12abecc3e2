use std::task::{Context, Poll};

use axum::extract::MatchedPath;
use http::{Method, Request};
use powertools_core::{Invocation, InvocationRequest};
use tower_layer::Layer;
use tower_service::Service;

/// Layer inside an axum `Router` that tells the invocation which route was matched, as
/// `GET /orders/{id}`: the dimension `route` of the
/// [request metrics](crate::MetricsBuilder::capture_request_metrics).
///
/// ```
/// use axum::{Router, routing::get};
/// use powertools_metrics::RouteLayer;
///
/// let router: Router = Router::new()
///     .route("/orders/{id}", get(|| async { "an order" }))
///     .route_layer(RouteLayer::new());
/// # let _ = router;
/// ```
///
/// # Order
///
/// By `Router::route_layer`, after the routes. A layer outside of the router sees no route.
///
/// # Errors
///
/// None of its own.
///
/// # Concurrency
///
/// The route belongs to the invocation that the request carries.
///
/// # Cost
///
/// One allocation for each request.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct RouteLayer;

impl RouteLayer {
    /// The layer.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Route<S>;

    fn layer(&self, inner: S) -> Route<S> {
        Route { inner }
    }
}

/// Service of [`RouteLayer`].
#[derive(Debug, Clone)]
pub struct Route<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Route<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        if let Some(path) = request.extensions().get::<MatchedPath>()
            && let Some(invocation) = invocation(&request)
        {
            let method = bounded(request.method());
            invocation.set_route(format!("{method} {}", path.as_str()));
        }
        self.inner.call(request)
    }
}

fn invocation<B>(request: &Request<B>) -> Option<Invocation> {
    let on_request = request.invocation().cloned();
    on_request.or_else(Invocation::try_current)
}

/// A client may send any word as its method.
fn bounded(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::HEAD
        | Method::OPTIONS
        | Method::CONNECT
        | Method::TRACE => method.as_str(),
        _ => "OTHER",
    }
}
