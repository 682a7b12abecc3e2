//! What an http caller gets in the place of an answer.

use std::error::Error;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use powertools_core::http::BodyError;

use crate::{IdempotencyError, IdempotencyErrorKind};

/// The answer to a call that is not run, as problem details.
pub(crate) fn answer(error: &IdempotencyError) -> Response<Bytes> {
    use IdempotencyErrorKind as Kind;
    let status = match error.kind() {
        Kind::MissingKey | Kind::MissingTenant | Kind::Expression | Kind::Payload => {
            StatusCode::BAD_REQUEST
        }
        Kind::Body => body_status(error),
        Kind::InProgress | Kind::LeaseLost => StatusCode::CONFLICT,
        Kind::PayloadMismatch => StatusCode::UNPROCESSABLE_ENTITY,
        // Nothing has run: it may be sent again.
        Kind::InconsistentState | Kind::NoTimeLeft | Kind::Claim | Kind::Read => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": error.kind().text(),
    });
    let mut response = Response::new(Bytes::from(problem.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if matches!(
        status,
        StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE
    ) {
        // The end of the lease is the latest that it can be; most calls end long before.
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn body_status(error: &IdempotencyError) -> StatusCode {
    let source = error.source();
    let body = source.and_then(|source| source.downcast_ref::<BodyError>());
    match body {
        Some(body) if body.is_too_long() => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}
