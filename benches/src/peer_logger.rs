//! The loggers that functions use today, each set up as its documentation has it, for the
//! same work.

use std::{cell::Cell, future, hint::black_box};

use lambda_runtime::{LambdaInvocation, layers::TracingLayer};
use tower::{BoxError, Layer, Service, service_fn};
use tracing::{Span, Subscriber, info_span, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Registry,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
};

use crate::{
    bench::Bench,
    invocation::{
        self, ARN, CORRELATION_ID, FIELDS, FUNCTION, MEMORY, REQUEST_ID, Returned, TRACE_HEADER,
        TRACE_ID, order_stored,
    },
    operation::Operation,
    sink::{SINK, Sink},
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::peer("peer:tracing-subscriber/line", "logger/line", |bench| {
        line(bench, tracing_json());
    }),
    Operation::peer(
        "peer:tracing-subscriber-flatten/line",
        "logger/line",
        |bench| {
            line(bench, tracing_flattened());
        },
    ),
    Operation::peer("peer:json-subscriber/line", "logger/line", |bench| {
        line(bench, json_flattened());
    }),
    Operation::peer("peer:json-subscriber-spans/line", "logger/line", |bench| {
        line(bench, json_spans_flattened());
    }),
    Operation::peer("peer:lambda_runtime/line", "logger/line", |bench| {
        line(bench, lambda_default());
    }),
    Operation::peer(
        "peer:tracing-subscriber/disabled",
        "logger/disabled",
        |bench| {
            disabled(bench, tracing_json());
        },
    )
    .tiny(),
    Operation::peer(
        "peer:json-subscriber/disabled",
        "logger/disabled",
        |bench| {
            disabled(bench, json_flattened());
        },
    )
    .tiny(),
    Operation::peer("peer:lambda_runtime/disabled", "logger/disabled", |bench| {
        disabled(bench, lambda_default());
    })
    .tiny(),
    Operation::peer(
        "peer:tracing-subscriber/context",
        "logger/context",
        |bench| {
            context(bench, tracing_json());
        },
    ),
    Operation::peer("peer:json-subscriber/context", "logger/context", |bench| {
        context(bench, json_flattened());
    }),
    Operation::peer(
        "peer:lambda_runtime/context",
        "logger/context",
        lambda_context,
    ),
    Operation::peer("peer:tracing-subscriber/init", "logger/init", |bench| {
        init(bench, tracing_json);
    }),
    Operation::peer("peer:json-subscriber/init", "logger/init", |bench| {
        init(bench, json_flattened);
    }),
    Operation::peer("peer:lambda_runtime/init", "logger/init", |bench| {
        init(bench, lambda_default);
    }),
];

/// What every peer's line holds: the seven keys of its span, and the fields.
fn parts() -> Vec<&'static str> {
    let keys = [
        r#""cold_start":true"#,
        FUNCTION,
        r#""function_memory_size":128"#,
        ARN,
        REQUEST_ID,
        TRACE_ID,
        CORRELATION_ID,
    ];
    [keys.as_slice(), &FIELDS].concat()
}

fn writer() -> impl for<'a> MakeWriter<'a> + Send + Sync + 'static {
    || -> &'static Sink { &SINK }
}

fn tracing_json() -> impl Subscriber + Send + Sync {
    fmt()
        .json()
        .with_max_level(LevelFilter::INFO)
        .with_writer(writer())
        .finish()
}

/// The event's fields at the root. The span stands once, in a list.
fn tracing_flattened() -> impl Subscriber + Send + Sync {
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_max_level(LevelFilter::INFO)
        .with_writer(writer())
        .finish()
}

/// The fields of the event and of the current span at the root: the shape of our own lines.
fn json_flattened() -> impl Subscriber + Send + Sync {
    let layer = json_subscriber::fmt::layer()
        .flatten_event(true)
        .flatten_current_span_on_top_level(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer());
    Registry::default().with(LevelFilter::INFO).with(layer)
}

/// The same with the fields of all spans, which lines need inside further spans.
fn json_spans_flattened() -> impl Subscriber + Send + Sync {
    let layer = json_subscriber::fmt::layer()
        .flatten_event(true)
        .flatten_span_list_on_top_level(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer());
    Registry::default().with(LevelFilter::INFO).with(layer)
}

/// What `lambda_runtime::tracing::init_default_subscriber` installs where Lambda asks for
/// JSON. That function itself reads the process's environment.
fn lambda_default() -> impl Subscriber + Send + Sync {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy("");
    fmt()
        .with_target(false)
        .without_time()
        .with_env_filter(filter)
        .with_writer(writer())
        .json()
        .finish()
}

fn fmt() -> fmt::SubscriberBuilder {
    tracing_subscriber::fmt()
}

fn install(subscriber: impl Subscriber + Send + Sync) {
    tracing::subscriber::set_global_default(subscriber).expect("no other is installed");
}

fn span() -> Span {
    info_span!(
        "invocation",
        cold_start = black_box(true),
        function_name = black_box(FUNCTION),
        function_memory_size = black_box(MEMORY),
        function_arn = black_box(ARN),
        function_request_id = black_box(REQUEST_ID),
        xray_trace_id = black_box(TRACE_ID),
        correlation_id = black_box(CORRELATION_ID),
    )
}

fn line(bench: &mut Bench, subscriber: impl Subscriber + Send + Sync) {
    install(subscriber);
    span().in_scope(|| {
        SINK.prove_line(|| order_stored!(info), &parts());
        bench.measure(|| order_stored!(info));
    });
}

fn disabled(bench: &mut Bench, subscriber: impl Subscriber + Send + Sync) {
    install(subscriber);
    span().in_scope(|| {
        SINK.prove_line(|| order_stored!(info), &parts());
        SINK.prove_silence(|| order_stored!(debug));
        bench.measure(|| order_stored!(debug));
    });
}

/// A span with the keys made, entered, left and closed.
fn context(bench: &mut Bench, subscriber: impl Subscriber + Send + Sync) {
    install(subscriber);
    SINK.prove_line(|| span().in_scope(|| order_stored!(info)), &parts());
    bench.measure(|| span().in_scope(|| ()));
}

/// The runtime's own layer, whose span has two keys: request id and trace header.
fn lambda_context(bench: &mut Bench) {
    install(lambda_default());
    let logs = Cell::new(true);
    let (parts, ()) = http::Response::new(()).into_parts();
    let request = Returned::new(LambdaInvocation {
        parts,
        body: Default::default(),
        context: invocation::context(),
    });
    let mut service = TracingLayer::new().layer(service_fn(|invocation: LambdaInvocation| {
        if logs.get() {
            order_stored!(info);
        }
        request.put(invocation);
        future::ready(Ok::<_, BoxError>(()))
    }));
    let mut call = || {
        let answer = invocation::ready(service.call(request.take()));
        answer.expect("the handler does not fail");
    };
    SINK.prove_line(
        &mut call,
        &[&[REQUEST_ID, TRACE_HEADER], FIELDS.as_slice()].concat(),
    );
    logs.set(false);
    bench.measure(call);
}

fn init<S: Subscriber + Send + Sync>(bench: &mut Bench, subscriber: fn() -> S) {
    let log = || tracing::subscriber::with_default(subscriber(), || order_stored!(info));
    SINK.prove_line(log, &FIELDS);
    bench.measure(|| {
        black_box(subscriber());
    });
}
