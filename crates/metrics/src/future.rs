use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use powertools_core::{Observe, Observed};

use crate::part::Part;

pin_project! {
    /// Future of [`MetricsService`](crate::MetricsService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, R> {
        #[pin]
        inner: Observed<F, R, Part>,
    }
}

impl<F, R> ResponseFuture<F, R> {
    #[inline]
    pub(crate) fn new(inner: Observed<F, R, Part>) -> Self {
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
