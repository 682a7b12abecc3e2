use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tower_layer::Layer;
use tower_service::Service;

use crate::{Host, Invocation, InvocationScope, Observe, Observed, Observer, Outcome};

/// What a [`ProbeLayer`] has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeEvent {
    /// A call began.
    Started(Invocation),
    /// The flush near the deadline was called, on the thread of this name.
    FlushedEarly(Invocation, Option<String>),
    /// The layer finished.
    Finished(Invocation, Outcome),
}

/// An observing layer that keeps what it sees. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ProbeLayer {
    host: Host,
    margin: Option<Duration>,
    events: Arc<Mutex<Vec<ProbeEvent>>>,
}

impl ProbeLayer {
    /// A probe with this clock, environment and cold start.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self {
            host,
            ..Self::default()
        }
    }

    /// Registers a flush near the deadline in each invocation.
    #[must_use]
    pub fn flush_near_deadline(mut self, margin: Duration) -> Self {
        self.margin = Some(margin);
        self
    }

    /// What was seen, in order.
    #[must_use]
    pub fn events(&self) -> Vec<ProbeEvent> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The outcomes of finished calls, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |event| match event {
            ProbeEvent::Finished(_, outcome) => Some(outcome),
            ProbeEvent::Started(_) | ProbeEvent::FlushedEarly(..) => None,
        };
        self.events().into_iter().filter_map(outcome).collect()
    }

    fn saw(&self, event: ProbeEvent) {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }
}

impl<S> Layer<S> for ProbeLayer {
    type Service = Probe<S>;

    fn layer(&self, inner: S) -> Probe<S> {
        Probe {
            inner,
            layer: self.clone(),
        }
    }
}

/// Service of [`ProbeLayer`].
#[derive(Debug, Clone)]
pub struct Probe<S> {
    inner: S,
    layer: ProbeLayer,
}

impl<S, R> Service<R> for Probe<S>
where
    S: Service<R>,
    R: Observe<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observed<S::Future, R, ProbeObserver>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let scope = InvocationScope::begin(&self.layer.host, &mut request);
        self.layer
            .saw(ProbeEvent::Started(scope.invocation().clone()));
        if let Some(margin) = self.layer.margin {
            let layer = self.layer.clone();
            scope
                .invocation()
                .flush_near_deadline(margin, move |invocation| {
                    let name = thread::current().name().map(ToOwned::to_owned);
                    layer.saw(ProbeEvent::FlushedEarly(invocation.clone(), name));
                });
        }
        scope.call(&mut self.inner, request, ProbeObserver(self.layer.clone()))
    }
}

/// Observer of [`ProbeLayer`].
#[derive(Debug)]
pub struct ProbeObserver(ProbeLayer);

impl Observer for ProbeObserver {
    fn finish(self, invocation: &Invocation, outcome: Outcome) {
        self.0
            .saw(ProbeEvent::Finished(invocation.clone(), outcome));
    }
}
