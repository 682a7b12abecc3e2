//! The Extensions API, as far as the life of an environment needs it.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, header::CONTENT_TYPE};
use serde::Deserialize;

use super::{
    answer::{accepted, forbid},
    endpoint::{Endpoint, RESPONSE_LIMIT},
};
use crate::{
    arn::ACCOUNT,
    body::collect,
    extension::{EventType, Refused},
    header, id,
    source::{Condition, Phase},
};

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<EventType>,
}

pub(super) async fn register(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let source = &endpoint.source;
    let Some(name) = text(&headers, &header::EXTENSION_NAME) else {
        return forbid("Extension.InvalidExtensionName", "Empty extension name");
    };
    let is_process = source.nature().is_process;
    // Who is waited for can always come.
    let is_closed = !source.is_in(Phase::Initialising) && !source.extensions.is_declared(name);
    if is_process && is_closed {
        return forbid(
            "Extension.RegistrationClosed",
            "Extension registration closed already",
        );
    }
    let sent = collect(body, RESPONSE_LIMIT).await;
    let registration = sent.and_then(|sent| serde_json::from_slice(&sent.body).ok());
    let Some(Registration { events }) = registration else {
        return forbid("InvalidRequestFormat", "the body names no known events");
    };
    let identifier = id::uuid(&endpoint.queue.random);
    // At the shared address nobody is told of an extension's end, so none is
    // recorded: it would keep its name and be waited for.
    let registered = if is_process {
        source.extensions.register(&identifier, name, events)
    } else {
        Ok(())
    };
    if let Err(refused) = registered {
        let (error_type, message) = match refused {
            Refused::NameTaken => (
                "Extension.InvalidExtensionState",
                "Extension with this name already registered",
            ),
            Refused::TooMany => (
                "Extension.TooManyExtensions",
                "Extension limit (10) reached",
            ),
            Refused::ShutdownOfInternal => (
                "Extension.InvalidEventType",
                "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
            ),
            Refused::InvokeOnManaged => (
                "Extension.InvalidEventType",
                "INVOKE: not supported on Managed Instances",
            ),
        };
        return forbid(error_type, message);
    }
    let mut body = serde_json::json!({
        "functionName": source.nature().function_name,
        "functionVersion": "$LATEST",
        "handler": "bootstrap",
    });
    let features = text(&headers, &header::EXTENSION_FEATURES).unwrap_or_default();
    if features
        .split(',')
        .any(|feature| feature.trim() == "accountId")
    {
        body["accountId"] = ACCOUNT.into();
    }
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (header::EXTENSION_IDENTIFIER, identifier),
    ];
    (headers, body.to_string()).into_response()
}

pub(super) async fn next(State(endpoint): State<Endpoint>, headers: HeaderMap) -> Response {
    let id = match known(&endpoint, &headers) {
        Ok(id) => id,
        Err((error_type, message)) => return forbid(error_type, message),
    };
    let next = endpoint.source.extensions.next(id);
    let event = match endpoint.or_closed(next).await {
        Ok(event) => event,
        Err(closed) => return closed,
    };
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (header::EXTENSION_EVENT, id::uuid(&endpoint.queue.random)),
    ];
    (headers, event).into_response()
}

pub(super) async fn init_error(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    fail(&endpoint, &headers, body, "Extension.InitError").await
}

pub(super) async fn exit_error(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    fail(&endpoint, &headers, body, "Extension.ExitError").await
}

async fn fail(endpoint: &Endpoint, headers: &HeaderMap, body: Body, error: &str) -> Response {
    collect(body, RESPONSE_LIMIT).await;
    let id = match known(endpoint, headers) {
        Ok(id) => id,
        Err((error_type, message)) => return forbid(error_type, message),
    };
    if text(headers, &header::EXTENSION_ERROR_TYPE).is_none() {
        let message = "Lambda-Extension-Function-Error-Type not found";
        return forbid("Extension.MissingHeader", message);
    }
    endpoint.source.extensions.give_up(id);
    endpoint
        .source
        .retire(Condition::ExtensionError(error.to_owned()));
    accepted()
}

/// The identifier, if it is that of a registered extension; else what is wrong.
/// At the shared address any of them may be registered.
fn known<'a>(
    endpoint: &Endpoint,
    headers: &'a HeaderMap,
) -> Result<&'a str, (&'static str, &'static str)> {
    let id = text(headers, &header::EXTENSION_IDENTIFIER).ok_or((
        "Extension.MissingExtensionIdentifier",
        "Missing Lambda-Extension-Identifier header",
    ))?;
    let shaped = id.len() == 36
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if !shaped {
        return Err((
            "Extension.InvalidExtensionIdentifier",
            "Invalid Lambda-Extension-Identifier",
        ));
    }
    let source = &endpoint.source;
    if source.nature().is_process && !source.extensions.knows(id) {
        return Err(("Extension.UnknownExtensionIdentifier", "Unknown extension"));
    }
    Ok(id)
}

/// The value of a header, unless it is empty or no text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then_some(value)
}
