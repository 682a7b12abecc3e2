//! Invocations that overlap in one process: nothing of one is ever seen in another.

mod support;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, LazyLock},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    ColdStart, Env, Host, InvocationExt, spawn, spawn_blocking,
    test_util::{CapturedOutput, TestContext},
};
use powertools_logger::{
    CorrelationIdPath, LogBuffer, LoggerLayer, WithKeys, append_context_keys, append_key,
    clear_buffer, clear_state, correlation_id, count,
};
use serde_json::{Value, json};
use tokio::{
    join,
    sync::{Barrier, mpsc},
    task::{JoinSet, yield_now},
};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, Span, debug, error, info, level_filters::LevelFilter};

type Logger = LoggerLayer<CorrelationIdPath>;

static INSTALLED: LazyLock<(Logger, CapturedOutput)> = LazyLock::new(|| {
    let output = CapturedOutput::default();
    let host = Host::default()
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(support::NO_ENV));
    let logger = LoggerLayer::builder()
        .host(host)
        .correlation_id(CorrelationIdPath::EVENT_BRIDGE)
        .buffer(LogBuffer::new())
        // The last digits of the trace id decide.
        .sampling_rate(0.5)
        .sample_by_trace_id(true)
        .canonical_line(true)
        .output(output.writer())
        .build()
        .unwrap();
    logger.init().unwrap();
    (logger, output)
});

/// The lines of the invocations whose id begins so, by their number.
fn lines(prefix: &str) -> BTreeMap<usize, Vec<Value>> {
    let mut lines = BTreeMap::<_, Vec<_>>::new();
    for line in INSTALLED.1.json() {
        let id = line["function_request_id"].as_str().unwrap_or_default();
        if let Some(number) = id.strip_prefix(prefix) {
            lines.entry(number.parse().unwrap()).or_default().push(line);
        }
    }
    lines
}

const ALL: usize = 32;

/// Every other one is drawn.
fn is_drawn(number: usize) -> bool {
    number.is_multiple_of(2)
}

fn event(prefix: &str, number: usize) -> LambdaEvent<Value> {
    let digit = if is_drawn(number) { '0' } else { 'f' };
    let id = format!("{prefix}{number}");
    let payload = json!({"id": format!("c-{id}")});
    TestContext::new(&id)
        .tenant_id(&format!("t-{id}"))
        .xray_header(&format!(
            "Root=1-5759e988-bd862e3fe1b{digit}00000000{number:04}"
        ))
        .event(payload)
}

/// Calls the handler with all the invocations at once.
async fn all_at_once<F>(prefix: &str, handler: impl Fn(usize) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..ALL {
        let handler = handler.clone();
        let handler = service_fn(move |_: LambdaEvent<Value>| {
            let handled = handler(number);
            async move {
                handled.await;
                Ok::<_, Infallible>(())
            }
        });
        let service = INSTALLED.0.layer(handler);
        calls.spawn(service.oneshot(event(prefix, number)));
    }
    for called in calls.join_all().await {
        called.unwrap();
    }
}

/// Logs from everywhere that a handler can log from, always between others.
async fn work(number: usize, barrier: Arc<Barrier>) {
    let expected = if is_drawn(number) {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    append_key("own", &number);
    count("counted", i64::try_from(number).unwrap());
    debug!(is = number, "held");
    barrier.wait().await;
    let level = || INSTALLED.0.level();
    assert_eq!(level(), expected);
    let branch = |name: &'static str| async move {
        for _ in 0..3 {
            info!(is = number, branch_is = name, "branch");
            yield_now().await;
        }
    };
    join!(
        branch("a").with_keys(&json!({"branch": "a", "scoped": number})),
        branch("b").with_keys(&json!({"branch": "b", "scoped": number})),
    );
    {
        let _keys = append_context_keys(&json!({"scoped": number}));
        info!(is = number, "scope");
    }
    barrier.wait().await;
    let span = Span::current();
    let mut set = JoinSet::new();
    set.spawn(async move { info!(is = number, "join set") }.in_invocation());
    set.spawn(async move { info!(is = number, "instrumented") }.instrument(span.clone()));
    set.spawn_blocking(move || span.in_scope(|| info!(is = number, "in scope")));
    set.join_all().await;
    let task = spawn(async move {
        yield_now().await;
        append_key("of_task", &number);
        info!(is = number, level_is = ?level(), "spawned");
    });
    let blocking = spawn_blocking(move || {
        count("counted", 1);
        info!(is = number, id_is = correlation_id(), "blocking");
    });
    let (task, blocking) = join!(task, blocking);
    task.unwrap();
    blocking.unwrap();
    barrier.wait().await;
    match number % 4 {
        0 => clear_buffer(),
        1 => clear_state(),
        _ => {}
    }
    barrier.wait().await;
    error!(is = number, "last");
}

