use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

/// What the function is given: the event and what stands in the headers of
/// `/next`.
///
/// What is not set is made up for each invocation: a random request id, a
/// fresh sampled trace id, a time-out of 30 seconds.
///
/// ```
/// use std::time::Duration;
/// use powertools_local::Invoke;
///
/// let invoke = Invoke::new(r#"{"order":1}"#).timeout(Duration::from_secs(3)).tenant_id("blue");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Invoke {
    pub(crate) event: Bytes,
    pub(crate) timeout: Duration,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) function_arn: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_context: Option<String>,
    pub(crate) cognito_identity: Option<String>,
}

impl Invoke {
    /// An invocation with this event, which Lambda wants to be JSON.
    pub fn new(event: impl Into<Bytes>) -> Self {
        Self {
            event: event.into(),
            timeout: Duration::from_secs(30),
            request_id: None,
            trace_id: None,
            function_arn: None,
            tenant_id: None,
            client_context: None,
            cognito_identity: None,
        }
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &Bytes {
        &self.event
    }

    /// The time from the moment the function takes the event to its deadline.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The request id. Lambda gives a retry the same one.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The X-Ray trace header, as in `Root=1-…;Parent=…;Sampled=1`.
    pub fn trace_id(mut self, header: impl Into<String>) -> Self {
        self.trace_id = Some(header.into());
        self
    }

    /// The ARN that was invoked.
    pub fn function_arn(mut self, arn: impl Into<String>) -> Self {
        self.function_arn = Some(arn.into());
        self
    }

    /// The tenant of a function with tenant isolation.
    pub fn tenant_id(mut self, id: impl Into<String>) -> Self {
        self.tenant_id = Some(id.into());
        self
    }

    /// The client context of the AWS Mobile SDK, as JSON.
    pub fn client_context(mut self, json: impl Into<String>) -> Self {
        self.client_context = Some(json.into());
        self
    }

    /// The Cognito identity of the caller, as JSON.
    pub fn cognito_identity(mut self, json: impl Into<String>) -> Self {
        self.cognito_identity = Some(json.into());
        self
    }
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// The function answered.
    #[non_exhaustive]
    Response {
        /// The answer, JSON as a rule.
        body: Bytes,
    },
    /// The function streamed its answer, which is collected here.
    #[non_exhaustive]
    Streamed {
        /// The status code of the prelude; 200 if the stream has none.
        status: StatusCode,
        /// The headers of the prelude.
        headers: HeaderMap,
        /// The values for `set-cookie` of the prelude.
        cookies: Vec<String>,
        /// Everything after the prelude.
        body: Bytes,
        /// What went wrong after the stream had begun.
        error: Option<StreamError>,
    },
    /// The function failed or panicked, or its answer broke a limit.
    #[non_exhaustive]
    Error {
        /// The header `Lambda-Runtime-Function-Error-Type`.
        error_type: Option<String>,
        /// JSON with `errorType` and `errorMessage`.
        body: Bytes,
    },
    /// The deadline passed without an answer.
    TimedOut,
    /// The function's process ended without an answer.
    Crashed,
}

impl Reply {
    pub(crate) fn error(error_type: &str, message: &str) -> Self {
        let body = serde_json::json!({ "errorType": error_type, "errorMessage": message });
        Self::Error {
            error_type: Some(error_type.to_owned()),
            body: body.to_string().into(),
        }
    }

    /// The body that the function sent; `None` if it sent nothing.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        match self {
            Self::Response { body, .. }
            | Self::Streamed { body, .. }
            | Self::Error { body, .. } => Some(body),
            Self::TimedOut | Self::Crashed => None,
        }
    }

    /// The body read as JSON; `None` if there is none or it is not a `T`.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body()?).ok()
    }
}

/// An error that the function met while it streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamError {
    /// The trailer `Lambda-Runtime-Function-Error-Type`.
    pub error_type: String,
    /// The trailer `Lambda-Runtime-Function-Error-Body`, decoded.
    pub body: Bytes,
    pub(crate) in_body: bool,
}

impl StreamError {
    /// Whether it stands in the last bytes of the body, as `lambda_runtime` 1.5
    /// writes it, and not in trailers. Lambda most likely takes such a stream
    /// for complete.
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        self.in_body
    }
}
