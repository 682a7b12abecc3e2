use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use crate::{Host, Invocation, InvocationScope, Observe, Observed, Outcome, timer::DeadlineTimer};

/// Layer for handlers whose answer is a stream.
///
/// The runtime polls a streamed body in a task of its own, after the handler's
/// future has ended. Without this layer, what the body logs carries no invocation,
/// and the other layers finish before the body has begun. With it, each frame is
/// polled as part of the invocation, and every layer's finish, whether it stands
/// inside or outside of this one, waits for the end of the body. A body that fails
/// is a [`Fault`](Outcome::Fault), one that is dropped before its end is
/// [`Cancelled`](Outcome::Cancelled).
///
/// # Example
///
/// ```
/// use powertools_core::StreamScopeLayer;
/// use tower::ServiceBuilder;
///
/// # async fn handler(_: http::Request<()>) -> Result<http::Response<String>, std::convert::Infallible> {
/// #     Ok(http::Response::new(String::new()))
/// # }
/// let service = ServiceBuilder::new()
///     // … logger, metrics, tracer …
///     .layer(StreamScopeLayer::default())
///     .service_fn(handler);
/// # let _ = service;
/// ```
///
/// # Order
///
/// Anywhere; innermost is cheapest to reason about.
///
/// # Errors
///
/// Errors and responses are the inner service's own; only the body is wrapped.
///
/// # Concurrency
///
/// A scope is kept by one body. Bodies of several invocations share nothing. The body
/// of a nested in-process call that joins the invocation keeps the finish of the outer
/// layers back as well.
///
/// # Cost
///
/// For each layer in the stack one allocation, which keeps its finish until the body
/// has ended. Buffered answers do not need it.
#[derive(Debug, Clone, Default)]
pub struct StreamScopeLayer {
    host: Host,
}

impl StreamScopeLayer {
    /// A layer that reads clock and environment from the given host.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self { host }
    }
}

impl<S> Layer<S> for StreamScopeLayer {
    type Service = ScopeStreams<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ScopeStreams {
            inner,
            host: self.host.clone(),
        }
    }
}

/// Service of [`StreamScopeLayer`].
#[derive(Debug, Clone)]
pub struct ScopeStreams<S> {
    inner: S,
    host: Host,
}

impl<S, R> Service<R> for ScopeStreams<S>
where
    S: Service<R>,
    S::Response: Streamed,
    R: Observe<S::Response, S::Error>,
{
    type Response = <S::Response as Streamed>::Scoped;
    type Error = S::Error;
    type Future = ScopeStreamsFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let scope = InvocationScope::begin(&self.host, &mut request);
        // Before the call, so that layers inside wait as well.
        let hold = StreamHold::new(&scope);
        ScopeStreamsFuture {
            inner: scope.call(&mut self.inner, request, ()),
            hold: Some(hold),
        }
    }
}

pin_project! {
    /// Future of [`ScopeStreams`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ScopeStreamsFuture<F, R> {
        // Before `hold`: the layers inside finish into it.
        #[pin]
        inner: Observed<F, R, ()>,
        hold: Option<StreamHold>,
    }
}

impl<F, R, Res, Err> Future for ScopeStreamsFuture<F, R>
where
    F: Future<Output = Result<Res, Err>>,
    R: Observe<Res, Err>,
    Res: Streamed,
{
    type Output = Result<Res::Scoped, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let mut hold = this.hold.take().expect("polled after completion");
        Poll::Ready(match result {
            Ok(response) => Ok(response.scope(hold)),
            Err(error) => {
                // The layers have their outcome from the error.
                hold.release(Outcome::Ok);
                Err(error)
            }
        })
    }
}

impl<F, R> fmt::Debug for ScopeStreamsFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeStreamsFuture").finish_non_exhaustive()
    }
}

/// A response with a stream inside.
pub trait Streamed {
    /// The response, its stream in a [`StreamScope`].
    type Scoped;

    /// Wraps the stream.
    fn scope(self, hold: StreamHold) -> Self::Scoped;
}

impl<B: Body> Streamed for http::Response<B> {
    type Scoped = http::Response<StreamScope<B>>;

