//! Which request goes where, and who sees it first.

use std::{pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use tokio::sync::watch;

use super::{endpoint::Endpoint, extension, lifecycle, response};
use crate::{ApiRequest, body::drain, queue::Queue, source::Source};

/// Sees each request before it is served, and may answer it.
pub(crate) type Intercept = Arc<dyn Fn(ApiRequest) -> Intercepted + Send + Sync>;
type Intercepted = Pin<Box<dyn Future<Output = Option<http::Response<Bytes>>> + Send>>;

pub(crate) fn router(
    queue: Arc<Queue>,
    source: Arc<Source>,
    closing: watch::Receiver<()>,
    intercept: Option<Intercept>,
) -> Router {
    let endpoint = Endpoint {
        queue,
        source,
        closing,
    };
    let mut router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(lifecycle::next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response::response),
        )
        .route(
            "/2018-06-01/runtime/invocation/{id}/error",
            post(response::error),
        )
        .route(
            "/2018-06-01/runtime/init/error",
            post(lifecycle::init_error),
        )
        .route("/2020-01-01/extension/register", post(extension::register))
        .route("/2020-01-01/extension/event/next", get(extension::next))
        .route(
            "/2020-01-01/extension/init/error",
            post(extension::init_error),
        )
        .route(
            "/2020-01-01/extension/exit/error",
            post(extension::exit_error),
        );
    // Lambda has them for SnapStart only.
    if endpoint.source.nature().snap_start {
        router = router
            .route(
                "/2018-06-01/runtime/restore/next",
                get(lifecycle::restore_next),
            )
            .route(
                "/2018-06-01/runtime/restore/error",
                post(lifecycle::restore_error),
            );
    }
    if let Some(intercept) = intercept {
        let state = (intercept, endpoint.clone());
        router = router.layer(from_fn_with_state(state, first));
    }
    router.with_state(endpoint)
}

async fn first(
    State((intercept, endpoint)): State<(Intercept, Endpoint)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    match endpoint.or_closed(intercept(ApiRequest::of(&parts))).await {
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Ok(Some(answer)) => {
            // A sender that finds nobody reading would not see the answer.
            tokio::spawn(drain(body));
            answer.map(Into::into)
        }
        Err(closed) => closed,
    }
}
