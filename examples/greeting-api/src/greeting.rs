use axum::Json;
use powertools::logger::append_key;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Greeting {
    message: &'static str,
}

/// `GET /greeting`
pub(crate) async fn greeting() -> Json<Greeting> {
    append_key("greeting", "hello");
    tracing::info!("greeting requested");
    Json(Greeting { message: "hello" })
}
