//! The Runtime API's endpoints over the queue.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use tokio::sync::watch;

use crate::{
    Reply,
    body::collect,
    header, id,
    queue::{Condition, Queue, Refusal, Source},
    streaming,
};

/// 6 MB and a little, as Lambda counts it.
const RESPONSE_LIMIT: usize = 6_291_556;
const STREAM_LIMIT: usize = 200 * 1024 * 1024;

#[derive(Clone)]
struct Endpoint {
    queue: Arc<Queue>,
    source: Arc<Source>,
    closing: watch::Receiver<()>,
}

pub(crate) fn router(
    queue: Arc<Queue>,
    source: Arc<Source>,
    closing: watch::Receiver<()>,
) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(extension_event))
        .with_state(Endpoint {
            queue,
            source,
            closing,
        })
}

/// Resolves when the other end of the channel is gone.
pub(crate) async fn closed(mut closing: watch::Receiver<()>) {
    while closing.changed().await.is_ok() {}
}

async fn next(State(endpoint): State<Endpoint>) -> Response {
    endpoint.source.ask();
    let handed = tokio::select! {
        handed = endpoint.queue.next(&endpoint.source) => handed,
        () = closed(endpoint.closing) => {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
        }
    };
    let mut headers = handed.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let deadline = id::since_epoch(handed.deadline).as_millis().to_string();
    for (name, text) in [
        (header::DEADLINE_MS, deadline),
        (header::INVOCATION_ID, handed.invocation_id),
    ] {
        let value = HeaderValue::try_from(text).expect("digits, hyphens and letters only");
        headers.insert(name, value);
    }
    (headers, Body::from(handed.event)).into_response()
}

async fn response(
    State(endpoint): State<Endpoint>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let streamed = headers
        .get(header::RESPONSE_MODE)
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    let limit = if streamed {
        STREAM_LIMIT
    } else {
        RESPONSE_LIMIT
    };
    let Some(sent) = collect(body, limit).await else {
        return refuse(StatusCode::BAD_REQUEST, "TruncatedResponse");
    };
    let too_large = sent.too_large;
    let reply = if too_large {
        let message =
            format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
        Reply::error("Function.ResponseSizeTooLarge", &message)
    } else if streamed {
        streaming::reply(&headers, sent.body, sent.trailers.as_ref())
    } else {
        Reply::Response { body: sent.body }
    };
    let ended = endpoint.end(&request_id, &headers, reply);
    if too_large && ended.status().is_success() {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    }
    ended
}

async fn error(
    State(endpoint): State<Endpoint>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(sent) = collect(body, RESPONSE_LIMIT).await else {
        return refuse(StatusCode::BAD_REQUEST, "TruncatedResponse");
    };
    let error_type = headers
        .get(header::ERROR_TYPE)
        .and_then(|value| value.to_str().ok());
    let reply = Reply::Error {
        error_type: error_type.map(str::to_owned),
        body: sent.body,
    };
    endpoint.end(&request_id, &headers, reply)
}

async fn init_error(State(endpoint): State<Endpoint>, body: Body) -> Response {
    let Some(sent) = collect(body, RESPONSE_LIMIT).await else {
        return refuse(StatusCode::BAD_REQUEST, "TruncatedResponse");
    };
    endpoint.source.retire(Condition::InitError(sent.body));
    accepted()
}

/// What `lambda_runtime` needs for its graceful shutdown: an extension that is
/// registered and then waits for events that never come.
async fn register(State(endpoint): State<Endpoint>) -> Response {
    endpoint.source.extend();
    let identifier = id::uuid(&endpoint.queue.random);
    let body = serde_json::json!({
        "functionName": endpoint.source.function_name(),
        "functionVersion": "$LATEST",
        "handler": "bootstrap",
    });
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (header::EXTENSION_IDENTIFIER, identifier),
    ];
    (headers, body.to_string()).into_response()
}

async fn extension_event(State(endpoint): State<Endpoint>) -> Response {
    closed(endpoint.closing).await;
    refuse(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
}

impl Endpoint {
    fn end(&self, request_id: &str, headers: &HeaderMap, reply: Reply) -> Response {
        // An id that is no text cannot be one of ours.
        let invocation_id = headers
            .get(header::INVOCATION_ID)
            .map(|value| value.to_str().unwrap_or_default());
        match self
            .queue
            .end(&self.source, request_id, invocation_id, reply)
        {
            Ok(()) => accepted(),
            Err(Refusal::UnknownRequest) => refuse(StatusCode::BAD_REQUEST, "InvalidRequestID"),
            Err(Refusal::WrongInvocation) => refuse(StatusCode::BAD_REQUEST, "InvalidInvocationId"),
        }
    }
}

fn accepted() -> Response {
    let body = r#"{"status":"OK"}"#;
    (
        StatusCode::ACCEPTED,
        [(CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}

fn refuse(status: StatusCode, error_type: &str) -> Response {
    let message = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": message });
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
