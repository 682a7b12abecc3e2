//! How code finds the invocation it runs in, and takes it along.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::{
    task::{JoinHandle, futures::TaskLocalFuture},
    task_local,
};
use tracing::{Instrument, Span, dispatcher, instrument::Instrumented};
use tracing_subscriber::{
    Registry,
    registry::{LookupSpan, Scope},
};

use crate::Invocation;

task_local! {
    // `None` in a task that was spawned through core from outside any invocation.
    static CURRENT: Option<Invocation>;
}

impl Invocation {
    /// As [`current`](Self::current), without the detached one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        Self::of_task().or_else(Self::of_span)
    }

    /// The invocation of the running task, without a look at the spans.
    #[must_use]
    pub fn of_task() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// Runs a closure with the invocation of the running task, without a handle of its
    /// own: for checks that run on every event.
    ///
    /// # Panics
    ///
    /// The closure enters an invocation, this or another.
    pub fn with_task<T>(run: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT
            .try_with(|current| current.as_ref().map(run))
            .ok()
            .flatten()
    }

    /// The invocation that the nearest of these spans carries, for `tracing` layers.
    ///
    /// The root span alone would not do: under `run_concurrent` it is the runtime's
    /// worker span, which outlives invocations.
    #[must_use]
    pub fn of_scope<'a, S: LookupSpan<'a>>(scope: Scope<'a, S>) -> Option<Self> {
        // Leaf to root.
        scope
            .into_iter()
            .find_map(|span| span.extensions().get::<Self>().cloned())
    }

    fn of_span() -> Option<Self> {
        dispatcher::get_default(|dispatch| {
            let current = dispatch.current_span();
            let registry = dispatch.downcast_ref::<Registry>()?;
            Self::of_scope(registry.span(current.id()?)?.scope())
        })
    }

    /// Runs a closure as part of this invocation.
    pub fn enter<T>(&self, run: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Some(self.clone()), run)
    }

    /// Has the span carry this invocation, for tasks that only take their span along.
    pub(crate) fn attach_to(&self, span: &Span) {
        span.with_subscriber(|(id, dispatch)| {
            let registry = dispatch.downcast_ref::<Registry>();
            if let Some(span) = registry.and_then(|registry| registry.span(id)) {
                // Never `insert`: it panics if there is one.
                span.extensions_mut().replace(self.clone());
            }
        });
    }
}

/// Takes the invocation along into a future, wherever it is polled.
pub trait InvocationExt: Future + Sized {
    /// Wraps the future so that it is part of the invocation and the span that are
    /// current now. For `JoinSet` and for runtimes' own `spawn`:
    ///
    /// ```
    /// use powertools_core::InvocationExt;
    ///
    /// # async fn handler() {
    /// let mut set = tokio::task::JoinSet::new();
    /// set.spawn(async { tracing::info!("has the request id") }.in_invocation());
    /// # }
    /// ```
    fn in_invocation(self) -> InInvocation<Self> {
        let invocation = Invocation::try_current();
        InInvocation {
            future: CURRENT.scope(invocation, self.in_current_span()),
        }
    }
}

impl<F: Future> InvocationExt for F {}

pin_project! {
    /// Future of [`InvocationExt::in_invocation`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InInvocation<F> {
        #[pin]
        future: TaskLocalFuture<Option<Invocation>, Instrumented<F>>,
    }
}

impl<F: Future> InInvocation<F> {
    /// As part of the given invocation and span.
    #[inline]
    pub(crate) fn new(future: F, invocation: Invocation, span: Span) -> Self {
        Self {
            future: CURRENT.scope(Some(invocation), future.instrument(span)),
        }
    }
}

impl<F: Future> Future for InInvocation<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl<F> std::fmt::Debug for InInvocation<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InInvocation").finish_non_exhaustive()
    }
}

/// `tokio::spawn` that takes the invocation and the span along.
///
/// # Panics
///
/// Outside a tokio runtime, as `tokio::spawn`.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.in_invocation())
}

/// `tokio::task::spawn_blocking` that takes the invocation and the span along.
///
/// # Panics
///
/// Outside a tokio runtime, as `tokio::task::spawn_blocking`.
pub fn spawn_blocking<F, T>(run: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let invocation = Invocation::try_current();
    let span = Span::current();
    tokio::task::spawn_blocking(move || CURRENT.sync_scope(invocation, || span.in_scope(run)))
}
