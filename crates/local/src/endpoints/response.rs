//! What a function sends for an invocation.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;

use super::{
    answer::{accepted, refuse},
    endpoint::{Endpoint, RESPONSE_LIMIT, STREAM_LIMIT, invocation_id, refused},
};
use crate::{
    Reply,
    body::collect,
    header,
    queue::{Piece, Stream},
};

/// How long a process that breaks off may take to end, to be told apart from
/// one that goes on.
const CRASHING: Duration = Duration::from_secs(1);

pub(super) async fn response(
    State(endpoint): State<Endpoint>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match headers.get(header::RESPONSE_MODE) {
        None => whole(&endpoint, &request_id, &headers, body).await,
        Some(mode) if mode.as_bytes().eq_ignore_ascii_case(b"streaming") => {
            let id = invocation_id(&headers);
            let stream = endpoint
                .queue
                .stream(&endpoint.source, &request_id, id, headers.clone());
            match stream {
                // A task of its own: a function that goes away does not stop it.
                Ok(stream) => tokio::spawn(forward(stream, body))
                    .await
                    .unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "Panicked")),
                Err(refusal) => refused(refusal),
            }
        }
        Some(_) => {
            let message = "the response mode is not one that Lambda knows";
            let reply = Reply::error("Runtime.InvalidResponseModeHeader", message);
            collect(body, RESPONSE_LIMIT).await;
            endpoint.end(&request_id, &headers, Piece::End(reply));
            refuse(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode")
        }
    }
}

async fn whole(endpoint: &Endpoint, request_id: &str, headers: &HeaderMap, body: Body) -> Response {
    let Some(sent) = collect(body, RESPONSE_LIMIT).await else {
        return refuse(StatusCode::BAD_REQUEST, "TruncatedResponse");
    };
    if !sent.too_large {
        let reply = Reply::Response { body: sent.body };
        return endpoint.end(request_id, headers, Piece::End(reply));
    }
    let ended = endpoint.end(request_id, headers, Piece::End(too_large(RESPONSE_LIMIT)));
    if ended.status().is_success() {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    }
    ended
}

/// Hands the frames on as they arrive.
async fn forward(stream: Stream, mut body: Body) -> Response {
    let mut trailers = None;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return broken_off(stream).await;
        };
        match frame.into_data() {
            Ok(data) => {
                length += data.len();
                // It is read to its end, or the sender would not see the refusal.
                if length <= STREAM_LIMIT {
                    stream.send(data);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if length > STREAM_LIMIT {
        stream.end(Piece::End(too_large(STREAM_LIMIT)));
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    }
    if stream.end(Piece::Streamed(trailers)) {
        accepted()
    } else {
        refuse(StatusCode::BAD_REQUEST, "InvalidRequestID")
    }
}

/// The process may be about to end, and is then said to have crashed.
async fn broken_off(mut stream: Stream) -> Response {
    if tokio::time::timeout(CRASHING, stream.ended())
        .await
        .is_err()
    {
        let reply = Reply::error("Runtime.TruncatedResponse", "the stream was broken off");
        stream.end(Piece::End(reply));
    }
    refuse(StatusCode::BAD_REQUEST, "TruncatedResponse")
}

pub(super) async fn error(
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
    endpoint.end(&request_id, &headers, Piece::End(reply))
}

fn too_large(limit: usize) -> Reply {
    let message =
        format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    Reply::error("Function.ResponseSizeTooLarge", &message)
}
