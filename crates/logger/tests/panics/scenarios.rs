//! What the children do.

use std::{
    any::Any,
    convert::Infallible,
    fmt,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    process,
    sync::Mutex,
    thread,
};

use lambda_runtime::LambdaEvent;
use powertools_core::{SharedWriter, spawn, spawn_blocking, test_util::lambda_event};
use powertools_logger::{
    LogBuffer, LogFormatter, LogRecord, LoggerBuilder, LoggerLayer, append_key, json,
};
use serde::{Serialize, Serializer, ser::SerializeSeq};
use testbed::process::{Harness, Parent};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, info};

use crate::support::{NO_ENV, caught, host};

pub(crate) fn add_to(harness: Harness) -> Harness {
    harness
        .scenario("panic", panic)
        .scenario("no_text", no_text)
        .scenario("outside", outside)
        .scenario("held", held)
        .scenario("held_off", held_off)
        .scenario("aborts", aborts)
        .scenario("tasks", tasks)
        .scenario("in_drop", in_drop)
        .scenario("twice", twice)
        .scenario("writer", writer)
        .scenario("formatter", formatter)
        .scenario("in_debug", in_debug)
        .scenario("canonical", canonical)
        .scenario("late", late)
        .scenario("other_log", other_log)
        .scenario("switched_off", switched_off)
}

fn logger() -> LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV)).service("pay")
}

/// Installs the logger after a hook that prints the payload.
fn install(builder: LoggerBuilder) -> LoggerLayer {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text");
        eprintln!("the hook before: {text}");
    }));
    let logger = builder.build().unwrap();
    logger.init().unwrap();
    logger
}

async fn call<F: Future<Output = ()>>(
    logger: &LoggerLayer,
    mut handler: impl FnMut() -> F,
) -> Result<(), Box<dyn Any + Send>> {
    let service = logger.layer(service_fn(move |_: LambdaEvent<()>| {
        let handled = handler();
        async move {
            handled.await;
            Ok::<_, Infallible>(())
        }
    }));
    let called = caught(service.oneshot(lambda_event("r-1", ()))).await;
    called.map(|answered| answered.unwrap())
}

async fn panic(_: Parent) {
    let logger = install(logger());
    let called = call(&logger, async || {
        info!(panics_in_line = line!() + 1, "before");
        panic!("on purpose {}", 7);
    });
    called.await.unwrap_err();
    info!("after");
}

async fn no_text(_: Parent) {
    let logger = install(logger().stack_trace(false));
    call(&logger, async || panic_any(7)).await.unwrap_err();
}

async fn outside(_: Parent) {
    install(logger());
    thread::spawn(|| panic!("on a thread")).join().unwrap_err();
}

async fn held(_: Parent) {
    let logger = install(logger().buffer(LogBuffer::new()));
    let called = call(&logger, async || {
        debug!("held");
        panic!("on purpose");
    });
    called.await.unwrap_err();
}

async fn held_off(_: Parent) {
    let buffer = LogBuffer::new().flush_on_uncaught_error(false);
    let logger = install(logger().buffer(buffer));
    let called = call(&logger, async || {
        debug!("held");
        panic!("on purpose");
    });
    called.await.unwrap_err();
}

/// As with `panic = "abort"`: the hook is the last that runs.
async fn aborts(_: Parent) {
    std::panic::set_hook(Box::new(|_| process::abort()));
    let logger = logger().buffer(LogBuffer::new()).build().unwrap();
    logger.init().unwrap();
    let called = call(&logger, async || {
        debug!("held");
        info!("before");
        panic!("on purpose");
    });
    let _ = called.await;
}

