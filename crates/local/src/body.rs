//! Bodies of requests, read whole.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

pub(crate) struct Sent {
    pub(crate) body: Bytes,
    pub(crate) too_large: bool,
}

/// Reads all of it, also what is beyond the limit: a sender that is still
/// sending would not see the refusal. `None` if the sender broke off.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Option<Sent> {
    let mut kept = BytesMut::new();
    let mut too_large = false;
    while let Some(frame) = body.frame().await {
        // Trailers say nothing about a body that is taken whole.
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        too_large |= kept.len() + data.len() > limit;
        if !too_large {
            kept.extend_from_slice(&data);
        }
    }
    Some(Sent {
        body: kept.freeze(),
        too_large,
    })
}

/// Reads all of it and keeps nothing.
pub(crate) async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
