use std::{
    sync::Arc,
    task::{Context, Poll},
};

use powertools_core::{InvocationScope, Observe};
use tower_service::Service;

use crate::{ResponseFuture, part::Part, shared::Shared};

/// Service of [`MetricsLayer`](crate::MetricsLayer).
#[derive(Debug, Clone)]
pub struct MetricsService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> MetricsService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, R> Service<R> for MetricsService<S>
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
        let scope = InvocationScope::begin(&self.shared.settings.host, &mut request);
        let part = Part::begin(scope.invocation(), &self.shared);
        ResponseFuture::new(scope.call(&mut self.inner, request, part))
    }
}
