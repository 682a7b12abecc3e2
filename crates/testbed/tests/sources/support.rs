//! What the tests of the sources share.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde_json::Value;
use testbed::source::{
    Batch, EventSource, KinesisRecord, KinesisSource, Outcome, SqsMessage, SqsSource,
};

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn next(source: &mut impl EventSource) -> Batch {
    source.next_batch().expect("a batch is due")
}

/// All batches that are due now. Fails if they do not end.
pub(crate) fn all_due(source: &mut impl EventSource) -> Vec<Batch> {
    let batches: Vec<Batch> = std::iter::from_fn(|| source.next_batch())
        .take(1000)
        .collect();
    assert!(batches.len() < 1000, "the source has not run dry");
    batches
}

/// Ends each batch as `function` says until nothing is left, one batch at a time. Fails if there
/// is no end: a step is a batch or a wait.
pub(crate) fn run_dry(
    source: &mut impl EventSource,
    mut function: impl FnMut(&[String]) -> Outcome,
) {
    for _step in 0..1_000_000 {
        if let Some(batch) = source.next_batch() {
            let outcome = function(batch.ids());
            source.complete(batch.number(), outcome);
        } else if let Some(time) = source.next_change() {
            source.advance_to(time);
        } else {
            return;
        }
    }
    panic!("the source has not run dry");
}

/// Takes the next batch, answers it and returns its identifiers.
pub(crate) fn answer(source: &mut impl EventSource, outcome: Outcome) -> Vec<String> {
    let batch = next(source);
    source.complete(batch.number(), outcome);
    batch.ids().to_vec()
}

pub(crate) fn event(batch: &Batch) -> Value {
    serde_json::from_slice(batch.event()).unwrap()
}

/// Sends messages with these bodies.
pub(crate) fn send<const N: usize>(queue: &mut SqsSource, bodies: [&str; N]) -> [String; N] {
    bodies.map(|body| queue.send(body))
}

/// Sends a message to each of these groups.
pub(crate) fn send_to<const N: usize>(queue: &mut SqsSource, groups: [&str; N]) -> [String; N] {
    groups.map(|group| queue.send(SqsMessage::new("body").group(group)))
}

/// Puts a record with each of these partition keys.
pub(crate) fn put<const N: usize>(stream: &mut KinesisSource, keys: [&str; N]) -> [String; N] {
    keys.map(|key| stream.put(KinesisRecord::new(key, "data")))
}

/// A Kinesis record whose key and data take this many bytes of an event.
pub(crate) fn record_of(bytes: usize) -> KinesisRecord {
    // Four letters of base64 stand for three bytes.
    let (data, key) = (bytes / 4 * 3, bytes % 4);
    KinesisRecord::new("k".repeat(key), vec![0; data])
}

/// How many bytes of an event a Kinesis record may take with its key and data.
pub(crate) fn room() -> usize {
    let mut stream = KinesisSource::builder().build().unwrap();
    stream.put(record_of(0));
    6 * 1024 * 1024 - next(&mut stream).event().len()
}

/// The message of the panic that a check ends in; fails if the check passes.
pub(crate) fn complaint(check: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("the check passes");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .expect("a panic has a message")
}
