//! Our metrics.

use std::{convert::Infallible, future, hint::black_box};

use lambda_runtime::LambdaEvent;
use powertools_core::{ColdStart, Env, Host, SharedWriter};
use powertools_metrics::{Metrics, MetricsBuilder, MetricsLayer, Unit};
use tower::{Layer, Service, service_fn};

use crate::{
    bench::Bench,
    emf::{self, FIVE, NAMESPACE, ORDER, REGION, SERVICE, TIER},
    invocation::{self, Returned},
    operation::Operation,
    sink::SINK,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("metrics/emf5", emf5),
    Operation::new("metrics/emf5_dimensions", emf5_dimensions),
    Operation::new("metrics/emf100", emf100),
    Operation::new("metrics/add", add).tiny(),
    Operation::new("metrics/invocation", invocation),
    Operation::new("metrics/first_use", first_use),
];

/// A process of its own: nothing comes from the real environment.
fn host() -> Host {
    Host::default()
        .with_env(Env::from_iter([("", ""); 0]))
        .with_cold_start(ColdStart::unused())
}

fn bare() -> MetricsBuilder {
    MetricsLayer::builder()
        .host(host())
        .output(SharedWriter::new(&SINK))
        .namespace(NAMESPACE)
        .service(SERVICE)
}

fn builder() -> MetricsBuilder {
    bare()
        .default_dimension("tier", TIER)
        .default_dimension("region", REGION)
}

pub(crate) fn layer() -> MetricsLayer {
    build(builder())
}

fn build(builder: MetricsBuilder) -> MetricsLayer {
    builder.build().expect("the settings are valid")
}

/// With units of ours; the names of the others are the same.
fn with_units(metrics: &[emf::Metric]) -> Vec<(&'static str, Unit, f64)> {
    let unit = |text: &str| text.parse().expect("a unit");
    let metric = |(name, text, value): &emf::Metric| (*name, unit(text), *value);
    metrics.iter().map(metric).collect()
}

pub(crate) fn add_five(metrics: &Metrics) {
    metrics.add("OrdersPlaced", Unit::Count, black_box(1));
    metrics.add("ItemsOrdered", Unit::Count, black_box(31));
    metrics.add("PaymentLatency", Unit::Milliseconds, black_box(12.5));
    metrics.add("PayloadSize", Unit::Bytes, black_box(2048_u64));
    metrics.add("Discount", Unit::Percent, black_box(0.375));
    metrics.add_metadata("order_id", black_box(ORDER));
}

/// Measures inside a handler that this layer wraps.
fn in_handler(layer: &MetricsLayer, mut handler: impl FnMut()) {
    let mut service = layer.layer(service_fn(|_: LambdaEvent<()>| {
        handler();
        future::ready(Ok::<_, Infallible>(()))
    }));
    let event = LambdaEvent::new((), invocation::context());
    let Ok(()) = invocation::ready(service.call(event));
}

fn flush(metrics: &Metrics) {
    metrics.flush().expect("the sink takes everything");
}

fn emf5(bench: &mut Bench) {
    let layer = layer();
    let metrics = layer.metrics();
    let write = || {
        add_five(&metrics);
        flush(&metrics);
    };
    in_handler(&layer, || {
        emf::prove(write, &FIVE);
        bench.measure(write);
    });
}

/// The same with dimensions that each invocation sets itself.
fn emf5_dimensions(bench: &mut Bench) {
    let layer = build(bare());
    let metrics = layer.metrics();
    let write = || {
        metrics.add_dimension("tier", black_box(TIER));
        metrics.add_dimension("region", black_box(REGION));
        add_five(&metrics);
        flush(&metrics);
    };
    in_handler(&layer, || {
        emf::prove(write, &FIVE);
        bench.measure(write);
    });
}

/// The hundredth metric writes the line; the flush finds nothing more to write.
fn emf100(bench: &mut Bench) {
    let layer = layer();
    let metrics = layer.metrics();
    let hundred = emf::hundred();
    let values = with_units(&hundred);
    let write = || {
        metrics.add_metadata("order_id", black_box(ORDER));
        for (name, unit, value) in &values {
            metrics.add(name, *unit, *value);
        }
        flush(&metrics);
    };
    in_handler(&layer, || {
        emf::prove(write, &hundred);
        bench.measure(write);
    });
}

/// A value of a metric that is there already. The hundredth one writes the line.
fn add(bench: &mut Bench) {
    let layer = layer();
    let metrics = layer.metrics();
    in_handler(&layer, || {
        let write = || {
            add_five(&metrics);
            flush(&metrics);
        };
        emf::prove(write, &FIVE);
        bench.measure(|| metrics.add("OrdersPlaced", Unit::Count, black_box(1)));
    });
}

/// One invocation of a handler that records five metrics.
fn invocation(bench: &mut Bench) {
    let request = Returned::new(LambdaEvent::new((), invocation::context_with_deadline()));
    let mut service = layer().layer(service_fn(|event: LambdaEvent<()>| {
        add_five(&Metrics::current());
        request.put(event);
        future::ready(Ok::<_, Infallible>(()))
    }));
    let mut call = || {
        let Ok(()) = invocation::ready(service.call(request.take()));
    };
    emf::prove(&mut call, &FIVE);
    bench.measure(call);
}

/// Reading the settings, building the layer, and the first line of a set of its own, whose
/// buffers come from no pool.
fn first_use(bench: &mut Bench) {
    let first = || {
        let layer = layer();
        let metrics = layer.ephemeral_metrics();
        add_five(&metrics);
        flush(&metrics);
    };
    emf::prove(first, &FIVE);
    bench.measure(first);
}
