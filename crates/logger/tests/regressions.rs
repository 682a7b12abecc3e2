//! Bugs that other implementations have paid for. `PY`, `TS`, `JV` and `NET` are the
//! repositories `aws-powertools/powertools-lambda-{python,typescript,java,dotnet}`.

mod support;

use std::{
    collections::HashSet,
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task, thread,
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Random, SharedRandom,
    test_util::{CapturedOutput, TestContext},
};
use powertools_logger::{
    LogBuffer, LoggerBuilder, LoggerLayer, append_key, clear_buffer, clear_state, flush_buffer,
    refresh_sampling, remove_keys,
};
use serde_json::Value;
use support::{Bed, NO_ENV, host, install, line};
use tokio::{
    join,
    sync::{Barrier, Notify},
    task::yield_now,
};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, error, info, instrument::WithSubscriber};
use tracing_subscriber::{Registry, layer::SubscriberExt};

fn logger() -> LoggerBuilder {
    LoggerLayer::builder().host(host(NO_ENV))
}

/// Runs two handlers at once that meet at a barrier whenever they like.
async fn side_by_side<A, B>(
    bed: &Bed,
    contexts: [TestContext; 2],
    first: impl FnMut() -> A,
    second: impl FnMut() -> B,
) where
    A: Future<Output = Result<(), Infallible>>,
    B: Future<Output = Result<(), Infallible>>,
{
    let [one, two] = contexts;
    let (first, second) = join!(bed.invoke_with(one, first), bed.invoke_with(two, second));
    first.and(second).unwrap();
}

fn two() -> [TestContext; 2] {
    ["r-1", "r-2"].map(TestContext::new)
}

fn owner<'a>(lines: &'a [Value], message: &str) -> &'a str {
    let line = line(lines, message);
    line["function_request_id"].as_str().unwrap()
}

/// TS #5429: a line carried the ids of the invocation that had come last.
#[tokio::test]
async fn wrong_request_and_tenant_id_under_overlap() {
    let bed = install(logger());
    let both = Barrier::new(2);
    let handler = |own: &'static str| {
        let both = &both;
        async move {
            both.wait().await;
            info!("{own} after the other came");
            both.wait().await;
            yield_now().await;
            info!("{own} at last");
            Ok(())
        }
    };
    let contexts = two().map(|context| {
        let id = context.clone().build().request_id;
        context.tenant_id(&format!("tenant of {id}"))
    });
    side_by_side(&bed, contexts, || handler("r-1"), || handler("r-2")).await;
    for line in bed.lines() {
        let own = &line["message"].as_str().unwrap()[..3];
        assert_eq!(line["function_request_id"], own);
        assert_eq!(line["tenant_id"], format!("tenant of {own}"));
    }
    assert_eq!(bed.lines().len(), 4);
}

/// TS #5541: the end of one invocation, or a clear in it, emptied the buffers of all.
#[tokio::test]
async fn one_invocations_buffer_clear_wipes_the_others() {
    let bed = install(logger().buffer(LogBuffer::new()));
    let (both, ended) = (Barrier::new(2), Notify::new());
    let ends = async {
        let handler = async || {
            debug!("of the one that ends");
            both.wait().await;
            clear_buffer();
        };
        bed.run("r-1", handler).await;
        ended.notify_one();
    };
    let fails = bed.run("r-2", async || {
        debug!("of the one that fails");
        both.wait().await;
        ended.notified().await;
        error!("failed");
    });
    join!(ends, fails);
    assert_eq!(bed.messages(), ["of the one that fails", "failed"]);
}

/// TS #3705, PY #6310: without the clear, buffers of ended invocations stayed for good.
#[tokio::test]
async fn the_buffer_of_an_ended_invocation_leaks_into_the_next() {
    let bed = install(logger().buffer(LogBuffer::new()));
    // The same trace, as of a retry: it is not what the buffer is found by.
    let context = |id| TestContext::new(id).xray_header("Root=1-2-3");
    let held = async || {
        debug!("held");
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(context("r-1"), held).await.unwrap();
    let failing = async || {
        error!("failed");
        Ok::<_, Infallible>(())
    };
    bed.invoke_with(context("r-1"), failing).await.unwrap();
    assert_eq!(bed.messages(), ["failed"]);
}

/// TS #5210: the highest level did not flush. Here ERROR is the highest, whoever logs it.
#[tokio::test]
async fn buffer_is_not_flushed_on_critical() {
    let bed = install(logger().buffer(LogBuffer::new()));
    bed.run("r-1", async || {
        debug!("held");
        error!(target: "a_library", "critical");
    })
    .await;
    assert_eq!(bed.messages(), ["held", "critical"]);
}

/// PY #6793, #6794: a flush where nothing is buffered was an error.
#[tokio::test]
async fn flush_without_a_buffer_throws() {
    let bed = install(logger());
    flush_buffer();
    clear_buffer();
    bed.run("r-1", async || {
        flush_buffer();
        clear_buffer();
        info!("still here");
    })
    .await;
    assert_eq!(bed.messages(), ["still here"]);
    drop(bed);
    // Nor is it one without a logger.
    flush_buffer();
    clear_buffer();
}

/// Gives this byte.
struct Switched(Arc<AtomicU8>);

impl Random for Switched {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.load(Ordering::Relaxed));
    }
}

