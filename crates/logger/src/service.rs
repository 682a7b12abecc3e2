use std::{
    any::Any,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use powertools_core::{Extract, InvocationScope, NoExtract, Observe};
use tower_service::Service;

use crate::{
    ResponseFuture,
    future::Reported,
    part::{self, Part},
    settings::Settings,
};

/// Service of [`LoggerLayer`](crate::LoggerLayer).
#[derive(Debug, Clone)]
pub struct Logger<S, C = NoExtract, E = NoExtract> {
    inner: S,
    settings: Arc<Settings>,
    correlation_id: C,
    event: E,
}

impl<S, C, E> Logger<S, C, E> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>, correlation_id: C, event: E) -> Self {
        Self {
            inner,
            settings,
            correlation_id,
            event,
        }
    }
}

impl<S, R, C, E> Service<R> for Logger<S, C, E>
where
    S: Service<R>,
    S::Error: fmt::Debug + Any,
    R: Observe<S::Response, S::Error>,
    C: Extract<R>,
    E: Extract<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let Self {
            inner,
            settings,
            correlation_id,
            event,
        } = self;
        let scope = InvocationScope::begin(&settings.host, &mut request);
        let part = Part::begin(scope.invocation(), settings);
        part::correlate(scope.invocation(), &settings.rules, |json| {
            correlation_id.extract_json(&request, json)
        });
        if part.logs_event() {
            scope.enter(|| {
                let extract = |json: &mut Vec<u8>| event.extract_json(&request, json);
                part.log_event(scope.invocation(), extract);
            });
        }
        let mut reporting = Reporting { inner, part: &part };
        ResponseFuture::new(scope.call(&mut reporting, request, part.clone()))
    }
}

/// The inner service, whose errors are told before anybody else hears of them.
struct Reporting<'a, S> {
    inner: &'a mut S,
    part: &'a Part,
}

impl<S, R> Service<R> for Reporting<'_, S>
where
    S: Service<R>,
    S::Error: fmt::Debug + Any,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Reported<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        Reported::new(self.inner.call(request), self.part.clone())
    }
}
