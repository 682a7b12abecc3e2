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
    answer::{accepted, entity_too_large, refuse, truncated},
    endpoint::{Endpoint, RESPONSE_LIMIT, STREAM_LIMIT, invocation_id, refused},
    reported::{reported, too_large},
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
        return truncated();
    };
    if !sent.too_large {
        let reply = Reply::Response { body: sent.body };
        return endpoint.end(request_id, headers, Piece::End(reply));
    }
    let ended = endpoint.end(request_id, headers, Piece::End(too_large(RESPONSE_LIMIT)));
    if ended.status().is_success() {
        return entity_too_large();
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
        return entity_too_large();
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
    truncated()
}

pub(super) async fn error(
    State(endpoint): State<Endpoint>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(error) = reported(body).await else {
        return truncated();
    };
    let named = headers
        .get(header::ERROR_TYPE)
        .and_then(|value| value.to_str().ok());
    let reply = Reply::Error {
        error_type: error.error_type.or(named).map(str::to_owned),
        body: error.body,
    };
    let ended = endpoint.end(&request_id, &headers, Piece::End(reply));
    if ended.status().is_success() {
        error.answer
    } else {
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use powertools_core::{SharedClock, SharedRandom};
    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        queue::{Queue, Waiting},
        source::{Nature, Source},
    };

    /// A stream of so many megabytes, and what becomes of it.
    async fn streamed(megabytes: usize) -> (StatusCode, Piece) {
        let queue = Queue::new(SharedClock::default(), SharedRandom::default());
        let source = Source::new(Nature::default());
        let (pieces, mut received) = mpsc::unbounded_channel();
        queue.push(Waiting {
            request_id: "a".to_owned(),
            event: Bytes::new(),
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(60),
            pieces,
        });
        queue.next(&source).await.unwrap();
        let stream = queue.stream(&source, "a", None, HeaderMap::new()).unwrap();
        // One megabyte, again and again.
        let data = Bytes::from(vec![b'x'; 1024 * 1024]);
        let data = std::iter::repeat_n(Ok::<_, Infallible>(data), megabytes);
        let body = Body::from_stream(futures_util::stream::iter(data));

        let answer = forward(stream, body).await;

        let mut last = None;
        while let Some(piece) = received.recv().await {
            last = Some(piece);
        }
        (answer.status(), last.unwrap())
    }

    #[tokio::test]
    async fn a_stream_above_two_hundred_megabytes_is_refused() {
        let (status, end) = streamed(200).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(end, Piece::Streamed(None));

        let (status, end) = streamed(201).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(end, Piece::End(too_large(STREAM_LIMIT)));
    }
}
