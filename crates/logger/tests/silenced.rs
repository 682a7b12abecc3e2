//! A logger that has the subscriber to itself, and silences Powertools' own events. The
//! subscriber is the process's, hence a target of its own.

mod support;

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::{CapturedOutput, lambda_event};
use powertools_logger::LoggerLayer;
use support::{NO_ENV, host, line};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, info, level_filters::LevelFilter};

#[tokio::test]
async fn the_span_that_carries_the_invocation_stays() {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .host(host(NO_ENV))
        .target_level("powertools", LevelFilter::OFF)
        .output(output.writer())
        .build()
        .unwrap();
    logger.init().unwrap();
    let handler = service_fn(async |_: LambdaEvent<()>| {
        tokio::spawn(async { info!("spawned") }.in_current_span()).await
    });
    let answer = logger.layer(handler).oneshot(lambda_event("r-1", ())).await;
    answer.unwrap();
    assert_eq!(
        line(&output.json(), "spawned")["function_request_id"],
        "r-1"
    );
}
