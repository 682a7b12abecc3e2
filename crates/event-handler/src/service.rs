use std::{
    error::Error,
    task::{Context, Poll},
};

use http::Response;
use http_body::Body;
use tower_service::Service;

use crate::ResponseFuture;

/// Service of [`BufferBodyLayer`](crate::BufferBodyLayer).
#[derive(Debug, Clone)]
pub struct BufferBody<S> {
    inner: S,
    limit: usize,
}

impl<S> BufferBody<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self { inner, limit }
    }
}

impl<S, R, B> Service<R> for BufferBody<S>
where
    S: Service<R, Response = Response<B>>,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<lambda_http::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        ResponseFuture::new(self.inner.call(request), self.limit)
    }
}
