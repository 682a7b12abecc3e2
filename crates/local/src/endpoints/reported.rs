//! Errors that a runtime reports.

use axum::{body::Body, response::Response};
use bytes::Bytes;

use super::{
    answer::{accepted, entity_too_large},
    endpoint::RESPONSE_LIMIT,
};
use crate::{Reply, body::collect};

const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

/// An error, and how its report is answered.
pub(super) struct Reported {
    pub(super) body: Bytes,
    /// The type, if it is not for the runtime to say.
    pub(super) error_type: Option<&'static str>,
    pub(super) answer: Response,
}

/// Reads a report. Lambda's own error is in the place of one above the limit;
/// there is none if the sender broke off.
pub(super) async fn reported(body: Body) -> Option<Reported> {
    let sent = collect(body, RESPONSE_LIMIT).await?;
    let own = sent.too_large.then(|| too_large(RESPONSE_LIMIT));
    Some(match own.as_ref().and_then(Reply::body) {
        Some(body) => Reported {
            body: body.clone(),
            error_type: Some(TOO_LARGE),
            answer: entity_too_large(),
        },
        None => Reported {
            body: sent.body,
            error_type: None,
            answer: accepted(),
        },
    })
}

pub(super) fn too_large(limit: usize) -> Reply {
    let message =
        format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    Reply::error(TOO_LARGE, &message)
}
