use std::{
    sync::Arc,
    task::{Context, Poll},
};

use powertools_core::{InvocationScope, Observe};
use tower_service::Service;

use crate::{ResponseFuture, config::Settings};

/// Service of [`LoggerLayer`](crate::LoggerLayer).
#[derive(Debug, Clone)]
pub struct Logger<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Logger<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, R> Service<R> for Logger<S>
where
    S: Service<R>,
    R: Observe<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let scope = InvocationScope::begin(&self.settings.host, &mut request);
        ResponseFuture::new(scope.call(&mut self.inner, request, ()))
    }
}
