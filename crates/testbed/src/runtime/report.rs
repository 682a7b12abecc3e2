use std::time::Duration;

use bytes::Bytes;
use powertools_local::{Exit, Invoke, StreamError, StreamHead};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// How Lambda says that an invocation ended, in its reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The function answered.
    Success,
    /// The function failed, or its process ended, or Lambda refused to invoke it.
    Error,
    /// The deadline passed.
    Timeout,
}

/// What an invocation had to do with the init of its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Init {
    /// Nothing: the environment had served others before.
    Warm,
    /// It is the first one after the init phase.
    Cold,
    /// The environment was initialised again inside of the invocation, because its init
    /// phase had failed, or the invocation before had timed out or crashed.
    Suppressed,
}

/// What becomes of an invocation, as its caller sees it.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) request_id: String,
    pub(super) invocation_id: Option<String>,
    pub(super) invoke: Invoke,
    pub(super) pid: Option<u32>,
    pub(super) init: Init,
    pub(super) init_duration: Option<Duration>,
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
}

/// What differs by how it ended.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) status: Status,
    pub(super) payload: Bytes,
    pub(super) head: Option<StreamHead>,
    pub(super) stream_error: Option<StreamError>,
    pub(super) exception: Option<&'static str>,
    pub(super) exit: Option<Exit>,
}

impl Outcome {
    pub(super) fn new(status: Status, payload: Bytes) -> Self {
        Self {
            status,
            payload,
            head: None,
            stream_error: None,
            exception: None,
            exit: None,
        }
    }

    /// An error that Lambda finds itself.
    pub(super) fn error(status: Status, error_type: &str, request_id: &str, text: &str) -> Self {
        // A struct keeps the order in which Lambda writes them.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            error_type: &'a str,
            error_message: String,
        }

        let payload = Payload {
            error_type,
            error_message: format!("RequestId: {request_id} Error: {text}"),
        };
        let json = serde_json::to_vec(&payload).expect("two texts are JSON");
        Self::new(status, json.into())
    }
}

impl Report {
    /// How it ended.
    #[must_use]
    pub fn status(&self) -> Status {
        self.outcome.status
    }

    /// The header `X-Amz-Function-Error`: `Unhandled`, or none.
    #[must_use]
    pub fn function_error(&self) -> Option<&'static str> {
        let failed = self.status() != Status::Success && self.exception().is_none();
        failed.then_some("Unhandled")
    }

    /// The exception of Lambda's own API, if the function could not even be invoked, such as
    /// `SnapStartException`.
    #[must_use]
    pub fn exception(&self) -> Option<&'static str> {
        self.outcome.exception
    }

    /// The answer, or the error in JSON; of a stream what arrived after its prelude.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.outcome.payload
    }

    /// The payload read as JSON.
    ///
    /// # Panics
    ///
    /// If it is not a `T`.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(self.payload()).unwrap_or_else(|error| {
            let payload = String::from_utf8_lossy(self.payload());
            panic!("the payload is something else: {error}: {payload}")
        })
    }

    /// The field `errorType` of an error.
    #[must_use]
    pub fn error_type(&self) -> Option<String> {
        self.field("errorType")
    }

    /// The field `errorMessage` of an error.
    #[must_use]
    pub fn error_message(&self) -> Option<String> {
        self.field("errorMessage")
    }

    fn field(&self, name: &str) -> Option<String> {
        self.function_error()?;
        let payload: Value = serde_json::from_slice(self.payload()).ok()?;
        payload.get(name)?.as_str().map(str::to_owned)
    }

    /// The prelude of a stream.
    #[must_use]
    pub fn stream_head(&self) -> Option<&StreamHead> {
        self.outcome.head.as_ref()
    }

    /// What went wrong after the stream had begun. Where it stands in the body, as
    /// `lambda_runtime` writes it, the status is that of a success.
    #[must_use]
    pub fn stream_error(&self) -> Option<&StreamError> {
        self.outcome.stream_error.as_ref()
    }

    /// The request id, which a retry has as well.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The id of this attempt; `None` if no function took the event.
    #[must_use]
    pub fn invocation_id(&self) -> Option<&str> {
        self.invocation_id.as_deref()
    }

    /// The process that it was served by or that could not be initialised for it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What it had to do with the init of its environment.
    #[must_use]
    pub fn init(&self) -> Init {
        self.init
    }

    /// How long the init took, if the invocation is the first one after it.
    #[must_use]
    pub fn init_duration(&self) -> Option<Duration> {
        self.init_duration
    }

    /// From when the function took the event to the end, which that of the process is not a
    /// part of. A suppressed init is.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// How the process ended, if that is what ended the invocation.
    #[must_use]
    pub fn exit(&self) -> Option<&Exit> {
        self.outcome.exit.as_ref()
    }
}
