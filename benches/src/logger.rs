//! Our logger.

use std::{cell::Cell, convert::Infallible, future, hint::black_box};

use lambda_runtime::LambdaEvent;
use powertools_core::{ColdStart, Env, Host, Random, SharedRandom, SharedWriter};
use powertools_logger::{CorrelationIdPath, LogBuffer, LoggerBuilder, LoggerLayer};
use serde::Serialize;
use tower::{Layer, Service, service_fn};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::{
    bench::Bench,
    invocation::{self, FIELDS, Returned, order_stored},
    operation::Operation,
    sink::SINK,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("logger/line", line),
    Operation::new("logger/disabled", disabled).tiny(),
    Operation::new("logger/sampled_out", sampled_out).tiny(),
    Operation::new("logger/buffering_dropped", buffering_dropped).tiny(),
    Operation::new("logger/buffered", buffered),
    Operation::new("logger/context", context),
    Operation::new("logger/init", init),
];

/// The service, and the seven keys of the invocation that a line carries.
pub(crate) const KEYS: [&str; 8] = [
    r#""service":"checkout""#,
    r#""correlation_id":"c-7f3a""#,
    r#""cold_start":true"#,
    r#""function_name":"orders""#,
    r#""function_memory_size":128"#,
    r#""function_arn":"arn:aws:lambda:"#,
    r#""function_request_id":"52fdfc07-2182-454f-963f-5f0f9a621d72""#,
    r#""xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793""#,
];

/// A process of its own: nothing comes from the real environment.
fn host() -> Host {
    Host::default()
        .with_env(Env::from_iter([("POWERTOOLS_SERVICE_NAME", "checkout")]))
        .with_cold_start(ColdStart::unused())
}

/// A payload whose `id` is the correlation id.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    version: u32,
    id: String,
    source: String,
    account: String,
    resources: Vec<String>,
}

impl Event {
    pub(crate) fn new() -> Self {
        Self {
            version: 0,
            id: "c-7f3a".to_owned(),
            source: "shop.orders".to_owned(),
            account: "123456789012".to_owned(),
            resources: vec!["arn:aws:events:eu-west-1:123456789012:rule/orders".to_owned()],
        }
    }
}

type Builder = LoggerBuilder<CorrelationIdPath>;

pub(crate) type Logger = LoggerLayer<CorrelationIdPath>;

fn builder() -> Builder {
    LoggerLayer::builder()
        .host(host())
        .output(SharedWriter::new(&SINK))
        .correlation_id(CorrelationIdPath::EVENT_BRIDGE)
}

pub(crate) fn layer() -> Logger {
    build(builder())
}

fn build(builder: Builder) -> Logger {
    builder.build().expect("the settings are valid")
}

/// Measures inside a handler that this logger wraps and whose lines it writes.
fn in_handler(logger: &Logger, mut handler: impl FnMut()) {
    logger.init().expect("no other subscriber is installed");
    let mut service = logger.layer(service_fn(|_: LambdaEvent<Event>| {
        handler();
        future::ready(Ok::<_, Infallible>(()))
    }));
    let event = LambdaEvent::new(Event::new(), invocation::context());
    let Ok(()) = invocation::ready(service.call(event));
}

fn line(bench: &mut Bench) {
    in_handler(&layer(), || {
        SINK.prove_line(|| order_stored!(info), &[KEYS.as_slice(), &FIELDS].concat());
        bench.measure(|| order_stored!(info));
    });
}

fn disabled(bench: &mut Bench) {
    in_handler(&layer(), || {
        SINK.prove_line(|| order_stored!(info), &FIELDS);
        SINK.prove_silence(|| order_stored!(debug));
        bench.measure(|| order_stored!(debug));
    });
}

/// Sampling is on, and this invocation was not drawn.
fn sampled_out(bench: &mut Bench) {
    let host = host().with_random(SharedRandom::new(NeverDrawn));
    in_handler(&build(builder().host(host).sampling_rate(0.5)), || {
        SINK.prove_line(|| order_stored!(info), &FIELDS);
        SINK.prove_silence(|| order_stored!(debug));
        bench.measure(|| order_stored!(debug));
    });
}

struct NeverDrawn;

impl Random for NeverDrawn {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xff);
    }
}

/// Lines at DEBUG are held back; one at INFO is neither held nor shown.
fn buffering_dropped(bench: &mut Bench) {
    let builder = builder().level(LevelFilter::ERROR).buffer(LogBuffer::new());
    in_handler(&build(builder), || {
        SINK.prove_silence(|| order_stored!(info));
        powertools_logger::flush_buffer();
        SINK.prove_silence(powertools_logger::flush_buffer);
        bench.measure(|| order_stored!(info));
    });
}

/// A line that is held back, in a buffer that is full: an older one goes.
fn buffered(bench: &mut Bench) {
    let buffer = LogBuffer::new().max_bytes(8 * 1024);
    in_handler(&build(builder().buffer(buffer)), || {
        SINK.prove_silence(|| order_stored!(debug));
        SINK.prove_line(
            powertools_logger::flush_buffer,
            &[KEYS.as_slice(), &FIELDS].concat(),
        );
        bench.measure(|| order_stored!(debug));
    });
}

/// One invocation of a handler that does nothing.
fn context(bench: &mut Bench) {
    let logger = layer();
    logger.init().expect("no other subscriber is installed");
    let logs = Cell::new(true);
    let context = invocation::context_with_deadline();
    let request = Returned::new(LambdaEvent::new(Event::new(), context));
    let mut service = logger.layer(service_fn(|event: LambdaEvent<Event>| {
        if logs.get() {
            order_stored!(info);
        }
        request.put(event);
        future::ready(Ok::<_, Infallible>(()))
    }));
    let mut call = || {
        let Ok(()) = invocation::ready(service.call(request.take()));
    };
    SINK.prove_line(&mut call, &KEYS);
    logs.set(false);
    bench.measure(call);
}

/// Reading the settings, building subscriber and layer, dropping them.
fn init(bench: &mut Bench) {
    let host = host();
    let subscriber = || {
        let logger = build(builder().host(host.clone()));
        let subscriber = Registry::default().with(logger.subscriber_layer());
        (logger, subscriber)
    };
    let (_, proof) = subscriber();
    let log = || tracing::subscriber::with_default(proof, || order_stored!(info));
    SINK.prove_line(log, &[&KEYS[..1], &FIELDS].concat());
    bench.measure(|| {
        black_box(subscriber());
    });
}
