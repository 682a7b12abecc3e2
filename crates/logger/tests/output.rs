//! Where lines go, in which shape, and beside whom.

mod support;

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use powertools_core::{SharedWriter, test_util::CapturedOutput};
use powertools_logger::{DatadogFormatter, LogFormatter, LogRecord, LoggerBuilder, LoggerLayer};
use serde_json::{Value, json};
use support::{NO_ENV, host, install, line, messages};
use tracing::{
    Event, Level, Subscriber, debug, error, info,
    level_filters::LevelFilter,
    span::{Attributes, Id},
    trace,
};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

fn logger() -> LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV)).service("pay")
}

// --- the shape ---------------------------------------------------------------------

#[test]
fn in_development_lines_are_indented() {
    let bed = install(logger().host(host([("POWERTOOLS_DEV", "yes")])));
    info!(order = 7, "hello");
    let text = bed.output.text();
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&object["message"], &object["order"]),
        (&json!("hello"), &json!(7))
    );
    assert!(
        text.starts_with("{\n    \"level\": \"INFO\",\n    "),
        "{text}"
    );
    assert!(text.ends_with("\n    \"order\": 7\n}\n"), "{text}");
}

#[test]
fn a_word_that_is_no_switch_is_an_error_that_names_the_variable() {
    for (word, lines) in [("off", 1), ("", 1), ("ON", 7)] {
        let bed = install(logger().host(host([("POWERTOOLS_DEV", word)])));
        info!("hello");
        assert_eq!(bed.output.text().lines().count(), lines, "{word}");
    }
    let error = logger().host(host([("POWERTOOLS_DEV", "maybe")])).build();
    assert_eq!(error.unwrap_err().env_name(), Some("POWERTOOLS_DEV"));
}

/// Says what it is told.
struct Own;

impl LogFormatter for Own {
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
        let names: Vec<_> = record.members().map(|(name, _)| name).collect();
        let parsed: Value = serde_json::from_str(record.json()).unwrap();
        let shown = json!({
            "own level": record.level().to_string(),
            "names": names,
            "text": record.get("text"),
            "absent": record.get("absent"),
            "same": record.members().all(|(name, value)| {
                let value: Value = serde_json::from_str(value).unwrap();
                parsed[name] == value
            }),
        });
        line.extend_from_slice(shown.to_string().as_bytes());
    }
}

#[test]
fn a_formatter_gets_all_members_and_gives_the_line() {
    // It is asked in development as well.
    let host = host([("POWERTOOLS_DEV", "1")]);
    let bed = install(logger().host(host).formatter(Own));
    error!(text = "a \"word\"", "hello");
    assert_eq!(
        bed.lines(),
        [json!({
            "own level": "ERROR",
            "names": ["level", "location", "message", "timestamp", "service", "text"],
            "text": "\"a \\\"word\\\"\"",
            "absent": null,
            "same": true,
        })]
    );
}

/// Writes half a line.
struct Panics;

impl LogFormatter for Panics {
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
        line.extend_from_slice(b"half a");
        assert!(record.level() == Level::ERROR, "on purpose");
        line.extend_from_slice(b" whole");
    }
}

#[test]
fn a_line_whose_formatter_panics_has_the_usual_shape() {
    let bed = install(logger().formatter(Panics));
    info!("hello");
    error!("failed");
    let text = bed.output.text();
    let (first, rest) = text.split_once('\n').unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    assert_eq!(
        (&first["level"], &first["message"]),
        (&json!("INFO"), &json!("hello"))
    );
    assert_eq!(rest, "half a whole\n");
}

/// Writes so many bytes.
struct Writes(usize);

impl LogFormatter for Writes {
    fn format(&self, _: &LogRecord<'_>, line: &mut Vec<u8>) {
        line.resize(self.0, b'x');
    }
}

#[test]
fn a_line_whose_formatter_writes_nothing_or_too_much_has_the_usual_shape() {
    for (bytes, is_usual) in [(0, true), (1, false), (1999, false), (2000, true)] {
        let bed = install(logger().max_line_bytes(2000).formatter(Writes(bytes)));
        info!("hello");
        let text = bed.output.text();
        if is_usual {
            assert_eq!(bed.messages(), ["hello"], "{bytes}");
        } else {
            assert_eq!(text, "x".repeat(bytes) + "\n");
        }
    }
}

