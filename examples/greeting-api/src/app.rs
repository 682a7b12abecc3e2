use axum::{Router, routing::get};
use powertools::{
    event_handler::{
        BufferBody, BufferBodyLayer, StripStage, StripStageLayer, method_not_allowed, not_found,
    },
    logger::{CorrelationIdPath, Logger, LoggerLayer},
    metrics::{MetricsBuilder, MetricsLayer, MetricsService, RouteLayer},
};
use tower::ServiceBuilder;

use crate::greeting::greeting;

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

/// The function, from the outside in: logger, metrics, stage stripping, buffered body, routes.
#[must_use]
pub fn function(logger: LoggerLayer<CorrelationIdPath>, metrics: MetricsLayer) -> Function {
    let router = Router::new()
        .route("/greeting", get(greeting))
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
