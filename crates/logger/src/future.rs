use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use powertools_core::{Observe, Observed};

use crate::part::Part;

pin_project! {
    /// Future of [`Logger`](crate::Logger).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, R> {
        #[pin]
        inner: Observed<Reported<F>, R, Part>,
    }
}

impl<F, R> ResponseFuture<F, R> {
    #[inline]
    pub(crate) fn new(inner: Observed<Reported<F>, R, Part>) -> Self {
        Self { inner }
    }
}

impl<F, R, Res, Err> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Res, Err>>,
    R: Observe<Res, Err>,
    Err: fmt::Debug + Any,
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

pin_project! {
    /// The inner future, whose error is told while the invocation is still open.
    pub struct Reported<F> {
        #[pin]
        inner: F,
        part: Part,
    }
}

impl<F> Reported<F> {
    #[inline]
    pub(crate) fn new(inner: F, part: Part) -> Self {
        Self { inner, part }
    }
}

impl<F, Res, Err> Future for Reported<F>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Debug + Any,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        if let Err(error) = &result {
            this.part.report(error);
        }
        Poll::Ready(result)
    }
}
