//! What our errors say, in words that the mapping knows.

use std::error::Error;

use powertools_core::LayerError;
use powertools_idempotency::{
    IdempotencyConfigError, IdempotencyError, IdempotencyErrorKind, StoreError, StoreErrorKind,
    store::dynamodb::{DynamoDbConfigError, DynamoDbError, InvalidAttribute},
};

use super::outcome::Boom;
use crate::json::Json;

/// An error of this type, with more about it.
fn error<'a>(r#type: &str, more: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Json {
    let more = more.into_iter();
    let more = more.filter_map(|(name, text)| Some((name, Json::text(text?))));
    Json::object([("type", Json::text(r#type))].into_iter().chain(more))
}

/// Why there is no layer.
pub(super) fn of_config(failure: &IdempotencyConfigError) -> Json {
    let source = failure.source();
    let expression = source.and_then(|s| s.downcast_ref::<powertools_jmespath::Error>());
    match (expression, source) {
        (Some(expression), _) => error(expression.code(), []),
        (None, Some(_)) => error("environment", []),
        (None, None) if failure.to_string().starts_with("the id ") => error("id", []),
        (None, None) => error("duration", []),
    }
}

/// Why there is no store.
pub(super) fn of_store(failure: &DynamoDbConfigError) -> Json {
    error("store", [("message", Some(failure.to_string()))])
}

/// What the handler itself returned.
fn of_handler(boom: &Boom) -> Json {
    error(boom.class(), [("message", Some(boom.to_string()))])
}

/// What a call returned instead of an answer.
pub(super) fn of_call(failure: &LayerError<Boom, IdempotencyError>) -> Json {
    match failure {
        LayerError::Inner(boom) => of_handler(boom),
        LayerError::Layer(own) => of_layer(own),
        _ => error("another", []),
    }
}

/// What the layer has to say.
fn of_layer(failure: &IdempotencyError) -> Json {
    let source = failure.source();
    // As in Python, what the hook said.
    if let Some(boom) = source.and_then(|source| source.downcast_ref::<Boom>()) {
        return of_handler(boom);
    }
    let key = failure.key().map(str::to_owned);
    let key = key.filter(|_| failure.is_in_progress());
    let cause = source.and_then(cause);
    error(word(failure.kind()), [("cause", cause), ("key", key)])
}

/// The same for a key alone, where an expression that fails is told by its own code.
pub(super) fn of_key(failure: &IdempotencyError) -> Json {
    match failure.source().and_then(cause) {
        Some(code) => error(&code, []),
        None => error(word(failure.kind()), []),
    }
}

fn cause(source: &(dyn Error + 'static)) -> Option<String> {
    if let Some(expression) = source.downcast_ref::<powertools_jmespath::Error>() {
        return Some(expression.code().to_owned());
    }
    let store = source.downcast_ref::<StoreError>()?;
    let inner = store.source();
    if let Some(service) = inner.and_then(|inner| inner.downcast_ref::<DynamoDbError>()) {
        return Some(service.code().to_owned());
    }
    if let Some(attribute) = inner.and_then(|inner| inner.downcast_ref::<InvalidAttribute>()) {
        let word = match attribute.is_missing() {
            true => "missing_attribute",
            false => "invalid_attribute",
        };
        return Some(word.to_owned());
    }
    Some(store_word(store.kind()).to_owned())
}

fn store_word(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::InvalidRecord => "invalid_record",
        StoreErrorKind::InvalidStatus => "invalid_status",
        _ => "store",
    }
}

fn word(kind: IdempotencyErrorKind) -> &'static str {
    match kind {
        IdempotencyErrorKind::MissingKey => "missing_key",
        IdempotencyErrorKind::Expression => "expression",
        IdempotencyErrorKind::Payload => "payload",
        IdempotencyErrorKind::InProgress => "in_progress",
        IdempotencyErrorKind::PayloadMismatch => "payload_mismatch",
        IdempotencyErrorKind::InconsistentState => "inconsistent_state",
        IdempotencyErrorKind::NoTimeLeft => "no_time_left",
        IdempotencyErrorKind::LeaseLost => "lease_lost",
        IdempotencyErrorKind::Claim => "claim",
        IdempotencyErrorKind::Read => "read",
        IdempotencyErrorKind::Complete => "complete",
        IdempotencyErrorKind::Release => "release",
        IdempotencyErrorKind::Unstorable => "unstorable",
        IdempotencyErrorKind::TooLarge => "too_large",
        IdempotencyErrorKind::UnreadableAnswer => "unreadable_answer",
        _ => "another",
    }
}