#[derive(Debug)]
struct NoLuck;

impl fmt::Display for NoLuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no luck")
    }
}

impl std::error::Error for NoLuck {}

#[test]
fn for_datadog_an_error_has_kind_message_and_stack() {
    let bed = install(logger().formatter(DatadogFormatter));
    error!(error = &NoLuck as &dyn std::error::Error, "failed");
    info!("hello");
    let lines = bed.lines();
    let failed = line(&lines, "failed");
    assert_eq!(
        failed["error"],
        json!({"kind": "NoLuck", "message": "failed", "stack": failed["exception"]})
    );
    assert!(failed["exception"].as_str().unwrap().contains("no luck"));
    assert_eq!(failed["service"], "pay");
    assert_eq!(line(&lines, "hello").get("error"), None);
}

#[test]
fn for_datadog_a_large_error_keeps_its_kind_within_the_limit_of_the_line() {
    let mut seen = [0; 4];
    for length in (0..1500).step_by(7) {
        let bed = install(logger().max_line_bytes(2000).formatter(DatadogFormatter));
        let error: Box<dyn std::error::Error> = "x".repeat(length).into();
        error!(error = &*error, "failed {}", "y".repeat(400));
        let text = bed.output.text();
        assert!(text.len() <= 2000, "{} at {length}", text.len());
        let [line] = bed.lines().try_into().unwrap();
        let error = &line["error"];
        let has = |name| error.get(name).is_some();
        if has("kind") {
            assert_eq!(error["kind"], line["exception_name"]);
        }
        if has("stack") {
            assert_eq!(error["stack"], line["exception"]);
        }
        let kept = ["kind", "message", "stack"].map(has);
        let rank = kept.iter().filter(|kept| **kept).count();
        assert!(kept.iter().take(rank).all(|kept| *kept), "{error}");
        seen[rank] += 1;
    }
    assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
}

#[test]
fn for_datadog_a_field_named_error_stays_the_only_one() {
    let bed = install(logger().formatter(DatadogFormatter));
    error!(
        cause = &NoLuck as &dyn std::error::Error,
        error = "mine",
        "failed"
    );
    let text = bed.output.text();
    assert_eq!(text.matches("\"error\":").count(), 1, "{text}");
    assert_eq!(line(&bed.lines(), "failed")["error"], "mine");
}

// --- the writer --------------------------------------------------------------------

/// Does not take one of the lines.
#[derive(Clone)]
struct Picky {
    taken: CapturedOutput,
    panics: bool,
}

impl Write for Picky {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if String::from_utf8_lossy(line).contains("bad line") {
            assert!(!self.panics, "on purpose");
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.taken.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_line_that_the_writer_does_not_take_is_lost_and_nothing_else() {
    for panics in [false, true] {
        let taken = CapturedOutput::default();
        let writer = Picky {
            taken: taken.clone(),
            panics,
        };
        let logger = logger().output(SharedWriter::new(writer)).build().unwrap();
        let subscriber = Registry::default().with(logger.subscriber_layer());
        let _installed = tracing::subscriber::set_default(subscriber);
        let handler = tower::service_fn(async |event: lambda_runtime::LambdaEvent<u8>| {
            info!("before");
            error!("bad line");
            info!("after");
            Err::<(), _>(format!("bad line {}", event.payload))
        });
        let service = tower::Layer::layer(&logger, handler);
        let event = powertools_core::test_util::lambda_event("r-1", 7);
        let answer = tower::ServiceExt::oneshot(service, event).await;
        assert_eq!(answer.unwrap_err(), "bad line 7");
        info!("at last");
        assert_eq!(messages(&taken.json()), ["before", "after", "at last"]);
    }
}

// --- beside other layers -----------------------------------------------------------

/// The layer of `tracing_subscriber::fmt`, writing here.
fn fmt_layer<S>(output: &CapturedOutput) -> impl tracing_subscriber::Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let output = output.clone();
    tracing_subscriber::fmt::layer()
        .without_time()
        .with_writer(move || output.clone())
}

/// As a tracer does: spans are kept in their extensions, events too.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct SpanData;

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        context.span(id).unwrap().extensions_mut().insert(SpanData);
        let name = attributes.metadata().name();
        self.0.lock().unwrap().push(format!("span {name}"));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let inside = context
            .event_span(event)
            .is_some_and(|span| span.extensions().get::<SpanData>().is_some());
        let level = event.metadata().level();
        self.0.lock().unwrap().push(format!("{level} {inside}"));
    }
}

