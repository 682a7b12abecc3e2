//! The Runtime API as a runtime asks it, with the client that the real one has.

use std::{fmt, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::BodyExt;
use lambda_runtime::{Diagnostic, Error};
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

/// An event with what stands in the headers.
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Client(PooledClient);

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        let uri = Uri::builder()
            .scheme("http")
            .authority(address.to_string())
            .path_and_query("/")
            .build()
            .expect("an address is an authority");
        Self(PooledClient::builder().with_endpoint(uri).build())
    }

    /// Asks for the next event; `None` if the answer is none, but there is one.
    pub(super) async fn next(&self) -> Result<Option<Event>, Error> {
        let request = build_request()
            .method(Method::GET)
            .uri("/2018-06-01/runtime/invocation/next")
            .body(Body::empty())?;
        let response = self.0.call(request).await?;
        if !response.status().is_success() {
            // Read, so that the connection can be used again.
            response.into_body().collect().await?;
            return Ok(None);
        }
        let (parts, body) = response.into_parts();
        let request_id = parts.headers.get(REQUEST_ID);
        Ok(Some(Event {
            request_id: request_id.ok_or("no request id")?.to_str()?.to_owned(),
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        }))
    }

    /// Sends the answer; as in the real runtime a refusal changes nothing.
    pub(super) async fn answer(
        &self,
        event: &Event,
        answer: Result<Vec<u8>, Diagnostic>,
    ) -> Result<(), Error> {
        let (kind, body) = match &answer {
            Ok(body) => ("response", body.clone()),
            Err(diagnostic) => ("error", serde_json::to_vec(diagnostic)?),
        };
        let uri = format!("/2018-06-01/runtime/invocation/{}/{kind}", event.request_id);
        let mut request = build_request()
            .method(Method::POST)
            .uri(uri)
            .body(Body::from(body))?;
        let headers = request.headers_mut();
        if answer.is_err() {
            headers.insert(ERROR_TYPE, HeaderValue::from_static("unhandled"));
        }
        if let Some(id) = event.headers.get(&INVOCATION_ID) {
            headers.insert(INVOCATION_ID, id.clone());
        }
        let response = self.0.call(request).await?;
        // Read, so that the connection can be used again.
        response.into_body().collect().await?;
        Ok(())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
