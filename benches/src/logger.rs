//! Our logger.

use std::{cell::Cell, convert::Infallible, future, hint::black_box, time::Duration};

use lambda_runtime::LambdaEvent;
use powertools_core::{ColdStart, Env, Host, SharedWriter};
use powertools_logger::{LoggerBuilder, LoggerLayer};
use tower::{Layer, Service, service_fn};
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
    // To come, each with its rows in benches/ceilings.tsv and benches/limits.tsv:
    // logger/sampled_out: `disabled` with sampling on, not drawn. Tiny.
    // logger/buffering_dropped: with buffering on, a line above the verbosity and below the
    // level. Tiny.
    // logger/buffered: with buffering on, a DEBUG line of `order_stored!` that is kept, in a
    // buffer so small that it is full after the warm-up.
    Operation::new("logger/context", context),
    Operation::new("logger/init", init),
];

/// The keys of the invocation that a line carries: with `service`, seven. To come:
/// `correlation_id`.
const KEYS: [&str; 7] = [
    r#""service":"checkout""#,
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

fn builder() -> LoggerBuilder {
    LoggerLayer::builder()
        .host(host())
        .output(SharedWriter::new(&SINK))
}

fn build(builder: LoggerBuilder) -> LoggerLayer {
    builder.build().expect("the settings are valid")
}

/// Measures inside a handler that this logger wraps and whose lines it writes.
fn in_handler(logger: &LoggerLayer, mut handler: impl FnMut()) {
    logger.init().expect("no other subscriber is installed");
    let mut service = logger.layer(service_fn(|_: LambdaEvent<()>| {
        handler();
        future::ready(Ok::<_, Infallible>(()))
    }));
    let event = LambdaEvent::new((), invocation::context());
    let Ok(()) = invocation::ready(service.call(event));
}

fn line(bench: &mut Bench) {
    in_handler(&build(builder()), || {
        SINK.prove_line(|| order_stored!(info), &[KEYS.as_slice(), &FIELDS].concat());
        bench.measure(|| order_stored!(info));
    });
}

fn disabled(bench: &mut Bench) {
    in_handler(&build(builder()), || {
        SINK.prove_line(|| order_stored!(info), &FIELDS);
        SINK.prove_silence(|| order_stored!(debug));
        bench.measure(|| order_stored!(debug));
    });
}

/// One invocation of a handler that does nothing.
fn context(bench: &mut Bench) {
    let logger = build(builder());
    logger.init().expect("no other subscriber is installed");
    let logs = Cell::new(true);
    let mut context = invocation::context();
    context.deadline = deadline();
    // Once the logger can: the correlation id from a top-level field of the payload.
    let request = Returned::new(LambdaEvent::new((), context));
    let mut service = logger.layer(service_fn(|event: LambdaEvent<()>| {
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

/// Ahead, as in a real invocation, for as long as a measurement may take.
fn deadline() -> u64 {
    let now = Host::default().clock().now();
    let at = (now + Duration::from_hours(24)).duration_since(std::time::UNIX_EPOCH);
    let millis = at.expect("the clock is past 1970").as_millis();
    u64::try_from(millis).expect("milliseconds since 1970 fit")
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
