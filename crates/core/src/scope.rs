use tower_service::Service;
use tracing::Span;

use crate::{
    Host, Invocation, InvocationRequest, Observe,
    observed::{Completion, Observed, Observer},
    request::request_id,
};

/// One layer's part of an invocation, from the arrival of the request on.
///
/// This is what an observing layer is built of:
///
/// ```
/// use std::task::{Context, Poll};
/// use powertools_core::{Host, Invocation, InvocationScope, Observe, Observed, Observer, Outcome};
/// use tower_service::Service;
///
/// struct PrintOutcome;
///
/// impl Observer for PrintOutcome {
///     fn finish(self, invocation: &Invocation, outcome: Outcome) {
///         println!("{:?} ended: {outcome:?}", invocation.request_id());
///     }
/// }
///
/// struct Print<S> {
///     inner: S,
///     host: Host,
/// }
///
/// impl<S, R> Service<R> for Print<S>
/// where
///     S: Service<R>,
///     R: Observe<S::Response, S::Error>,
/// {
///     type Response = S::Response;
///     type Error = S::Error;
///     type Future = Observed<S::Future, R, PrintOutcome>;
///
///     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
///         self.inner.poll_ready(cx)
///     }
///
///     fn call(&mut self, mut request: R) -> Self::Future {
///         let scope = InvocationScope::begin(&self.host, &mut request);
///         scope.call(&mut self.inner, request, PrintOutcome)
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "a scope observes nothing until it calls a service"]
pub struct InvocationScope {
    invocation: Invocation,
    span: Span,
    outermost: bool,
}

impl InvocationScope {
    /// Joins the invocation that an outer layer has started, or starts one.
    ///
    /// A request joins if its request id is absent or equal to that of the
    /// invocation: the one on the request itself, else of the task, else of the
    /// nearest span. Any other request, a nested call with an event of its own
    /// among them, starts a new one; so does one that finds an invocation that has ended.
    pub fn begin<R: InvocationRequest>(host: &Host, request: &mut R) -> Self {
        let wanted = request_id(request);
        let same = |found: &Invocation| {
            !found.has_ended() && (wanted.is_none() || found.request_id() == wanted)
        };
        if let Some(invocation) = Invocation::try_current().filter(same) {
            request.set_invocation(&invocation);
            return Self {
                invocation,
                span: Span::current(),
                outermost: false,
            };
        }
        let on_request = request.invocation().filter(|found| same(found)).cloned();
        let outermost = on_request.is_none();
        let invocation = on_request.unwrap_or_else(|| Invocation::start(request, host));
        request.set_invocation(&invocation);
        // ERROR, so that no level filter drops the span that carries the invocation.
        let span = tracing::error_span!(target: "powertools", "invocation");
        invocation.attach_to(&span);
        Self {
            invocation,
            span,
            outermost,
        }
    }

    /// The invocation.
    #[must_use]
    #[inline]
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Runs a closure as part of the invocation, before the call.
    pub fn enter<T>(&self, run: impl FnOnce() -> T) -> T {
        self.invocation.enter(|| self.span.in_scope(run))
    }

    /// Calls the service as part of the invocation. The observer learns of the end
    /// exactly once, however it comes.
    #[inline]
    pub fn call<S, R, O>(self, inner: &mut S, request: R, observer: O) -> Observed<S::Future, R, O>
    where
        S: Service<R>,
        R: Observe<S::Response, S::Error>,
        O: Observer,
    {
        let Self {
            invocation,
            span,
            outermost,
        } = self;
        // An observer that enters nothing needs no span, of which each handle costs.
        let own_span = if O::ENTERS {
            span.clone()
        } else {
            Span::none()
        };
        let mut completion = Completion::new(invocation.clone(), own_span, outermost, observer);
        let future = completion.guard_panic(|| {
            // Not `in_scope`: as a call of its own it would cost 50 instructions.
            invocation.enter(|| {
                let _entered = span.enter();
                inner.call(request)
            })
        });
        Observed::new(future, invocation, span, completion)
    }
}
