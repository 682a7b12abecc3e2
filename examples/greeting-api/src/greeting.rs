use axum::{
    Json,
    extract::rejection::JsonRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use powertools::{
    core::Invocation,
    logger::append_key,
    metrics::{Metrics, Unit},
};
use serde::{Deserialize, Serialize};

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

#[derive(Debug, Deserialize)]
pub(crate) struct Guest {
    name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct PersonalGreeting {
    /// The request that made it: a repeated one gets the id of the first.
    id: String,
    message: String,
}

/// `POST /greeting`, which runs once for each key.
pub(crate) async fn greet(
    guest: Result<Json<Guest>, JsonRejection>,
) -> Result<(StatusCode, Json<PersonalGreeting>), Refusal> {
    let Json(guest) = guest.map_err(Refusal)?;
    tracing::info!("greeting made");
    Metrics::current().add("Greetings", Unit::Count, 1);
    let greeting = PersonalGreeting {
        id: Invocation::current()
            .request_id()
            .unwrap_or_default()
            .to_owned(),
        message: format!("hello {}", guest.name),
    };
    Ok((StatusCode::CREATED, Json(greeting)))
}

/// A body that is no guest, in the words of axum.
pub(crate) struct Refusal(JsonRejection);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            status_code: u16,
            message: String,
        }

        let status = self.0.status();
        let body = Body {
            status_code: status.as_u16(),
            message: self.0.body_text(),
        };
        (status, Json(body)).into_response()
    }
}
