//! What a runtime asks for: the next event, or to be restored.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use super::{
    answer::{refuse, truncated},
    endpoint::Endpoint,
    reported::reported,
};
use crate::{
    header, id,
    queue::{Busy, Handed},
    source::{Condition, Phase, Source},
};

pub(super) async fn next(State(endpoint): State<Endpoint>) -> Response {
    let next = async {
        endpoint.source.ask(Phase::Ready).await;
        endpoint.queue.next(&endpoint.source).await
    };
    let handed = match endpoint.or_closed(next).await {
        Ok(Ok(handed)) => handed,
        Ok(Err(Busy)) => return wrong_state(),
        Err(closed) => return closed,
    };
    tell_extensions(&endpoint.source, &handed);
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

/// Managed Instances have no such event.
fn tell_extensions(source: &Source, handed: &Handed) {
    if !source.nature().resets_on_timeout {
        return;
    }
    let text = |name| {
        handed
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let event = json!({
        "eventType": "INVOKE",
        "deadlineMs": u64::try_from(id::since_epoch(handed.deadline).as_millis()).unwrap_or(u64::MAX),
        "requestId": text(header::REQUEST_ID),
        "invokedFunctionArn": text(header::FUNCTION_ARN),
        "tracing": { "type": "X-Amzn-Trace-Id", "value": text(header::TRACE_ID) },
    });
    source.extensions.invoke(&event.to_string());
}

pub(super) async fn init_error(State(endpoint): State<Endpoint>, body: Body) -> Response {
    let Some(error) = reported(body).await else {
        return truncated();
    };
    let source = &endpoint.source;
    if source.nature().is_process && source.is_in(Phase::Ready) {
        return wrong_state();
    }
    // Some runtimes report the error of a hook after the restore here.
    let condition = if source.is_in(Phase::Restoring) {
        Condition::RestoreError(error.body)
    } else {
        Condition::InitError(error.body)
    };
    source.retire(condition);
    error.answer
}

/// Answers when the function is restored from its snapshot.
pub(super) async fn restore_next(State(endpoint): State<Endpoint>) -> Response {
    let restored = async {
        endpoint.source.ask(Phase::Restorable).await;
        let mut phase = endpoint.source.phase();
        // The source is here, so it cannot end.
        let _ = phase.wait_for(|phase| *phase > Phase::Restorable).await;
    };
    match endpoint.or_closed(restored).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(closed) => closed,
    }
}

pub(super) async fn restore_error(State(endpoint): State<Endpoint>, body: Body) -> Response {
    let Some(error) = reported(body).await else {
        return truncated();
    };
    if !endpoint.source.is_in(Phase::Restoring) {
        return wrong_state();
    }
    endpoint.source.retire(Condition::RestoreError(error.body));
    error.answer
}

fn wrong_state() -> Response {
    refuse(StatusCode::FORBIDDEN, "InvalidStateTransition")
}
