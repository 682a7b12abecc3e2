//! A handler that blocks its thread, so that no timer is polled.

use std::{
    convert::Infallible,
    thread,
    time::{Duration, SystemTime},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    SharedClock,
    test_util::{CapturedOutput, TestContext},
    watchdog,
};
use powertools_logger::{LogBuffer, LoggerLayer};
use serde_json::Value;
use testbed::process::{Child, Parent};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{debug, info};

use crate::{WARNING, remaining, support::messages};

/// Runs in the child: the thread is one for the whole process.
pub(crate) async fn blocks(parent: Parent) {
    watchdog::start().unwrap();
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .buffer(LogBuffer::new())
        .timeout_warning(Duration::from_secs(60))
        .canonical_line(true)
        .output(output.writer())
        .build()
        .unwrap();
    logger.init().unwrap();
    let written = output.clone();
    let handler = service_fn(move |_: LambdaEvent<()>| {
        debug!("held");
        while !written.text().contains(WARNING) {
            thread::yield_now();
        }
        info!("after");
        async { Ok::<_, Infallible>(()) }
    });
    let now: SystemTime = SharedClock::default().now();
    let context = TestContext::new("r-1").deadline(now + Duration::from_secs(1));
    let call = logger.layer(handler).oneshot(context.event(()));
    call.await.unwrap();
    parent.report(&output.json());
}

pub(crate) async fn warns() {
    let child = Child::builder("blocks").spawn();
    let lines: Vec<Value> = child.report().await;
    assert_eq!(messages(&lines), ["held", WARNING, "after", "invocation"]);
    for line in &lines {
        assert_eq!(line["function_request_id"], "r-1");
    }
    // Half of the second, and a quarter of that for the timer.
    assert!(remaining(&lines[1]) <= 375, "{}", lines[1]);
    assert_eq!(lines[3]["outcome"], "ok");
}
