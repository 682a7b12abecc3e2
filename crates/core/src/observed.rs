use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use http::StatusCode;
use pin_project_lite::pin_project;
use tracing::Span;

use crate::{InInvocation, Invocation, Observe, Outcome, timer::DeadlineTimer};

/// What an observing layer does when its part of an invocation has ended.
pub trait Observer: Send + 'static {
    /// Whether [`finish`](Self::finish) runs with the invocation and its span entered.
    /// One that runs no code of others and looks for neither can do without, which is
    /// cheaper.
    const ENTERS: bool = true;

    /// Called before the [`finish`](Self::finish) of a call that returned an answer with an
    /// http status. A panic in it is caught as well. Default: nothing.
    fn answered(&mut self, status: StatusCode) {
        let _ = status;
    }

    /// Called exactly once, as part of the invocation: when the inner future is
    /// ready, when it or the inner service's `call` panics, or when it is dropped
    /// before. With a [`StreamScope`](crate::StreamScope) in the stack, when the
    /// body has ended.
    ///
    /// It must not block. A panic in it is caught, and never replaces the
    /// handler's answer.
    fn finish(self, invocation: &Invocation, outcome: Outcome);
}

/// Observes nothing.
impl Observer for () {
    const ENTERS: bool = false;

    fn finish(self, _invocation: &Invocation, _outcome: Outcome) {}
}

pin_project! {
    /// The future of an observing layer: the inner future as part of its
    /// invocation, whose [`Observer`] learns of the end exactly once.
    ///
    /// Response and error are the inner future's own. It allocates nothing but one
    /// timer per invocation, and that only if a deadline is known and a flush was
    /// registered. It is `Send` whenever the inner future is.
    #[must_use = "futures do nothing unless polled"]
    pub struct Observed<F, R, O: Observer> {
        // Before `completion`: what the handler left is dropped before the finish. Once
        // it is ready, it has dropped the handler's future by itself.
        #[pin]
        inner: InInvocation<F>,
        timer: DeadlineTimer,
        completion: Completion<O>,
        _request: PhantomData<fn(R)>,
    }
}

impl<F: Future, R, O: Observer> Observed<F, R, O> {
    #[inline]
    pub(crate) fn new(
        future: F,
        invocation: Invocation,
        span: Span,
        completion: Completion<O>,
    ) -> Self {
        Self {
            inner: InInvocation::new(future, invocation, span),
            timer: DeadlineTimer::default(),
            completion,
            _request: PhantomData,
        }
    }
}

impl<F, R, O, Res, Err> Future for Observed<F, R, O>
where
    F: Future<Output = Result<Res, Err>>,
    R: Observe<Res, Err>,
    O: Observer,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let inner = this.inner;
        // The inner future first: a ready answer must never lose to a timer.
        let Poll::Ready(result) = this.completion.guard_panic(|| inner.poll(cx)) else {
            if this.completion.outermost {
                this.timer.poll(&this.completion.invocation, cx);
            }
            return Poll::Pending;
        };
        if let Some(status) = R::status_code(&result) {
            this.completion.answered(status);
        }
        this.completion.complete(R::outcome(&result));
        Poll::Ready(result)
    }
}

impl<F, R, O: Observer> fmt::Debug for Observed<F, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("invocation", &self.completion.invocation)
            .finish_non_exhaustive()
    }
}

/// Brings the observer the one end of its part.
pub(crate) struct Completion<O: Observer> {
    invocation: Invocation,
    span: Span,
    outermost: bool,
    observer: Option<O>,
}

impl<O: Observer> Completion<O> {
    #[inline]
    pub(crate) fn new(invocation: Invocation, span: Span, outermost: bool, observer: O) -> Self {
        Self {
            invocation,
            span,
            outermost,
            observer: Some(observer),
        }
    }

    fn answered(&mut self, status: StatusCode) {
        let Some(observer) = &mut self.observer else {
            return;
        };
        if catch_unwind(AssertUnwindSafe(|| observer.answered(status))).is_err() {
            warn_of_panic();
        }
    }

    /// Runs a step of the inner service; a panic in it is the end.
    #[inline]
    pub(crate) fn guard_panic<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let armed = Armed(self);
        let done = step();
        armed.disarm();
        done
    }

    #[inline]
    fn complete(&mut self, outcome: Outcome) {
        let Some(observer) = self.observer.take() else {
            return;
        };
        let Self {
            invocation,
            span,
            outermost,
            ..
        } = self;
        // Nobody needs the span afterwards: its clone would cost as much as all the rest.
        let span = std::mem::replace(span, Span::none());
        let (invocation, outermost) = (invocation.clone(), *outermost);
        let finish = move |body| {
            let outcome = outcome.and_body(body);
            invocation.record_outcome(outcome);
            let told = catch_unwind(AssertUnwindSafe(|| {
                let finish = || observer.finish(&invocation, outcome);
                match O::ENTERS {
                    true => invocation.enter(|| span.in_scope(finish)),
                    false => finish(),
                }
            }));
            if told.is_err() {
                warn_of_panic();
            }
            if outermost {
                invocation.end();
            }
        };
        self.invocation.holds().finish(finish);
    }
}

#[cold]
fn warn_of_panic() {
    tracing::warn!(
        target: "powertools::core",
        "a layer panicked at the end of an invocation; the answer is not affected"
    );
}

impl<O: Observer> Drop for Completion<O> {
    fn drop(&mut self) {
        // Reached with an observer only if the inner future was never ready.
        self.complete(Outcome::Cancelled);
    }
}

/// Dropped armed only while a panic unwinds: `thread::panicking()` would not tell,
/// the runtime drops the future after it has caught the panic.
struct Armed<'a, O: Observer>(&'a mut Completion<O>);

impl<O: Observer> Armed<'_, O> {
    fn disarm(self) {
        let _ = std::mem::ManuallyDrop::new(self);
    }
}

impl<O: Observer> Drop for Armed<'_, O> {
    fn drop(&mut self) {
        self.0.complete(Outcome::Panic);
    }
}
