use std::task::{Context, Poll};

use http::{Extensions, Request, Uri, uri::PathAndQuery};
use lambda_http::{RequestExt, request::RequestContext};
use powertools_core::http::{stage, strip_stage};
use tower_layer::Layer;
use tower_service::Service;

/// Layer that takes the stage out of the path.
///
/// `lambda_http` puts the stage in front of the path: `/greeting` of a REST API's
/// stage `prod` arrives as `/prod/greeting`, and the route `/greeting` is not found.
/// HTTP APIs with a named stage put it there themselves. Behind this layer both are
/// `/greeting`.
///
/// # Example
///
/// ```
/// use axum::{Router, routing::get};
/// use powertools_event_handler::StripStageLayer;
/// use tower::ServiceBuilder;
///
/// let router: Router = Router::new().route("/greeting", get(async || "hello"));
/// let function = ServiceBuilder::new()
///     .layer(StripStageLayer::new())
///     .service(router);
/// # let _ = function;
/// ```
///
/// # Order
///
/// Around the `Router`: a layer given to `Router::layer` runs only after the route was
/// looked up. Inside of the logger, outside of all that looks at the path.
///
/// # Errors
///
/// Responses and errors are the inner service's own. A request whose context names no
/// stage, names `$default`, or whose path does not begin with the stage is passed on
/// as it is. `/prod/x` in the event of a REST API is the function's own path, whatever
/// the stage; in that of an HTTP API with the stage `prod` it is `/x`.
///
/// # Concurrency
///
/// Nothing is kept.
///
/// # Cost
///
/// One allocation for the shorter path, and none if there is no stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct StripStageLayer(());

impl StripStageLayer {
    /// The layer.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for StripStageLayer {
    type Service = StripStage<S>;

    fn layer(&self, inner: S) -> StripStage<S> {
        StripStage { inner }
    }
}

/// Service of [`StripStageLayer`].
#[derive(Debug, Clone)]
pub struct StripStage<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for StripStage<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(uri) = stripped(request.uri(), request.extensions()) {
            *request.uri_mut() = uri;
        }
        self.inner.call(request)
    }
}

/// What stands for the stage of an HTTP API without one.
const NO_STAGE: &str = "$default";

/// The URI without the stage, if it has one.
fn stripped(uri: &Uri, extensions: &Extensions) -> Option<Uri> {
    let stage = stage(extensions).filter(|stage| *stage != NO_STAGE)?;
    let path = own_path(uri.path(), stage, extensions);
    if path.len() == uri.path().len() {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    // Part of a valid URI; should it be none alone, the path stays as it is.
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

/// The path as the function knows it.
fn own_path<'a>(path: &'a str, stage: &str, extensions: &Extensions) -> &'a str {
    let of_http_api = matches!(extensions.get(), Some(RequestContext::ApiGatewayV2(_)));
    let after_stage = extensions
        .raw_http_path()
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(stage));
    match after_stage {
        // The stage's own root, in front of which `lambda_http` has put it once more.
        Some("") if of_http_api => "/",
        // An HTTP API means the stage by it. The events of all others have paths without
        // a stage, and `lambda_http` has not put it in front of this one.
        Some(rest) if rest.starts_with('/') && !of_http_api => path,
        _ => strip_stage(path, stage),
    }
}
