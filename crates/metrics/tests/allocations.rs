//! What metrics allocate: nothing once the buffers are there, and in an invocation of the layer
//! what the invocation itself and its flush before the time-out take.

use std::{
    convert::Infallible,
    future::{Future, ready},
    io,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use lambda_runtime::LambdaEvent;
use powertools_core::{Host, SharedWriter, test_util::TestContext};
use powertools_metrics::{Metrics, MetricsLayer, Unit};
use tower::{Layer, Service, service_fn};

/// As an invocation of any observing layer: the shared part and its texts.
const INVOCATION: u64 = 2;
/// The flush before the time-out: a closure.
const EARLY_FLUSH: u64 = 1;

fn layer() -> MetricsLayer {
    MetricsLayer::builder()
        .namespace("shop")
        .service("checkout")
        .default_dimension("tier", "gold")
        .output(SharedWriter::new(io::sink()))
        .build()
        .unwrap()
}

fn record(metrics: &Metrics) {
    metrics.add_dimension("region", "eu-west-1");
    metrics.add("OrdersPlaced", Unit::Count, 1);
    metrics.add("ItemsOrdered", Unit::Count, 31);
    metrics.add("PaymentLatency", Unit::Milliseconds, 12.5);
    metrics.add("PayloadSize", Unit::Bytes, 2048_u64);
    metrics.add("Discount", Unit::Percent, 1.0 / 3.0);
    metrics.add("OrdersPlaced", Unit::Count, 1);
    metrics.add_metadata("order_id", "o-20417");
}

/// The allocations of one run, once buffers and pools are warm.
fn allocations(mut run: impl FnMut()) -> u64 {
    (0..3).for_each(|_| run());
    allocation_counter::measure(run).count_total
}

fn call<S>(service: &mut S, event: LambdaEvent<()>)
where
    S: Service<LambdaEvent<()>, Response = (), Error = Infallible>,
{
    let mut future = pin!(service.call(event));
    let polled = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
}

/// The allocations of one invocation of a handler.
fn of_invocation(handler: fn(), left: Option<Duration>) -> u64 {
    let host = Host::default();
    let event = || {
        let context = TestContext::new("r-1").xray_header("Root=1-2-3");
        match left {
            Some(left) => context.deadline(host.clock().now() + left).event(()),
            None => context.event(()),
        }
    };
    let mut service = layer().layer(service_fn(|_: LambdaEvent<()>| {
        handler();
        ready(Ok::<_, Infallible>(()))
    }));
    (0..3).for_each(|_| call(&mut service, event()));
    let measured = event();
    allocation_counter::measure(|| call(&mut service, measured)).count_total
}

#[test]
fn recording_and_writing_allocate_nothing_once_the_buffers_are_there() {
    // The measure itself: a copy made.
    assert_eq!(
        allocations(|| drop(std::hint::black_box("a").to_owned())),
        1
    );
    let metrics = layer().ephemeral_metrics();
    let write = || {
        record(&metrics);
        metrics.flush().unwrap();
    };
    assert_eq!(allocations(write), 0);
}

#[test]
fn a_full_line_allocates_nothing_either() {
    let metrics = layer().ephemeral_metrics();
    let names: Vec<String> = (0..100).map(|number| format!("m{number}")).collect();
    assert_eq!(
        allocations(|| names
            .iter()
            .for_each(|name| metrics.add(name, Unit::Count, 1))),
        0
    );
    assert_eq!(
        allocations(|| (0..100).for_each(|_| metrics.add("a", Unit::Count, 1))),
        0
    );
}

#[test]
fn an_invocation_of_the_layer_adds_nothing_but_its_flush_before_the_time_out() {
    let five = || record(&Metrics::current());
    assert_eq!(of_invocation(five, None), INVOCATION);
    let left = Some(Duration::from_secs(60));
    assert_eq!(of_invocation(five, left), INVOCATION + EARLY_FLUSH);
    // The measure itself: a copy made by the handler.
    let copying = || drop(std::hint::black_box("a").to_owned());
    assert_eq!(of_invocation(copying, None), INVOCATION + 1);
}
