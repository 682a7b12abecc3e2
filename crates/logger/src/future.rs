use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use powertools_core::{Observe, Observed};

pin_project! {
    /// Future of [`Logger`](crate::Logger).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, R> {
        // Lines are written at once, so there is nothing to do at the end.
        #[pin]
        inner: Observed<F, R, ()>,
    }
}

impl<F, R> ResponseFuture<F, R> {
    pub(crate) fn new(inner: Observed<F, R, ()>) -> Self {
        Self { inner }
    }
}

impl<F, R, Res, Err> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Res, Err>>,
    R: Observe<Res, Err>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
