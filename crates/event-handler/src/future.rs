use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited, combinators::Collect};
use pin_project_lite::pin_project;

use crate::proxy;

pin_project! {
    /// Future of [`BufferBody`](crate::BufferBody).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        limit: usize,
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<F, B>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Calling {
            #[pin]
            inner: F,
        },
        Collecting {
            parts: Option<Parts>,
            #[pin]
            body: Collect<Limited<B>>,
        },
    }
}

impl<F, B> ResponseFuture<F, B>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(crate) fn new(inner: F, limit: usize) -> Self {
        Self {
            limit,
            state: State::Calling { inner },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Result<Response<lambda_http::Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let (parts, body) = match this.state.as_mut().project() {
                StateProject::Calling { inner } => ready!(inner.poll(cx))?.into_parts(),
                StateProject::Collecting { parts, body } => {
                    let collected = ready!(body.poll(cx));
                    let parts = parts.take().expect("polled after completion");
                    let collected = collected.map(|body| body.to_bytes());
                    return Poll::Ready(Ok(buffered(parts, collected, *this.limit)));
                }
            };
            // More can never fit, so it need not be read.
            let body = Limited::new(body, proxy::room(&parts.headers, *this.limit)).collect();
            let parts = Some(parts);
            this.state.set(State::Collecting { parts, body });
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

fn buffered(
    mut parts: Parts,
    collected: Result<Bytes, Box<dyn Error + Send + Sync>>,
    limit: usize,
) -> Response<lambda_http::Body> {
    let body = match collected {
        Ok(body) => proxy::encode(&mut parts.headers, body),
        Err(error) if error.is::<LengthLimitError>() => return too_large(limit),
        Err(error) => {
            let error: &(dyn Error + 'static) = error.as_ref();
            tracing::error!(
                target: "powertools::event_handler",
                error,
                "response body failed before its end; answered 500 instead"
            );
            return internal_server_error();
        }
    };
    if proxy::fits(&parts.headers, &body, limit) {
        Response::from_parts(parts, body)
    } else {
        too_large(limit)
    }
}

fn too_large(limit: usize) -> Response<lambda_http::Body> {
    tracing::error!(
        target: "powertools::event_handler",
        limit,
        "response is larger than the limit; answered 500 instead"
    );
    internal_server_error()
}

fn internal_server_error() -> Response<lambda_http::Body> {
    let body = r#"{"statusCode":500,"message":"Internal server error"}"#;
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
