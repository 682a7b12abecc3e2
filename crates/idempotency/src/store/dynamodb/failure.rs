//! What the errors of the SDK mean.

use std::{error::Error, fmt};

use aws_sdk_dynamodb::{
    error::{BoxError, ProvideErrorMetadata, SdkError},
    operation::RequestId as _,
};

use crate::store::{StoreError, StoreErrorKind};

/// How much of the service's message is shown.
const MAX_MESSAGE: usize = 500;

/// Of a caller whom the service does not know or does not let in.
const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];

/// Of a table or an account that has too much to do.
const THROTTLED: [&str; 7] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Why DynamoDB did not do a step: the source of the [`StoreError`]s of this store. It holds
/// nothing of a record; the SDK's own errors show requests, replies and items.
#[derive(Debug)]
pub struct DynamoDbError {
    operation: &'static str,
    code: Box<str>,
    message: Option<Box<str>>,
    request_id: Option<Box<str>>,
    source: Option<BoxError>,
}

impl DynamoDbError {
    /// The service's code, `status_503` if it gave none, or one of `connection`, `request`,
    /// `response` and `timeout`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The service's name of the request, for AWS support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl fmt::Display for DynamoDbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.operation, self.code)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl Error for DynamoDbError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What an error of this call means.
pub(super) fn store_error<E>(operation: &'static str, error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let request_id = error.request_id().map(Into::into);
    let (kind, code, message) = match &error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let (code, message) = (service.err().code(), service.err().message());
            let kind = kind(
                code.unwrap_or_default(),
                message.unwrap_or_default(),
                status,
            );
            let code = code.map_or_else(|| format!("status_{status}"), str::to_owned);
            (kind, code, message.map(shortened))
        }
        SdkError::TimeoutError(_) => (StoreErrorKind::Unavailable, "timeout".to_owned(), None),
        SdkError::DispatchFailure(_) => {
            (StoreErrorKind::Unavailable, "connection".to_owned(), None)
        }
        SdkError::ResponseError(_) => (StoreErrorKind::Unavailable, "response".to_owned(), None),
        // Of the request itself: it has not been sent.
        _ => (StoreErrorKind::Other, "request".to_owned(), None),
    };
    // Of the others the source is, or shows, what the service has sent.
    let source = match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => error.into_source().ok(),
        _ => None,
    };
    StoreError::new(kind).with_source(DynamoDbError {
        operation,
        code: code.into(),
        message,
        request_id,
        source,
    })
}

fn kind(code: &str, message: &str, status: u16) -> StoreErrorKind {
    match code {
        "ResourceNotFoundException" => StoreErrorKind::TableNotFound,
        "ValidationException" => invalid(message),
        _ if DENIED.contains(&code) => StoreErrorKind::AccessDenied,
        _ if THROTTLED.contains(&code) || status == 429 => StoreErrorKind::Throttled,
        "InternalServerError" => StoreErrorKind::Unavailable,
        // An answer that could not be understood is as good as a lost one.
        _ if !(300..500).contains(&status) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Other,
    }
}

/// One code stands for all that is wrong with a request; only the text tells what.
fn invalid(message: &str) -> StoreErrorKind {
    let says = |part: &str| message.contains(part);
    // The first is the answer to a key, the others to a whole item. A wrong type for the key of
    // an index says `Index Key`.
    if says("key element does not match the schema")
        || says("Missing the key ")
        || says("Type mismatch for key ")
    {
        StoreErrorKind::KeySchema
    } else if says("has exceeded the maximum allowed size") && message.starts_with("Item size") {
        StoreErrorKind::TooLarge
    } else if says("keys has exceeded the size limit") {
        StoreErrorKind::KeyTooLong
    } else {
        StoreErrorKind::Other
    }
}

fn shortened(message: &str) -> Box<str> {
    message.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_service_have_their_kinds() {
        for (code, status, expected) in [
            (
                "ResourceNotFoundException",
                400,
                StoreErrorKind::TableNotFound,
            ),
            ("AccessDeniedException", 400, StoreErrorKind::AccessDenied),
            (
                "UnrecognizedClientException",
                400,
                StoreErrorKind::AccessDenied,
            ),
            (
                "ProvisionedThroughputExceededException",
                400,
                StoreErrorKind::Throttled,
            ),
            ("ThrottlingException", 400, StoreErrorKind::Throttled),
            ("ThrottlingException", 503, StoreErrorKind::Throttled),
            ("RequestLimitExceeded", 400, StoreErrorKind::Throttled),
            ("LimitExceededException", 400, StoreErrorKind::Throttled),
            ("", 429, StoreErrorKind::Throttled),
            ("InternalServerError", 500, StoreErrorKind::Unavailable),
            ("ServiceUnavailable", 503, StoreErrorKind::Unavailable),
            ("", 502, StoreErrorKind::Unavailable),
            ("TransactionConflictException", 400, StoreErrorKind::Other),
            ("SerializationException", 400, StoreErrorKind::Other),
        ] {
            assert_eq!(kind(code, "", status), expected, "{code} {status}");
        }
    }

    #[test]
    fn validation_exceptions_are_told_apart_by_their_text() {
        for (message, expected) in [
            (
                "The provided key element does not match the schema",
                StoreErrorKind::KeySchema,
            ),
            (
                "One or more parameter values were invalid: Missing the key pk in the item",
                StoreErrorKind::KeySchema,
            ),
            (
                "One or more parameter values were invalid: Type mismatch for key id expected: N \
                 actual: S",
                StoreErrorKind::KeySchema,
            ),
            (
                "One or more parameter values were invalid: Type mismatch for Index Key status \
                 Expected: N Actual: S IndexName: by-status",
                StoreErrorKind::Other,
            ),
            (
                "Item size has exceeded the maximum allowed size",
                StoreErrorKind::TooLarge,
            ),
            (
                "Item size to update has exceeded the maximum allowed size",
                StoreErrorKind::TooLarge,
            ),
            (
                "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size;",
                StoreErrorKind::Other,
            ),
            (
                "One or more parameter values were invalid: Aggregated size of all range keys has \
                 exceeded the size limit of 1024 bytes",
                StoreErrorKind::KeyTooLong,
            ),
        ] {
            assert_eq!(
                kind("ValidationException", message, 400),
                expected,
                "{message}"
            );
        }
    }
}
