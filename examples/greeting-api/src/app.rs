use axum::{
    Router,
    routing::{get, post},
};
use powertools::{
    event_handler::{
        BufferBody, BufferBodyLayer, StripStage, StripStageLayer, method_not_allowed, not_found,
    },
    idempotency::{IdempotencyBuilder, IdempotencyLayer, IdempotencyStore},
    logger::{CorrelationIdPath, Logger, LoggerLayer},
    metrics::{MetricsBuilder, MetricsLayer, MetricsService, RouteLayer},
};
use tower::ServiceBuilder;

use crate::greeting::{greet, greeting};

/// The whole stack, as `lambda_http::run_concurrent` takes it.
pub type Function = Logger<MetricsService<StripStage<BufferBody<Router>>>, CorrelationIdPath>;

/// What the function measures, whatever it does: cold starts, requests, faults, latency.
pub fn metrics() -> MetricsBuilder {
    MetricsLayer::builder()
        .namespace("GreetingApi")
        .capture_cold_start_metric(true)
        .capture_request_metrics(true)
        .capture_request_ids(true)
}

/// Which requests to make a greeting are the same: those with one key. What they ask for must be
/// the same too.
pub fn idempotency<St: IdempotencyStore>(store: St) -> IdempotencyBuilder<St> {
    IdempotencyLayer::builder("greetings.create", store)
        .key("headers.\"idempotency-key\"")
        .require_key(true)
        .payload_validation("body")
        // A request that was refused may be corrected, and sent with the same key.
        .keep_status(|status| status.is_success())
}

/// The function, from the outside in: logger, metrics, stage stripping, buffered body, routes;
/// around the one that makes greetings: idempotency.
#[must_use]
pub fn function<St: IdempotencyStore>(
    logger: LoggerLayer<CorrelationIdPath>,
    metrics: MetricsLayer,
    idempotency: IdempotencyLayer<St>,
) -> Function {
    let router = Router::new()
        .route("/greeting", get(greeting))
        .route("/greeting", post(greet).layer(idempotency))
        .route_layer(RouteLayer::new())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    ServiceBuilder::new()
        .layer(logger)
        .layer(metrics)
        .layer(StripStageLayer::new())
        .layer(BufferBodyLayer::new())
        .service(router)
}
