//! How much is held.

use powertools_logger::{LogBuffer, flush_buffer};
use tracing::{Level, debug, error};

use crate::{holding, support::install};

fn starts_with(messages: &[String], beginnings: &[&str]) {
    let fits = messages.len() == beginnings.len()
        && messages
            .iter()
            .zip(beginnings)
            .all(|(message, beginning)| message.starts_with(beginning));
    assert!(fits, "{messages:#?} is not {beginnings:#?}");
}

#[tokio::test]
async fn the_oldest_lines_go_for_new_ones_and_a_warning_says_so_once() {
    let bed = install(holding(LogBuffer::new().max_bytes(1024)));
    bed.run("r-1", async || {
        for number in 0..100 {
            debug!("line {number}");
        }
        assert!(bed.messages().is_empty());
        error!("failed");
        debug!("line 100");
        error!("failed again");
    })
    .await;
    let lines = bed.messages();
    let first: usize = lines[0].strip_prefix("line ").unwrap().parse().unwrap();
    assert!((80..100).contains(&first), "{first}");
    let mut expected: Vec<_> = (first..100)
        .map(|number| format!("line {number}"))
        .collect();
    expected.push("the oldest lines of the log buffer are not shown".to_owned());
    for message in ["failed", "line 100", "failed again"] {
        expected.push(message.to_owned());
    }
    starts_with(
        &lines,
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[tokio::test]
async fn lines_that_fit_are_all_there_and_there_is_no_warning() {
    let bed = install(holding(LogBuffer::new()));
    bed.run("r-1", async || {
        for number in 0..100 {
            debug!("line {number}");
        }
        flush_buffer();
    })
    .await;
    let expected: Vec<_> = (0..100).map(|number| format!("line {number}")).collect();
    assert_eq!(bed.messages(), expected);
}

#[tokio::test]
async fn a_line_larger_than_the_buffer_is_written_at_once_with_a_warning() {
    let bed = install(holding(LogBuffer::new().max_bytes(500)));
    bed.run("r-1", async || {
        debug!("small");
        debug!("large {}", "x".repeat(500));
        let large = ["large x", "a line is larger than the log buffer"];
        starts_with(&bed.messages(), &large);
        flush_buffer();
    })
    .await;
    // What was held before has not made room for it.
    assert_eq!(bed.messages().last().unwrap(), "small");
}

#[test]
fn a_buffer_of_no_bytes_and_one_that_holds_errors_are_refused() {
    for buffer in [
        LogBuffer::new().max_bytes(0),
        LogBuffer::new().verbosity(Level::ERROR),
        LogBuffer::new().verbosity(Level::TRACE),
    ] {
        assert!(holding(buffer).build().is_err());
    }
}
