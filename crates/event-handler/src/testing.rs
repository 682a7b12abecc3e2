//! Runs an http function in process: event JSON in, response JSON out, without a
//! Runtime API.
//!
//! The event goes through the same conversions as under `lambda_http::run`, so a test
//! sees what Lambda would send: the stage in the path, base64, the two shapes of
//! headers.

use std::{
    error::Error,
    fmt::{self, Debug, Display},
    sync::Arc,
};

use lambda_http::{
    Adapter, Context, IntoResponse, LambdaEvent, Request, lambda_runtime::Config,
    request::LambdaRequest, tower::ServiceExt,
};
use serde_json::Value;
use tower_service::Service;

/// Calls the service with an event, in the [`context`] of the request id `test`.
///
/// The event is JSON text, or a [`Value`]. The service is what would be given to
/// `lambda_http::run`.
///
/// ```
/// use lambda_http::{Body, Error, Request, Response, service_fn};
/// use powertools_event_handler::testing;
///
/// async fn hello(_: Request) -> Result<Response<Body>, Error> {
///     Ok(Response::new("hello".into()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let event = r#"{
///     "version": "2.0",
///     "rawPath": "/",
///     "headers": {},
///     "requestContext": { "http": { "method": "GET" } },
///     "isBase64Encoded": false
/// }"#;
/// let answer = testing::invoke(service_fn(hello), event).await.unwrap();
/// assert_eq!(answer["body"], "hello");
/// # }
/// ```
///
/// # Errors
///
/// The event is none that `lambda_http` knows, the service failed, or its answer has
/// no JSON. Lambda would see a failed invocation in each case.
pub async fn invoke<S, R>(service: S, event: impl Display) -> Result<Value, InvokeError<S::Error>>
where
    S: Service<Request, Response = R>,
    S::Future: Send + 'static,
    R: IntoResponse,
{
    invoke_with_context(service, event, context("test")).await
}

/// As [`invoke`], with the context given.
///
/// # Errors
///
/// As [`invoke`].
pub async fn invoke_with_context<S, R>(
    service: S,
    event: impl Display,
    context: Context,
) -> Result<Value, InvokeError<S::Error>>
where
    S: Service<Request, Response = R>,
    S::Future: Send + 'static,
    R: IntoResponse,
{
    let request: LambdaRequest = serde_json::from_str(&event.to_string())
        .map_err(|error| InvokeError(Kind::Event(error)))?;
    let response = Adapter::from(service)
        .oneshot(LambdaEvent::new(request, context))
        .await
        .map_err(|error| InvokeError(Kind::Service(error)))?;
    serde_json::to_value(response).map_err(|error| InvokeError(Kind::Response(error)))
}

/// A Lambda context as a test needs it: this request id, the function `test` with
/// 128 MB and an ARN, no deadline. What else matters can be set on it.
#[must_use]
pub fn context(request_id: &str) -> Context {
    let mut config = Config::default();
    "test".clone_into(&mut config.function_name);
    "$LATEST".clone_into(&mut config.version);
    config.memory = 128;
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    "arn:aws:lambda:eu-west-1:123456789012:function:test"
        .clone_into(&mut context.invoked_function_arn);
    context.env_config = Arc::new(config);
    context
}

/// An invocation that failed. `E` is the error of the service.
#[derive(Debug)]
pub struct InvokeError<E>(Kind<E>);

#[derive(Debug)]
enum Kind<E> {
    Event(serde_json::Error),
    Service(E),
    Response(serde_json::Error),
}

impl<E> InvokeError<E> {
    /// Whether the event is none that `lambda_http` knows.
    #[must_use]
    pub fn is_event(&self) -> bool {
        matches!(self.0, Kind::Event(_))
    }

    /// Whether the answer has no JSON: a header is not ASCII, for instance.
    #[must_use]
    pub fn is_response(&self) -> bool {
        matches!(self.0, Kind::Response(_))
    }

    /// The service's own error.
    #[must_use]
    pub fn into_service(self) -> Option<E> {
        match self.0 {
            Kind::Service(error) => Some(error),
            Kind::Event(_) | Kind::Response(_) => None,
        }
    }
}

impl<E> Display for InvokeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Event(_) => "event is none that lambda_http knows",
            Kind::Service(_) => "service failed",
            Kind::Response(_) => "answer cannot be written as JSON",
        })
    }
}

impl<E: Debug> Error for InvokeError<E> {
    /// The JSON error. That of the service need not be an [`Error`]; see
    /// [`into_service`](Self::into_service).
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Event(error) | Kind::Response(error) => Some(error),
            Kind::Service(_) => None,
        }
    }
}
