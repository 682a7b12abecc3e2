use axum::Json;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Greeting {
    message: &'static str,
}

/// `GET /greeting`
pub(crate) async fn greeting() -> Json<Greeting> {
    tracing::info!("greeting requested");
    Json(Greeting { message: "hello" })
}
