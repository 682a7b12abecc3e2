//! The metrics libraries that functions use today, each set up as its documentation has it,
//! for the same work.

use std::hint::black_box;

use metrics_cloudwatch_embedded::Collector;
use metrique::{
    ServiceMetrics,
    emf::Emf,
    timers::Timestamp,
    unit::{Byte, Count, Millisecond, Percent},
    unit_of_work::metrics as entry,
    writer::{
        AttachGlobalEntrySinkExt, Entry, EntryWriter, FormatExt, GlobalEntrySink, format::Format,
        unit::WithUnit,
    },
};

use crate::{
    bench::Bench,
    emf::{self, FIVE, Metric, NAMESPACE, ORDER, REGION, SERVICE, TIER},
    operation::Operation,
    sink::SINK,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::peer("peer:metrique-guard/emf5", "metrics/emf5", guard_emf5),
    Operation::peer("peer:metrique-format/emf5", "metrics/emf5", format_emf5),
    Operation::peer(
        "peer:metrique-format/emf100",
        "metrics/emf100",
        format_emf100,
    ),
    Operation::peer(
        "peer:metrics_cloudwatch_embedded/emf5",
        "metrics/emf5",
        |bench| embedded(bench, &FIVE, histogram),
    ),
    Operation::peer(
        "peer:metrics_cloudwatch_embedded-gauge/emf5",
        "metrics/emf5",
        |bench| embedded(bench, &FIVE, gauge),
    ),
    Operation::peer(
        "peer:metrics_cloudwatch_embedded/emf100",
        "metrics/emf100",
        |bench| embedded(bench, &emf::hundred(), histogram),
    ),
    Operation::peer(
        "peer:metrics_cloudwatch_embedded-gauge/emf100",
        "metrics/emf100",
        |bench| embedded(bench, &emf::hundred(), gauge),
    ),
];

/// With all validations off, as in every release build.
fn format() -> Emf {
    let dimensions = ["service", "tier", "region"].map(str::to_owned);
    Emf::builder(NAMESPACE.to_owned(), vec![dimensions.to_vec()]).build()
}

#[entry]
struct Checkout {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    service: &'static str,
    tier: &'static str,
    region: &'static str,
    order_id: &'static str,
    #[metrics(name = "OrdersPlaced", unit = Count)]
    orders_placed: u64,
    #[metrics(name = "ItemsOrdered", unit = Count)]
    items_ordered: u64,
    #[metrics(name = "PaymentLatency", unit = Millisecond)]
    payment_latency: f64,
    #[metrics(name = "PayloadSize", unit = Byte)]
    payload_size: u64,
    #[metrics(name = "Discount", unit = Percent)]
    discount: f64,
}

/// The guard writes as it is dropped.
fn guard_emf5(bench: &mut Bench) {
    let _handle = ServiceMetrics::write_directly_to(format().output_to(&SINK));
    let write = || {
        let checkout = Checkout {
            timestamp: Timestamp::now(),
            service: SERVICE,
            tier: black_box(TIER),
            region: black_box(REGION),
            order_id: black_box(ORDER),
            orders_placed: 0,
            items_ordered: 0,
            payment_latency: 0.0,
            payload_size: 0,
            discount: 0.0,
        };
        let mut checkout = checkout.append_on_drop(ServiceMetrics::sink());
        checkout.orders_placed = black_box(1);
        checkout.items_ordered = black_box(31);
        checkout.payment_latency = black_box(12.5);
        checkout.payload_size = black_box(2048);
        checkout.discount = black_box(0.375);
    };
    emf::prove(write, &FIVE);
    bench.measure(write);
}

/// The entry that such a struct becomes, without its guard.
#[derive(Entry)]
struct PlainCheckout {
    service: &'static str,
    tier: &'static str,
    region: &'static str,
    order_id: &'static str,
    #[entry(name = "OrdersPlaced")]
    orders_placed: WithUnit<u64, Count>,
    #[entry(name = "ItemsOrdered")]
    items_ordered: WithUnit<u64, Count>,
    #[entry(name = "PaymentLatency")]
    payment_latency: WithUnit<f64, Millisecond>,
    #[entry(name = "PayloadSize")]
    payload_size: WithUnit<u64, Byte>,
    #[entry(name = "Discount")]
    discount: WithUnit<f64, Percent>,
}

fn format_emf5(bench: &mut Bench) {
    let mut format = format();
    let mut write = || {
        let entry = PlainCheckout {
            service: SERVICE,
            tier: black_box(TIER),
            region: black_box(REGION),
            order_id: black_box(ORDER),
            orders_placed: black_box(1).into(),
            items_ordered: black_box(31).into(),
            payment_latency: black_box(12.5).into(),
            payload_size: black_box(2048).into(),
            discount: black_box(0.375).into(),
        };
        format
            .format(&entry, &mut &SINK)
            .expect("the entry is valid");
    };
    emf::prove(&mut write, &FIVE);
    bench.measure(write);
}

struct Hundred(Vec<Metric>);

impl Entry for Hundred {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        writer.value("service", SERVICE);
        writer.value("tier", TIER);
        writer.value("region", REGION);
        writer.value("order_id", ORDER);
        for (name, _, value) in &self.0 {
            writer.value(*name, &WithUnit::<_, Millisecond>::from(*value));
        }
    }
}

fn format_emf100(bench: &mut Bench) {
    let mut format = format();
    let entry = Hundred(emf::hundred());
    let mut write = || {
        let entry = black_box(&entry);
        format
            .format(entry, &mut &SINK)
            .expect("the entry is valid");
    };
    emf::prove(&mut write, &entry.0);
    bench.measure(write);
}

/// Registered by the macro at each record, as its documentation does it.
fn embedded(bench: &mut Bench, metrics: &[Metric], record: fn(&'static str, f64)) {
    let collector = metrics_cloudwatch_embedded::Builder::new()
        .cloudwatch_namespace(NAMESPACE)
        .with_dimension("service", SERVICE)
        .with_dimension("tier", TIER)
        .with_dimension("region", REGION)
        .init()
        .expect("no other recorder is installed");
    for (name, unit, _) in metrics {
        describe(name, unit);
    }
    let write = || {
        for (name, _, value) in metrics {
            record(name, black_box(*value));
        }
        flush(collector);
    };
    emf::prove(write, metrics);
    bench.measure(write);
}

fn flush(collector: &Collector) {
    let flushed = collector.set_property("order_id", ORDER).flush(&SINK);
    flushed.expect("the sink takes everything");
}

/// It knows the units of a name whatever kind it is.
fn describe(name: &'static str, unit: &str) {
    let unit = match unit {
        "Bytes" => metrics::Unit::Bytes,
        "Milliseconds" => metrics::Unit::Milliseconds,
        "Percent" => metrics::Unit::Percent,
        _ => metrics::Unit::Count,
    };
    metrics::describe_histogram!(name, unit, "");
}

/// Keeps each value, as ours does.
fn histogram(name: &'static str, value: f64) {
    metrics::histogram!(name).record(value);
}

/// Keeps the last value: less work.
fn gauge(name: &'static str, value: f64) {
    metrics::gauge!(name).set(value);
}
