use std::{
    fmt,
    mem::replace,
    task::{Context, Poll},
};

use powertools_core::{InvocationScope, Observe};
use tower_service::Service;

use crate::{
    Exchange, IdempotencyConfig, IdempotencyStore, KeepErrors, NoErrors, NoHook, ReplayHook,
    ResponseFuture, future::Call,
};

/// Service of [`IdempotencyLayer`](crate::IdempotencyLayer).
pub struct Idempotency<S, St, H = NoHook, F = NoErrors> {
    inner: S,
    config: IdempotencyConfig<St, H, F>,
}

impl<S, St, H, F> Idempotency<S, St, H, F> {
    pub(crate) fn new(inner: S, config: IdempotencyConfig<St, H, F>) -> Self {
        Self { inner, config }
    }
}

impl<S, R, St, H, F> Service<R> for Idempotency<S, St, H, F>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    R: Exchange<S::Response, S::Error> + Observe<S::Response, R::Error> + 'static,
    St: IdempotencyStore,
    H: ReplayHook<S::Response>,
    F: KeepErrors<S::Error>,
{
    type Response = S::Response;
    type Error = R::Error;
    type Future = ResponseFuture<S::Future, R, S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        self.inner
            .poll_ready(cx)
            .map_err(|error| R::fail(error, None))
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let host = &self.config.shared.settings.host;
        let scope = InvocationScope::begin(host, &mut request);
        // The clone is not ready; the one that is goes into the future.
        let clone = self.inner.clone();
        let inner = replace(&mut self.inner, clone);
        let mut call = Call::new(inner, &self.config, scope.invocation().clone());
        ResponseFuture::new(scope.call(&mut call, request, ()))
    }
}

// By hand: a derive would ask `H: Clone`.
impl<S: Clone, St, H, F> Clone for Idempotency<S, St, H, F> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            config: self.config.clone(),
        }
    }
}

impl<S, St, H, F> fmt::Debug for Idempotency<S, St, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