    fn scope(self, hold: StreamHold) -> Self::Scoped {
        self.map(|body| {
            // Nobody polls a body that is empty from the start.
            let ended = body.is_end_stream();
            StreamScope::new(body, hold, ended)
        })
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<S> Streamed for lambda_runtime::StreamResponse<S> {
    type Scoped = lambda_runtime::StreamResponse<StreamScope<S>>;

    fn scope(self, hold: StreamHold) -> Self::Scoped {
        lambda_runtime::StreamResponse {
            metadata_prelude: self.metadata_prelude,
            stream: hold.scope(self.stream),
        }
    }
}

/// Keeps the finish of an invocation's layers back until a stream has ended.
#[derive(Debug)]
pub struct StreamHold {
    invocation: Invocation,
    span: Span,
    held: bool,
}

impl StreamHold {
    fn new(scope: &InvocationScope) -> Self {
        let invocation = scope.invocation().clone();
        invocation.holds().hold();
        let span = scope.enter(Span::current);
        Self {
            invocation,
            span,
            held: true,
        }
    }

    /// Keeps it back until this stream or body has ended, for response types of your
    /// own that implement [`Streamed`].
    pub fn scope<B>(self, stream: B) -> StreamScope<B> {
        StreamScope::new(stream, self, false)
    }

    fn enter<T>(&self, run: impl FnOnce() -> T) -> T {
        self.invocation.enter(|| self.span.in_scope(run))
    }

    fn release(&mut self, outcome: Outcome) {
        if std::mem::take(&mut self.held) {
            self.invocation.holds().release(outcome);
        }
    }
}

impl Drop for StreamHold {
    fn drop(&mut self) {
        self.release(Outcome::Cancelled);
    }
}

pin_project! {
    /// A stream or an http body that is polled, and dropped, as part of its
    /// invocation. Made by [`StreamScopeLayer`].
    pub struct StreamScope<B> {
        #[pin]
        inner: Option<B>,
        timer: DeadlineTimer,
        hold: StreamHold,
    }

    impl<B> PinnedDrop for StreamScope<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.hold.enter(|| this.inner.set(None));
        }
    }
}

impl<B> StreamScope<B> {
    fn new(inner: B, mut hold: StreamHold, ended: bool) -> Self {
        if ended {
            hold.release(Outcome::Ok);
        }
        Self {
            inner: Some(inner),
            timer: DeadlineTimer::default(),
            hold,
        }
    }

    /// Polls for the next item; `ended` tells whether it was the last.
    fn poll_item<T, E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut B>, &mut Context<'_>) -> Poll<Option<Result<T, E>>>,
        ended: impl FnOnce(Pin<&mut B>) -> bool,
    ) -> Poll<Option<Result<T, E>>> {
        let this = self.project();
        let mut inner = this.inner.as_pin_mut().expect("emptied by drop alone");
        let mut armed = PanicIsTheEnd(this.hold, true);
        let polled = armed.0.enter(|| poll(inner.as_mut(), cx));
        armed.1 = false;
        drop(armed);
        match &polled {
            Poll::Pending => this.timer.poll(&this.hold.invocation, cx),
            Poll::Ready(None) => this.hold.release(Outcome::Ok),
            Poll::Ready(Some(Err(_))) => this.hold.release(Outcome::Fault),
            // Servers need not poll again after the last frame.
            Poll::Ready(Some(Ok(_))) if ended(inner) => this.hold.release(Outcome::Ok),
            Poll::Ready(Some(Ok(_))) => {}
        }
        polled
    }
}

struct PanicIsTheEnd<'a>(&'a mut StreamHold, bool);

impl Drop for PanicIsTheEnd<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.release(Outcome::Panic);
        }
    }
}

impl<B: Body> Body for StreamScope<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.poll_item(cx, B::poll_frame, |body| body.is_end_stream())
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(B::size_hint).unwrap_or_default()
    }
}

#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
impl<B, T, E> futures_core::Stream for StreamScope<B>
where
    B: futures_core::Stream<Item = Result<T, E>>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        self.poll_item(cx, B::poll_next, |_| false)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), B::size_hint)
    }
}

impl<B> fmt::Debug for StreamScope<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamScope")
            .field("hold", &self.hold)
            .finish_non_exhaustive()
    }
}
