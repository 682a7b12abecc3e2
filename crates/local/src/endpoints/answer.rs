//! What the API answers itself.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};

pub(super) fn accepted() -> Response {
    let body = r#"{"status":"OK"}"#;
    (
        StatusCode::ACCEPTED,
        [(CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}

pub(super) fn refuse(status: StatusCode, error_type: &str) -> Response {
    error(
        status,
        error_type,
        status.canonical_reason().unwrap_or_default(),
    )
}

pub(super) fn entity_too_large() -> Response {
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
}

/// The sender broke off.
pub(super) fn truncated() -> Response {
    refuse(StatusCode::BAD_REQUEST, "TruncatedResponse")
}

/// How the Extensions API refuses.
pub(super) fn forbid(error_type: &str, message: &str) -> Response {
    error(StatusCode::FORBIDDEN, error_type, message)
}

fn error(status: StatusCode, error_type: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": message });
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
