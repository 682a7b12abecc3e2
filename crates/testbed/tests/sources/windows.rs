//! Tumbling windows of streams.

use serde_json::{Value, json};
use testbed::source::{
    BatchResult, Cause, EventSource as _, Fate, KinesisRecord, KinesisSource, Outcome,
    StreamBuilder,
};

use crate::support::{answer, complaint, event, next, put, record_of, room, seconds};

fn windowed() -> StreamBuilder<KinesisRecord> {
    KinesisSource::builder()
        .report_batch_item_failures(true)
        .tumbling_window(seconds(60))
}

fn state(state: &Value) -> Outcome {
    Outcome::answer(json!({ "state": state, "batchItemFailures": [] }).to_string())
}

/// A state of 1 MiB, with its quotes and name, and this much more.
fn full_state(more: usize) -> Value {
    json!({ "s": "a".repeat(1024 * 1024 - r#"{"s":""}"#.len() + more) })
}

#[test]
fn each_invocation_gets_the_state_of_the_one_before() {
    let mut stream = windowed().batch_size(1).build().unwrap();
    put(&mut stream, ["k", "k"]);
    let first = next(&mut stream);
    assert_eq!(event(&first)["state"], json!({}));
    stream.complete(first.number(), state(&json!({ "count": 1 })));
    assert_eq!(event(&next(&mut stream))["state"], json!({ "count": 1 }));
}

#[test]
fn the_last_invocation_of_a_window_says_so_and_drops_the_state() {
    let mut stream = windowed().build().unwrap();
    put(&mut stream, ["k"]);
    answer(&mut stream, state(&json!({ "count": 1 })));
    assert!(stream.next_batch().is_none());
    stream.advance_to(stream.next_change().unwrap());
    assert_eq!(stream.now(), seconds(60));
    let last = next(&mut stream);
    assert_eq!(
        event(&last),
        json!({
            "Records": [],
            "window": { "start": "2024-01-01T00:00:00Z", "end": "2024-01-01T00:01:00Z" },
            "state": { "count": 1 },
            "shardId": "shardId-000000000000",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/stream",
            "isFinalInvokeForWindow": true,
            "isWindowTerminatedEarly": false,
        })
    );
    stream.complete(last.number(), state(&json!({ "count": 1 })));
    put(&mut stream, ["k"]);
    let fresh = event(&next(&mut stream));
    assert_eq!(fresh["state"], json!({}));
    assert_eq!(fresh["window"]["start"], "2024-01-01T00:01:00Z");
    assert_eq!(fresh["isFinalInvokeForWindow"], json!(false));
}

#[test]
fn a_batch_has_records_of_one_window_only() {
    let mut stream = windowed().build().unwrap();
    stream.advance(seconds(59));
    let [a] = put(&mut stream, ["k"]);
    stream.advance(seconds(1));
    let [b] = put(&mut stream, ["k"]);
    assert_eq!(answer(&mut stream, state(&json!({ "of": "a" }))), [a]);
    let last = next(&mut stream);
    assert_eq!(event(&last)["isFinalInvokeForWindow"], json!(true));
    stream.complete(last.number(), state(&json!({})));
    assert_eq!(answer(&mut stream, state(&json!({}))), [b]);
}

#[test]
fn an_answer_without_state_fails_the_invocation() {
    for report in [false, true] {
        for text in ["", "null", "{}", r#"{"batchItemFailures":[]}"#] {
            let mut stream = windowed()
                .report_batch_item_failures(report)
                .build()
                .unwrap();
            let sent = put(&mut stream, ["k", "k"]);
            answer(&mut stream, Outcome::answer(text));
            let failed = BatchResult::Failed(Cause::MissingState);
            assert_eq!(
                stream.log().deliveries()[0].result(),
                Some(&failed),
                "{text}"
            );
            stream.advance(seconds(1));
            assert_eq!(next(&mut stream).ids(), sent);
        }
    }
}

#[test]
fn a_state_that_is_no_object_is_undocumented() {
    let mut stream = windowed().build().unwrap();
    put(&mut stream, ["k"]);
    answer(&mut stream, state(&json!(null)));
    assert_eq!(stream.log().violations().len(), 1);
}

#[test]
fn an_error_leaves_the_state_as_it_was() {
    let mut stream = windowed().batch_size(1).build().unwrap();
    put(&mut stream, ["k", "k"]);
    answer(&mut stream, state(&json!({ "count": 1 })));
    answer(&mut stream, Outcome::Error);
    stream.advance(seconds(1));
    assert_eq!(event(&next(&mut stream))["state"], json!({ "count": 1 }));
}

#[test]
fn failures_stand_beside_the_state() {
    let mut stream = windowed().build().unwrap();
    let [a, b] = put(&mut stream, ["k", "k"]);
    let text = json!({ "state": { "count": 1 }, "batchItemFailures": [{ "itemIdentifier": b }] });
    answer(&mut stream, Outcome::answer(text.to_string()));
    assert_eq!(stream.log().fate(&a), Some(Fate::Processed));
    stream.advance(seconds(1));
    let again = next(&mut stream);
    assert_eq!(again.ids(), [b]);
    assert_eq!(event(&again)["state"], json!({ "count": 1 }));
}

#[test]
fn an_answer_that_names_the_first_number_leaves_the_state_as_it_was() {
    let mut stream = windowed().build().unwrap();
    let [a, b] = put(&mut stream, ["k", "k"]);
    let text = json!({ "state": { "count": 1 }, "batchItemFailures": [{ "itemIdentifier": a }] });
    answer(&mut stream, Outcome::answer(text.to_string()));
    stream.advance(seconds(1));
    let again = next(&mut stream);
    assert_eq!(again.ids(), [a, b]);
    assert_eq!(event(&again)["state"], json!({}));
}

#[test]
fn a_batch_stays_within_six_megabytes_together_with_the_state() {
    let mut stream = windowed().build().unwrap();
    put(&mut stream, ["k"]);
    answer(&mut stream, state(&full_state(0)));
    for _ in 0..4 {
        stream.put(KinesisRecord::new("k", vec![0; 1024 * 1024]));
    }
    let batch = next(&mut stream);
    assert_eq!(
        batch.ids().len(),
        3,
        "without a state there is room for four"
    );
    assert!(batch.event().len() <= 6 * 1024 * 1024);
}

#[test]
fn a_record_leaves_room_for_a_full_state() {
    let megabyte = 1024 * 1024;
    let mut stream = windowed().build().unwrap();
    put(&mut stream, ["k"]);
    answer(&mut stream, state(&full_state(0)));
    // The other fields of a window take less than a kilobyte.
    stream.put(record_of(room() - megabyte - 1024));
    let batch = next(&mut stream);
    assert_eq!(event(&batch)["state"], full_state(0));
    assert!(batch.event().len() <= 6 * megabyte);
    let complaint = complaint(|| {
        stream.put(record_of(room() - megabyte));
    });
    assert!(complaint.contains("fits into no event"), "{complaint}");
}

#[test]
fn the_shard_stands_still_until_the_last_invocation_of_a_window_succeeds() {
    let mut stream = windowed().maximum_retry_attempts(0).build().unwrap();
    put(&mut stream, ["k"]);
    answer(&mut stream, state(&json!({})));
    stream.advance(seconds(60));
    let [later] = put(&mut stream, ["k"]);
    for _ in 0..3 {
        let last = next(&mut stream);
        assert_eq!(event(&last)["isFinalInvokeForWindow"], json!(true));
        stream.complete(last.number(), Outcome::Error);
        assert!(stream.next_batch().is_none());
        stream.advance(seconds(1));
    }
    answer(&mut stream, state(&json!({})));
    assert_eq!(next(&mut stream).ids(), [later]);
}

#[test]
fn a_state_above_one_megabyte_ends_the_window_early() {
    let mut stream = windowed().batch_size(1).build().unwrap();
    let [_, b] = put(&mut stream, ["k", "k"]);
    answer(&mut stream, state(&full_state(0)));
    let second = next(&mut stream);
    assert_eq!(second.ids(), [b]);
    stream.complete(second.number(), state(&full_state(1)));
    let early = next(&mut stream);
    let early_event = event(&early);
    assert_eq!(early_event["isWindowTerminatedEarly"], json!(true));
    assert_eq!(early_event["isFinalInvokeForWindow"], json!(false));
    assert_eq!(early_event["state"], full_state(1));
    assert_eq!(early_event["Records"], json!([]));
    stream.complete(early.number(), state(&json!({})));
    put(&mut stream, ["k"]);
    let fresh = event(&next(&mut stream));
    assert_eq!(fresh["state"], json!({}));
    assert_eq!(
        fresh["window"], early_event["window"],
        "the same window goes on"
    );
}

#[test]
fn retry_attempts_hold_within_a_window() {
    let mut stream = windowed().maximum_retry_attempts(1).build().unwrap();
    let [a] = put(&mut stream, ["k"]);
    for _ in 0..2 {
        answer(&mut stream, Outcome::Error);
        stream.advance(seconds(1));
    }
    assert_eq!(stream.log().fate(&a), Some(Fate::Discarded));
}
