use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tower_service::Service;

/// An inner service that holds a layer to Tower's contract.
///
/// It is ready only after it was polled twice, a clone is not ready, and `call` uses
/// the readiness up. A layer that calls an instance it has not readied panics here, as
/// it would in front of a rate limit.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use powertools_core::test_util::StatefulInner;
/// use tower::ServiceExt;
///
/// let inner = StatefulInner::new(async |n: u32| Ok::<_, ()>(n + 1));
/// assert_eq!(inner.clone().oneshot(1).await, Ok(2));
/// assert_eq!(inner.calls(), 1);
/// # }
/// ```
pub struct StatefulInner<H> {
    handler: H,
    polled: bool,
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl<H> StatefulInner<H> {
    /// Answers with the handler.
    pub fn new(handler: H) -> Self {
        Self {
            handler,
            polled: false,
            ready: false,
            calls: Arc::default(),
        }
    }

    /// How often any clone was called.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl<H, F, R, Res, Err> Service<R> for StatefulInner<H>
where
    H: FnMut(R) -> F,
    F: Future<Output = Result<Res, Err>>,
{
    type Response = Res;
    type Error = Err;
    type Future = F;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Err>> {
        if !self.polled {
            self.polled = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> F {
        assert!(self.ready, "call on an instance that was not readied");
        self.ready = false;
        self.polled = false;
        self.calls.fetch_add(1, Ordering::Relaxed);
        (self.handler)(request)
    }
}

impl<H: Clone> Clone for StatefulInner<H> {
    fn clone(&self) -> Self {
        // Readiness belongs to the instance that was polled.
        Self {
            handler: self.handler.clone(),
            polled: false,
            ready: false,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl<H> fmt::Debug for StatefulInner<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatefulInner")
            .field("ready", &self.ready)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