#[tokio::test]
async fn each_layer_beside_ours_has_a_level_of_its_own() {
    let (output, plain, spans) = (
        CapturedOutput::default(),
        CapturedOutput::default(),
        Spans::default(),
    );
    let logger = logger().output(output.writer()).build().unwrap();
    let subscriber = Registry::default()
        .with(fmt_layer(&plain).with_filter(EnvFilter::new("warn,output=debug")))
        .with(logger.subscriber_layer())
        .with(spans.clone().with_filter(LevelFilter::TRACE));
    let _installed = tracing::subscriber::set_default(subscriber);
    let handler = tower::service_fn(async |_: lambda_runtime::LambdaEvent<()>| {
        let inner = tracing::trace_span!("inner");
        inner.in_scope(|| {
            trace!("trace");
            debug!("debug");
            info!(fields = ?powertools_logger::json(&json!({"a": 1})), "info");
        });
        Ok::<_, std::convert::Infallible>(())
    });
    let service = tower::Layer::layer(&logger, handler);
    let event = powertools_core::test_util::lambda_event("r-1", ());
    tower::ServiceExt::oneshot(service, event).await.unwrap();

    let lines = output.json();
    assert_eq!(messages(&lines), ["info"]);
    // Found although our own filter hides the span that the event is in.
    assert_eq!(lines[0]["function_request_id"], "r-1");
    assert_eq!(lines[0]["fields"], json!({"a": 1}));
    let plain = plain.text();
    let shown: Vec<_> = plain.lines().map(|line| line.trim_start()).collect();
    assert_eq!(shown.len(), 2, "{plain}");
    assert!(
        shown[0].starts_with("DEBUG") && shown[0].ends_with("debug"),
        "{plain}"
    );
    assert!(shown[1].ends_with(r#"info fields={"a":1}"#), "{plain}");
    let seen = spans.0.lock().unwrap();
    assert_eq!(
        *seen,
        [
            "span invocation",
            "span inner",
            "TRACE true",
            "DEBUG true",
            "INFO true"
        ]
    );
}

#[test]
fn a_filter_of_the_whole_subscriber_holds_for_ours_too() {
    let output = CapturedOutput::default();
    let logger = logger().output(output.writer()).build().unwrap();
    let subscriber = Registry::default()
        .with(EnvFilter::new("off,loud=info"))
        .with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || {
        error!("hidden");
        info!(target: "loud", "shown");
        debug!(target: "loud", "hidden");
    });
    assert_eq!(messages(&output.json()), ["shown"]);
}

#[tokio::test]
async fn a_drawn_invocation_is_drawn_for_ours_alone() {
    let (output, plain) = (CapturedOutput::default(), CapturedOutput::default());
    let logger = logger().sampling_rate(1.0).output(output.writer());
    let logger = logger.build().unwrap();
    let subscriber = Registry::default()
        .with(logger.subscriber_layer())
        .with(fmt_layer(&plain).with_filter(LevelFilter::INFO));
    let _installed = tracing::subscriber::set_default(subscriber);
    debug!("outside");
    let handler = tower::service_fn(async |_: lambda_runtime::LambdaEvent<()>| {
        debug!("inside");
        Ok::<_, std::convert::Infallible>(())
    });
    let service = tower::Layer::layer(&logger, handler);
    let event = powertools_core::test_util::lambda_event("r-1", ());
    tower::ServiceExt::oneshot(service, event).await.unwrap();
    assert_eq!(messages(&output.json()), ["inside"]);
    assert_eq!(plain.text(), "");
}
