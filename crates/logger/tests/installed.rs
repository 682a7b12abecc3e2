//! What needs a logger that is installed for the whole process.

use std::{fmt, sync::LazyLock};

use powertools_core::{Host, test_util::CapturedOutput};
use powertools_logger::LoggerLayer;

static INSTALLED: LazyLock<(LoggerLayer, CapturedOutput)> = LazyLock::new(|| {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .host(Host::default())
        .output(output.writer());
    let logger = logger.build().unwrap();
    logger.init().unwrap();
    (logger, output)
});

#[test]
fn a_second_subscriber_is_a_typed_error() {
    let error = INSTALLED.0.init().unwrap_err();
    assert!(error.is_already_installed());
    assert!(error.to_string().contains("subscriber_layer"));
}

#[test]
fn a_field_whose_formatting_logs_makes_two_lines() {
    struct Logs;
    impl fmt::Debug for Logs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("inner");
            f.write_str("outer")
        }
    }
    let output = &INSTALLED.1;
    tracing::info!(value = ?Logs, "message");
    // Other tests write there as well.
    let lines = output.json();
    let outer = lines
        .iter()
        .position(|line| line["value"] == "outer")
        .unwrap();
    assert!(lines[..outer].iter().any(|line| line["message"] == "inner"));
}

#[test]
fn a_line_of_a_thread_that_ends_is_no_obstacle() {
    struct LogsAtItsEnd;
    impl Drop for LogsAtItsEnd {
        fn drop(&mut self) {
            tracing::info!("at the end of a thread");
        }
    }
    thread_local!(static LAST: LogsAtItsEnd = const { LogsAtItsEnd });
    let output = &INSTALLED.1;
    let thread = std::thread::spawn(|| {
        LAST.with(|_| ());
        tracing::info!("in a thread");
    });
    thread.join().unwrap();
    assert!(output.text().contains("at the end of a thread"));
}
