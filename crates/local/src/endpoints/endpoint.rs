//! What every endpoint knows.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

use super::answer::{accepted, refuse};
use crate::{
    header,
    queue::{Piece, Queue, Refusal},
    source::Source,
};

/// 6 MB and a little, as Lambda counts it.
pub(super) const RESPONSE_LIMIT: usize = 6_291_556;
pub(super) const STREAM_LIMIT: usize = 200 * 1024 * 1024;

#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) queue: Arc<Queue>,
    pub(super) source: Arc<Source>,
    pub(super) closing: watch::Receiver<()>,
}

/// Resolves when the other end of the channel is gone.
pub(crate) async fn closed(mut closing: watch::Receiver<()>) {
    while closing.changed().await.is_ok() {}
}

impl Endpoint {
    pub(super) fn end(&self, request_id: &str, headers: &HeaderMap, end: Piece) -> Response {
        let ended = self
            .queue
            .end(&self.source, request_id, invocation_id(headers), end);
        ended.map_or_else(refused, |()| accepted())
    }

    /// Waits for what may never come, and says so when the port closes.
    pub(super) async fn or_closed<T>(
        &self,
        wanted: impl Future<Output = T>,
    ) -> Result<T, Response> {
        tokio::select! {
            wanted = wanted => Ok(wanted),
            () = closed(self.closing.clone()) => {
                Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"))
            }
        }
    }
}

/// An id that is no text cannot be one of ours.
pub(super) fn invocation_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::INVOCATION_ID)
        .map(|value| value.to_str().unwrap_or_default())
}

pub(super) fn refused(refusal: Refusal) -> Response {
    let error_type = match refusal {
        Refusal::UnknownRequest => "InvalidRequestID",
        Refusal::WrongInvocation => "InvalidInvocationId",
    };
    refuse(StatusCode::BAD_REQUEST, error_type)
}
