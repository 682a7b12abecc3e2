//! The runtime's own lines about failures, in a real function.

use lambda_runtime::LambdaEvent;
use powertools_core::Env;
use powertools_local::{Invoke, ShutdownReason};
use powertools_logger::LoggerLayer;
use serde_json::Value;
use testbed::{
    process::Test,
    runtime::{Lambda, Status, Stream},
};
use tower::{Layer, service_fn};
use tracing::info;

use crate::support::messages;

const KIND: &str = "TEST_FUNCTION";

pub(crate) fn run() {
    let kind = Env::process().get(KIND).unwrap_or_default();
    let logger = LoggerLayer::builder()
        .keep_runtime_error_lines(kind == "keep")
        .log_panics(kind != "off")
        .log_uncaught_errors(kind != "off" && kind != "panics")
        .build()
        .unwrap();
    logger.init().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = logger.layer(service_fn(handle));
    runtime.block_on(lambda_runtime::run(service)).unwrap();
}

async fn handle(event: LambdaEvent<String>) -> Result<(), String> {
    match event.payload.as_str() {
        "panic" => panic!("on purpose"),
        "fail" => {
            // One that the handler catches is not what the runtime tells.
            let caught = std::panic::catch_unwind(|| panic!("caught"));
            assert!(caught.is_err());
            Err("no luck".to_owned())
        }
        _ => {
            info!("last");
            Ok(())
        }
    }
}

pub(crate) fn tests() -> [Test; 4] {
    [
        Test::new(
            "the_runtimes_line_is_dropped_once_ours_has_told",
            async || {
                assert_eq!(told("").await, ["panic", "panic", "uncaught error", "last"]);
            },
        ),
        Test::new("the_runtimes_line_is_kept_if_wanted", async || {
            assert_eq!(
                told("keep").await,
                [
                    "panic",
                    "user handler panicked",
                    "panic",
                    "uncaught error",
                    "\"no luck\"",
                    "last"
                ]
            );
        }),
        Test::new("a_caught_panic_does_not_tell_the_error", async || {
            assert_eq!(
                told("panics").await,
                ["panic", "panic", "\"no luck\"", "last"]
            );
        }),
        Test::new("the_runtimes_line_is_kept_where_ours_is_off", async || {
            assert_eq!(
                told("off").await,
                ["user handler panicked", "\"no luck\"", "last"]
            );
        }),
    ]
}

/// What a function says that panics, fails and answers.
async fn told(kind: &str) -> Vec<String> {
    let lambda = Lambda::builder().env(KIND, kind).start().await;
    let mut ids = Vec::new();
    for (what, status) in [
        ("panic", Status::Error),
        ("fail", Status::Error),
        ("answer", Status::Success),
    ] {
        let report = lambda.invoke(Invoke::new(format!("\"{what}\""))).await;
        assert_eq!(report.status(), status, "{what}");
        ids.push(report.request_id().to_owned());
    }
    // One pipe: what was written before has come as well.
    lambda.output().wait_for_text("\"last\"").await;
    lambda.shut_down(ShutdownReason::Spindown).await;
    let lines = lambda.output().text(Stream::Stdout);
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Also the runtime's own line says whose it is.
    for line in &lines {
        let id = line["function_request_id"].as_str().unwrap();
        let caught = line["exception"] == "panic: caught";
        let about = match line["message"].as_str().unwrap() {
            "panic" if caught => 1,
            "panic" | "user handler panicked" => 0,
            "uncaught error" | "\"no luck\"" => 1,
            _ => 2,
        };
        assert_eq!(id, ids[about], "{line}");
    }
    messages(&lines)
}
