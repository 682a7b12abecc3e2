//! What the feature `test-util` gives to users.

use powertools_logger::{LoggerLayer, test_util};

#[tokio::test]
async fn lines_of_a_test_are_captured_without_another_crate() {
    let output = test_util::CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .output(output.writer())
        .build()
        .unwrap();
    let here = test_util::set_default(&logger);
    tokio::task::yield_now().await;
    tracing::info!(order = 7, "received");
    drop(here);
    tracing::info!("not ours");
    let lines = output.json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["order"], 7);
}