/// TS #2668, #3718: drawing again changed nothing, or never went back.
#[tokio::test]
async fn sampling_refresh_is_a_no_op() {
    let byte = Arc::new(AtomicU8::new(0xff));
    let random = SharedRandom::new(Switched(Arc::clone(&byte)));
    let host = host(NO_ENV).with_random(random);
    let bed = install(logger().host(host).sampling_rate(0.5));
    let set = |to| byte.store(to, Ordering::Relaxed);
    bed.run("r-1", async || {
        debug!("not drawn");
        set(0x00);
        debug!("not drawn yet");
        refresh_sampling();
        debug!("drawn");
        set(0xff);
        refresh_sampling();
        debug!("not drawn any more");
    })
    .await;
    // Each invocation is drawn anew as well.
    set(0x00);
    bed.run("r-2", async || debug!("drawn, too")).await;
    set(0xff);
    bed.run("r-3", async || debug!("not drawn")).await;
    assert_eq!(bed.messages(), ["drawn", "drawn, too"]);
}

/// PY #1084: with the appended keys went those that belong to every line.
#[tokio::test]
async fn clear_state_drops_structural_keys() {
    let bed = install(logger().service("pay").key("team", "blue"));
    bed.run("r-1", async || {
        info!("untouched");
        append_key("order", &7);
        remove_keys(["location", "service", "function_name"]);
        clear_state();
        info!("cleared");
    })
    .await;
    let lines = bed.lines();
    let names = |message| {
        let line = line(&lines, message).as_object().unwrap();
        line.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names("cleared"), names("untouched"));
    let cleared = line(&lines, "cleared");
    assert_eq!(
        (&cleared["service"], &cleared["team"]),
        (&"pay".into(), &"blue".into())
    );
    assert_eq!(cleared["function_request_id"], "r-1");
}

/// NET #1076, #1079: state was found by the thread's id, and an await may change threads.
#[test]
fn state_keyed_by_thread_id() {
    let output = CapturedOutput::default();
    let logger = logger().output(output.writer()).build().unwrap();
    let dispatch = tracing::Dispatch::new(Registry::default().with(logger.subscriber_layer()));
    // Two calls that are polled in turns, each poll on a thread of its own: no thread sees
    // one of them twice, and the threads' ids are all different.
    let mut calls = Vec::from(["r-1", "r-2"].map(|id| {
        let handler = service_fn(move |_: LambdaEvent<()>| async move {
            append_key("own", id);
            for step in 0..4 {
                info!(is = id, thread = ?thread::current().id(), "step {step}");
                yield_now().await;
            }
            Ok::<_, Infallible>(())
        });
        let call = logger
            .layer(handler)
            .oneshot(TestContext::new(id).event(()));
        Box::pin(call.with_subscriber(dispatch.clone()))
    }));
    while !calls.is_empty() {
        calls.retain_mut(|call| {
            thread::scope(|scope| {
                let poll = || {
                    let mut cx = task::Context::from_waker(task::Waker::noop());
                    call.as_mut().poll(&mut cx).is_pending()
                };
                scope.spawn(poll).join().unwrap()
            })
        });
    }
    let lines = output.json();
    assert_eq!(lines.len(), 8);
    let threads: HashSet<_> = lines
        .iter()
        .map(|line| line["thread"].to_string())
        .collect();
    assert_eq!(threads.len(), 8, "{threads:?}");
    for line in lines {
        assert_eq!(line["function_request_id"], line["is"]);
        assert_eq!(line["own"], line["is"]);
    }
}

/// JV #2294: state was found by the X-Ray trace id, which all invocations of a fan-out
/// share.
#[tokio::test]
async fn state_keyed_by_xray_trace_id() {
    let bed = install(logger().buffer(LogBuffer::new()));
    let barrier = Barrier::new(8);
    let calls = (0..8).map(|number| {
        let (bed, barrier) = (&bed, &barrier);
        async move {
            let context = TestContext::new(&format!("r-{number}"));
            let context = context.xray_header("Root=1-5759e988-bd862e3fe1be46a994272793");
            let handler = || async move {
                append_key("own", &number);
                debug!("held by {number}");
                barrier.wait().await;
                info!("at once by {number}");
                barrier.wait().await;
                if number == 3 {
                    error!("flushed by {number}");
                }
                barrier.wait().await;
                Ok::<_, Infallible>(())
            };
            bed.invoke_with(context, handler).await.unwrap();
        }
    });
    futures_util::future::join_all(calls).await;
    let lines = bed.lines();
    assert_eq!(lines.len(), 8 + 2, "{lines:#?}");
    for number in 0..8 {
        let line = line(&lines, &format!("at once by {number}"));
        assert_eq!(line["own"], number);
        assert_eq!(line["function_request_id"], format!("r-{number}"));
    }
    assert_eq!(owner(&lines, "held by 3"), "r-3");
    assert_eq!(owner(&lines, "flushed by 3"), "r-3");
}