async fn tasks(_: Parent) {
    let logger = install(logger());
    let called = call(&logger, async || {
        let task = spawn(async { panic!("in a task of ours") });
        task.await.unwrap_err();
        let blocking = spawn_blocking(|| panic!("in a blocking task of ours"));
        blocking.await.unwrap_err();
        let bare = tokio::spawn(async { panic!("in a bare task") });
        bare.await.unwrap_err();
        info!("after");
    });
    called.await.unwrap();
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

async fn in_drop(_: Parent) {
    let logger = install(logger());
    call(&logger, async || drop(PanicsInDrop))
        .await
        .unwrap_err();
}

async fn twice(_: Parent) {
    let logger = install(logger());
    let called = call(&logger, async || {
        let _drops = PanicsInDrop;
        panic!("the first");
    });
    let _ = called.await;
}

/// Panics on one of the lines.
struct Panics;

impl Write for Panics {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        assert!(
            !String::from_utf8_lossy(line).contains("bad line"),
            "the writer"
        );
        io::stdout().write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn writer(_: Parent) {
    let logger = install(logger().output(SharedWriter::new(Panics)));
    let called = call(&logger, async || {
        info!("before");
        info!("bad line");
        info!("after");
    });
    called.await.unwrap();
}

/// Panics on bad lines and on those about panics.
struct PanicsToo;

impl LogFormatter for PanicsToo {
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
        let message = record.get("message").unwrap();
        line.extend_from_slice(format!(r#"{{"shape":"own","message":{message}}}"#).as_bytes());
        assert!(
            message != r#""bad line""# && message != r#""panic""#,
            "the formatter"
        );
    }
}

async fn formatter(_: Parent) {
    let logger = install(logger().formatter(PanicsToo));
    let called = call(&logger, async || {
        info!("bad line");
        panic!("of the handler");
    });
    called.await.unwrap_err();
    info!("after");
}

/// Another field of the logger's, then a panic.
struct PanicsInDebug;

impl fmt::Debug for PanicsInDebug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json(&["secret"]).fmt(f)?;
        panic!("in debug");
    }
}

/// Some JSON, then a panic.
struct PanicsInSerialize;

impl Serialize for PanicsInSerialize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element("secret")?;
        panic!("in serialize");
    }
}

async fn in_debug(_: Parent) {
    let logger = install(logger());
    let called = call(&logger, async || {
        let logged = || info!(secret = "of the first", value = ?PanicsInDebug, "first");
        catch_unwind(AssertUnwindSafe(logged)).unwrap_err();
        // Without a message, which would be the first field.
        info!(value = ?json(&serde_json::json!({"a": 1})));
        info!(text = %"plain", "next");
        let logged = || info!(value = ?json(&PanicsInSerialize), "second");
        catch_unwind(AssertUnwindSafe(logged)).unwrap_err();
        let appended = || append_key("value", &PanicsInSerialize);
        catch_unwind(AssertUnwindSafe(appended)).unwrap_err();
        info!(value = ?json(&serde_json::json!({"a": 2})), "with JSON");
    });
    called.await.unwrap();
}

async fn canonical(_: Parent) {
    let logger = install(logger().canonical_line(true));
    let called = call(&logger, async || panic!("on purpose"));
    called.await.unwrap_err();
}

async fn late(_: Parent) {
    let logger = install(logger().canonical_line(true));
    let (ended, wait) = tokio::sync::oneshot::channel::<()>();
    let (wait, task) = (Mutex::new(Some(wait)), Mutex::new(None));
    let called = call(&logger, async || {
        let wait = wait.lock().unwrap().take().unwrap();
        *task.lock().unwrap() = Some(spawn(async {
            wait.await.unwrap();
            panic!("too late");
        }));
    });
    called.await.unwrap();
    ended.send(()).unwrap();
    let task = task.lock().unwrap().take().unwrap();
    task.await.unwrap_err();
    call(&logger, async || {}).await.unwrap();
}

/// Chosen before ours.
struct OtherLog;

impl log::Log for OtherLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("the other logger: {}", record.args());
    }

    fn flush(&self) {}
}

async fn other_log(_: Parent) {
    log::set_logger(&OtherLog).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    install(logger());
    info!("of tracing");
    log::info!("of log");
}

async fn switched_off(_: Parent) {
    let logger = install(logger().log_panics(false));
    let called = call(&logger, async || panic!("on purpose"));
    called.await.unwrap_err();
    info!("after");
}
