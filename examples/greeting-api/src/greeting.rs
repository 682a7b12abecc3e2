use axum::Json;
use powertools::{
    logger::append_key,
    metrics::{Metrics, Unit},
};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Greeting {
    message: &'static str,
}

/// `GET /greeting`
pub(crate) async fn greeting() -> Json<Greeting> {
    append_key("greeting", "hello");
    tracing::info!("greeting requested");
    Metrics::current().add("Greetings", Unit::Count, 1);
    Json(Greeting { message: "hello" })
}
