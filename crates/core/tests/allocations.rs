//! What an observing layer allocates: its invocation and nothing else.

use std::{
    convert::Infallible,
    future::{Future, ready},
    pin::pin,
    task::{Context, Waker},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{Host, InvocationScope, Observed, test_util::TestContext};
use tower::{Service, service_fn};
use tracing_subscriber::{
    Registry,
    layer::{Identity, SubscriberExt},
};

type Answer = std::future::Ready<Result<(), Infallible>>;

/// The thinnest observing layer.
struct Thin<S> {
    inner: S,
    host: Host,
}

impl<S> Service<LambdaEvent<()>> for Thin<S>
where
    S: Service<LambdaEvent<()>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observed<S::Future, LambdaEvent<()>, ()>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: LambdaEvent<()>) -> Self::Future {
        InvocationScope::begin(&self.host, &mut request).call(&mut self.inner, request, ())
    }
}

fn handler() -> impl Service<LambdaEvent<()>, Response = (), Error = Infallible, Future = Answer> {
    service_fn(|_: LambdaEvent<()>| ready(Ok(())))
}

/// The allocations of one call, once pools are warm.
fn allocations<S>(service: &mut S) -> u64
where
    S: Service<LambdaEvent<()>, Response = (), Error = Infallible>,
{
    let mut call = |event| {
        let mut future = pin!(service.call(event));
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
    };
    let event = || {
        TestContext::new("r-1")
            .tenant_id("blue")
            .xray_header("Root=1-2-3")
            .event(())
    };
    for _ in 0..3 {
        call(event());
    }
    let measured = event();
    allocation_counter::measure(|| call(measured)).count_total
}

// One test: a subscriber that is set while another thread meets the span for the first
// time may not see it.
#[test]
fn an_invocation_is_two_allocations_its_span_one_and_further_layers_are_none() {
    // The measure itself: a request dropped, a copy made.
    assert_eq!(allocations(&mut handler()), 0);
    let mut copying = service_fn(|event: LambdaEvent<()>| {
        drop(event.context.request_id.clone());
        ready(Ok::<_, Infallible>(()))
    });
    assert_eq!(allocations(&mut copying), 1);

    let host = Host::default();
    let one = || Thin {
        inner: handler(),
        host: host.clone(),
    };
    let three = || Thin {
        inner: Thin {
            inner: one(),
            host: host.clone(),
        },
        host: host.clone(),
    };
    assert_eq!(allocations(&mut one()), 2);
    assert_eq!(allocations(&mut three()), 2);

    // With a layer beside the registry, as every real subscriber has.
    let subscriber = Registry::default().with(Identity::new());
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(allocations(&mut one()), 3);
        assert_eq!(allocations(&mut three()), 3);
    });
}