fn own_lines(number: usize) -> Vec<String> {
    let mut lines: Vec<_> = ["branch"; 6].to_vec();
    lines.extend([
        "scope",
        "join set",
        "instrumented",
        "in scope",
        "spawned",
        "blocking",
    ]);
    if !number.is_multiple_of(4) {
        lines.push("held");
    }
    lines.extend(["last", "invocation"]);
    lines.sort_unstable();
    lines.into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_scopes_buffers_draws_ids_and_counters_never_mix() {
    let barrier = Arc::new(Barrier::new(ALL));
    all_at_once("mix-", move |number| work(number, Arc::clone(&barrier))).await;
    let written = lines("mix-");
    assert_eq!(written.len(), ALL);
    for (number, lines) in written {
        let mut messages = support::messages(&lines);
        messages.sort_unstable();
        assert_eq!(messages, own_lines(number), "{number}");
        for line in &lines {
            check(number, line);
        }
    }
}

fn check(number: usize, line: &Value) {
    let (own, id) = (json!(number), format!("mix-{number}"));
    let message = line["message"].as_str().unwrap();
    // What the line itself says and what its invocation says are the same.
    if message != "invocation" {
        assert_eq!(line["is"], own, "{line}");
    }
    assert_eq!(line["tenant_id"], format!("t-{id}"));
    let trace = line["xray_trace_id"].as_str().unwrap();
    assert!(trace.ends_with(&format!("{number:04}")), "{line}");
    // A quarter has cleared its state before its held and last lines.
    let cleared = number % 4 == 1 && matches!(message, "held" | "last" | "invocation");
    let own_unless_cleared = (!cleared).then(|| own.clone());
    assert_eq!(line.get("own").cloned(), own_unless_cleared, "{line}");
    let correlation = (!cleared).then(|| json!(format!("c-{id}")));
    assert_eq!(line.get("correlation_id").cloned(), correlation, "{line}");
    let scoped = matches!(message, "branch" | "scope").then_some(own.clone());
    assert_eq!(line.get("scoped").cloned(), scoped, "{line}");
    assert_eq!(line.get("branch"), line.get("branch_is"), "{line}");
    match message {
        "invocation" => assert_eq!(line["counted"], number + 1),
        "blocking" => assert_eq!(line["id_is"], format!("c-{id}")),
        "spawned" => {
            let level = if is_drawn(number) { "DEBUG" } else { "INFO" };
            assert_eq!(line["level_is"], format!("LevelFilter::{level}"));
            assert_eq!(line["of_task"], own);
        }
        _ => {}
    }
}

/// The keys that a line has of its invocation alone.
const STRUCTURAL: [&str; 16] = [
    "cold_start",
    "correlation_id",
    "duration_ms",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "level",
    "location",
    "message",
    "outcome",
    "sampling_rate",
    "service",
    "tenant_id",
    "timestamp",
    "xray_trace_id",
];

/// Those that only the canonical line has.
const WIDE: [&str; 2] = ["duration_ms", "outcome"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_the_earlier_invocations_is_left_for_the_later_ones() {
    all_at_once("earlier-", |number| async move {
        append_key("left", &number);
        count("left_count", 1);
        for _ in 0..50 {
            debug!(number, "left in the buffer");
        }
        if is_drawn(number) {
            // An error that the canonical line remembers.
            let _ = std::panic::catch_unwind(|| panic!("left as an error"));
        }
    })
    .await;
    all_at_once("later-", |_| async {
        debug!("held by the later one");
        error!("of the later one");
    })
    .await;
    let later = lines("later-");
    assert_eq!(later.len(), ALL);
    for lines in later.values() {
        let messages = support::messages(lines);
        let expected = ["held by the later one", "of the later one", "invocation"];
        assert_eq!(messages, expected);
        for line in lines {
            let names: Vec<_> = line.as_object().unwrap().keys().collect();
            let is_wide = line["message"] == "invocation";
            let is_expected = |name: &&str| is_wide || !WIDE.contains(name);
            let expected: Vec<_> = STRUCTURAL.into_iter().filter(is_expected).collect();
            assert_eq!(names, expected, "{line}");
        }
    }
}

/// Logs when its invocation has ended and others run.
async fn late_task(number: usize, how: &'static str, late: Arc<Barrier>) {
    late.wait().await;
    late.wait().await;
    append_key("late", &number);
    count("late_count", 1);
    info!(is = number, how, "late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_line_is_nobodys_or_of_the_one_that_has_ended() {
    let late = Arc::new(Barrier::new(2 * ALL + 1));
    let (started, mut tasks) = mpsc::unbounded_channel();
    let barrier = Arc::clone(&late);
    all_at_once("ended-", move |number| {
        let (started, barrier) = (started.clone(), Arc::clone(&barrier));
        async move {
            append_key("own", &number);
            for how in ["bare", "taken along"] {
                let task = late_task(number, how, Arc::clone(&barrier));
                let task = match how {
                    "bare" => tokio::spawn(task),
                    _ => spawn(task),
                };
                started.send(task).unwrap();
            }
        }
    })
    .await;
    late.wait().await;
    all_at_once("running-", move |number| {
        let late = Arc::clone(&late);
        async move {
            append_key("own", &number);
            if number == 0 {
                // The late lines come while others run.
                late.wait().await;
            }
            yield_now().await;
            info!("running");
        }
    })
    .await;
    while let Some(task) = tasks.recv().await {
        task.await.unwrap();
    }
    for (number, lines) in lines("running-") {
        for line in &lines {
            assert_eq!(line["own"], number, "{line}");
            assert_eq!(line.get("late"), None, "{line}");
            assert_eq!(line.get("late_count"), None, "{line}");
        }
    }
    let ended = lines("ended-");
    let all = INSTALLED.1.json();
    let late: Vec<_> = all
        .iter()
        .filter(|line| line["message"] == "late")
        .collect();
    assert_eq!(late.len(), 2 * ALL);
    for line in late {
        let number = usize::try_from(line["is"].as_u64().unwrap()).unwrap();
        if line["how"] == "bare" {
            for key in [
                "function_request_id",
                "own",
                "late",
                "correlation_id",
                "tenant_id",
            ] {
                assert_eq!(line.get(key), None, "{line}");
            }
        } else {
            assert_eq!(line["function_request_id"], format!("ended-{number}"));
            assert_eq!(
                (&line["own"], &line["late"]),
                (&json!(number), &json!(number))
            );
            assert!(ended[&number].contains(line));
        }
    }
}
