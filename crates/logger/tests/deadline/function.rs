//! A function that Lambda kills at its deadline.

use std::{future::pending, thread, time::Duration};

use lambda_runtime::LambdaEvent;
use powertools_core::watchdog;
use powertools_local::{Invoke, ShutdownReason};
use powertools_logger::{LogBuffer, LoggerLayer};
use serde_json::Value;
use testbed::{
    process::Test,
    runtime::{Lambda, Status, Stream},
};
use tower::{Layer, service_fn};
use tracing::debug;

use crate::{WARNING, remaining, support::messages};

const MARGIN: Duration = Duration::from_millis(300);

pub(crate) fn run() {
    let logger = LoggerLayer::builder()
        .buffer(LogBuffer::new())
        .timeout_warning(MARGIN)
        .build()
        .unwrap();
    logger.init().unwrap();
    watchdog::start().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = logger.layer(service_fn(handle));
    runtime.block_on(lambda_runtime::run(service)).unwrap();
}

async fn handle(event: LambdaEvent<String>) -> Result<(), String> {
    debug!("held");
    if event.payload == "block" {
        loop {
            thread::park();
        }
    }
    pending().await
}

pub(crate) fn tests() -> [Test; 2] {
    [
        Test::new("a_killed_function_has_warned", || killed("wait")),
        Test::new("a_killed_function_that_blocks_has_warned", || {
            killed("block")
        }),
    ]
}

async fn killed(how: &str) {
    let lambda = Lambda::builder().timeout(Duration::from_secs(1));
    let lambda = lambda.start().await;
    let report = lambda.invoke(Invoke::new(format!("\"{how}\""))).await;
    assert_eq!(report.status(), Status::Timeout);
    lambda.output().wait_for_text(WARNING).await;
    // None, unless it is just being killed.
    lambda.shut_down(ShutdownReason::Timeout).await;
    let lines = lambda.output().text(Stream::Stdout);
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(messages(&lines), ["held", WARNING]);
    for line in &lines {
        assert_eq!(line["function_request_id"], report.request_id());
    }
    assert!(remaining(&lines[1]) <= 300, "{}", lines[1]);
}
