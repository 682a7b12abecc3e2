use axum::{Router, routing::get};
use powertools::{
    event_handler::{
        BufferBody, BufferBodyLayer, StripStage, StripStageLayer, method_not_allowed, not_found,
    },
    logger::{CorrelationIdPath, Logger, LoggerLayer},
};
use tower::ServiceBuilder;

use crate::greeting::greeting;

/// The whole stack, as `lambda_http::run_concurrent` takes it.
pub type Function = Logger<StripStage<BufferBody<Router>>, CorrelationIdPath>;

/// The function, from the outside in: logger, stage stripping, buffered body, routes.
#[must_use]
pub fn function(logger: LoggerLayer<CorrelationIdPath>) -> Function {
    let router = Router::new()
        .route("/greeting", get(greeting))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    ServiceBuilder::new()
        .layer(logger)
        .layer(StripStageLayer::new())
        .layer(BufferBodyLayer::new())
        .service(router)
}
