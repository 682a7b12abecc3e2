//! Bisecting, retry attempts, record age and the on-failure destination.

use serde_json::json;
use testbed::source::{
    EventSource as _, Fate, KinesisRecord, KinesisSource, Outcome, StreamBuilder,
};

use crate::support::{answer, put, run_dry, seconds};

fn bisecting() -> StreamBuilder<KinesisRecord> {
    KinesisSource::builder()
        .report_batch_item_failures(true)
        .bisect_batch_on_function_error(true)
}

/// Fails each batch that has one of the `bad` numbers, until nothing is left. Returns the sizes
/// of the batches.
fn run(stream: &mut KinesisSource, bad: &[&String]) -> Vec<usize> {
    let mut sizes = Vec::new();
    run_dry(stream, |ids| {
        sizes.push(ids.len());
        if ids.iter().any(|id| bad.contains(&id)) {
            Outcome::Error
        } else {
            Outcome::success()
        }
    });
    sizes
}

#[test]
fn an_error_halves_the_batch_until_the_bad_record_is_alone() {
    let mut stream = bisecting().maximum_retry_attempts(2).build().unwrap();
    let [a, b, c, d] = put(&mut stream, ["k", "k", "k", "k"]);
    // Four; a and b; c and d; c; then d three times. Splitting uses up no attempt.
    assert_eq!(run(&mut stream, &[&d]), [4, 2, 2, 1, 1, 1, 1]);
    let log = stream.log();
    assert_eq!(log.with_fate(Fate::Processed), [&a, &b, &c]);
    assert_eq!(log.fate(&d), Some(Fate::Discarded));
}

#[test]
fn an_error_halves_the_batch_without_report_batch_item_failures_too() {
    let mut stream = bisecting()
        .report_batch_item_failures(false)
        .maximum_retry_attempts(0)
        .build()
        .unwrap();
    let [a, b] = put(&mut stream, ["k", "k"]);
    assert_eq!(run(&mut stream, &[&a]), [2, 1, 1]);
    assert_eq!(stream.log().fate(&a), Some(Fate::Discarded));
    assert_eq!(stream.log().fate(&b), Some(Fate::Processed));
}

#[test]
fn halves_keep_the_order() {
    let mut stream = bisecting().build().unwrap();
    let [a, b, c] = put(&mut stream, ["k", "k", "k"]);
    answer(&mut stream, Outcome::Error);
    stream.advance(seconds(1));
    assert_eq!(answer(&mut stream, Outcome::Error), [a.as_str()]);
    assert!(
        stream.next_batch().is_none(),
        "the rest waits for the first half"
    );
    stream.advance(seconds(1));
    assert_eq!(answer(&mut stream, Outcome::success()), [a.as_str()]);
    assert_eq!(
        answer(&mut stream, Outcome::success()),
        [b.clone(), c.clone()]
    );
    let handled = [a, b, c];
    stream.log().assert_each_processed_at_least_once(&handled);
    stream.log().assert_order_kept_per_group(&handled);
}

#[test]
fn halves_keep_what_their_batch_has_used_up() {
    let mut stream = bisecting()
        .maximum_retry_attempts(1)
        .on_failure_destination(true)
        .build()
        .unwrap();
    let [a, b] = put(&mut stream, ["k", "k"]);
    // The first number splits nothing, so this uses up the only retry.
    answer(&mut stream, Outcome::failures([&a]));
    stream.advance(seconds(1));
    answer(&mut stream, Outcome::Error);
    stream.advance(seconds(1));
    assert_eq!(answer(&mut stream, Outcome::Error), [a.as_str()]);
    assert_eq!(answer(&mut stream, Outcome::Error), [b.as_str()]);
    assert_eq!(stream.log().with_fate(Fate::SentToDestination), [&a, &b]);
    for document in stream.on_failure_documents() {
        assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    }
}

#[test]
fn a_partial_answer_splits_the_batch_at_the_number_and_only_the_rest_comes_again() {
    let mut stream = bisecting().maximum_retry_attempts(0).build().unwrap();
    let [a, b, c, d] = put(&mut stream, ["k", "k", "k", "k"]);
    answer(&mut stream, Outcome::failures([&c]));
    stream.advance(seconds(1));
    // The split used up no attempt, or c and d would be gone.
    assert_eq!(
        answer(&mut stream, Outcome::success()),
        [c.clone(), d.clone()]
    );
    let handled = [a, b, c, d];
    stream.log().assert_each_processed_at_least_once(&handled);
}

#[test]
fn without_bisecting_a_partial_answer_uses_up_an_attempt() {
    let mut stream = KinesisSource::builder()
        .report_batch_item_failures(true)
        .maximum_retry_attempts(2)
        .on_failure_destination(true)
        .build()
        .unwrap();
    let [a, b, c] = put(&mut stream, ["k", "k", "k"]);
    for expected in [vec![&a, &b, &c], vec![&b, &c], vec![&b, &c]] {
        let ids = answer(&mut stream, Outcome::failures([&b]));
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected);
        stream.advance(seconds(1));
    }
    assert!(stream.next_batch().is_none());
    assert_eq!(stream.log().fate(&a), Some(Fate::Processed));
    assert_eq!(stream.log().with_fate(Fate::SentToDestination), [&b, &c]);
    let document = &stream.on_failure_documents()[0];
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(document["KinesisBatchInfo"]["startSequenceNumber"], b);
    assert_eq!(document["KinesisBatchInfo"]["batchSize"], 2);
    assert_eq!(document["responseContext"]["functionError"], json!(null));
}

#[test]
fn a_partial_answer_uses_up_an_attempt_even_if_it_makes_progress() {
    let mut stream = KinesisSource::builder()
        .report_batch_item_failures(true)
        .maximum_retry_attempts(1)
        .build()
        .unwrap();
    let [a, b, c] = put(&mut stream, ["k", "k", "k"]);
    answer(&mut stream, Outcome::failures([&b]));
    stream.advance(seconds(1));
    answer(&mut stream, Outcome::failures([&c]));
    assert_eq!(stream.log().with_fate(Fate::Processed), [&a, &b]);
    assert_eq!(stream.log().fate(&c), Some(Fate::Discarded));
}

#[test]
fn the_on_failure_destination_gets_what_used_up_its_attempts() {
    let mut stream = KinesisSource::builder()
        .maximum_retry_attempts(1)
        .on_failure_destination(true)
        .batch_size(2)
        .build()
        .unwrap();
    let [a, b, c] = put(&mut stream, ["k", "k", "k"]);
    assert_eq!(
        run(&mut stream, &[&a]),
        [2, 2, 1],
        "one attempt and one retry"
    );
    assert_eq!(stream.log().with_fate(Fate::SentToDestination), [&a, &b]);
    assert_eq!(
        stream.on_failure_documents(),
        [json!({
            "requestContext": {
                "requestId": "00000000-0000-4000-8000-000000000000",
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:function",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 2,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": "2024-01-01T00:00:01Z",
            "KinesisBatchInfo": {
                "shardId": "shardId-000000000000",
                "startSequenceNumber": a,
                "endSequenceNumber": b,
                "approximateArrivalOfFirstRecord": "2024-01-01T00:00:00Z",
                "approximateArrivalOfLastRecord": "2024-01-01T00:00:00Z",
                "batchSize": 2,
                "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/stream",
            },
        })]
    );
    stream.log().assert_nothing_lost(&[&c]);
}

#[test]
fn what_is_given_up_without_a_destination_is_lost() {
    let mut stream = KinesisSource::builder()
        .maximum_retry_attempts(0)
        .build()
        .unwrap();
    let [a] = put(&mut stream, ["k"]);
    run(&mut stream, &[&a]);
    let log = stream.log();
    let complaint = crate::support::complaint(|| log.assert_nothing_lost::<String>(&[]));
    assert!(
        complaint.contains("Discarded after 1 deliveries"),
        "{complaint}"
    );
}

#[test]
fn a_record_above_the_maximum_age_is_given_up_and_younger_ones_go_on() {
    let mut stream = KinesisSource::builder()
        .maximum_record_age(seconds(60))
        .on_failure_destination(true)
        .build()
        .unwrap();
    let [old] = put(&mut stream, ["k"]);
    stream.advance(seconds(30));
    let [young] = put(&mut stream, ["k"]);
    answer(&mut stream, Outcome::Error);
    stream.advance(seconds(30));
    assert_eq!(answer(&mut stream, Outcome::success()), [young.as_str()]);
    assert_eq!(stream.log().fate(&old), Some(Fate::SentToDestination));
    let document = &stream.on_failure_documents()[0];
    assert_eq!(document["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(document["KinesisBatchInfo"]["endSequenceNumber"], old);
}

#[test]
fn the_smaller_of_the_age_limits_counts_however_much_time_passes_at_once() {
    let limited = |age| {
        let mut stream = KinesisSource::builder()
            .maximum_record_age(age)
            .on_failure_destination(true)
            .batch_size(1)
            .build()
            .unwrap();
        // One that has failed, and one that has never been delivered.
        put(&mut stream, ["k", "k"]);
        answer(&mut stream, Outcome::Error);
        stream
    };
    let hour = 60 * 60;
    let mut stream = limited(seconds(60));
    stream.advance(seconds(1));
    assert_eq!(stream.next_change(), Some(seconds(60)));
    stream.advance(seconds(25 * hour));
    assert_eq!(stream.log().with_fate(Fate::SentToDestination).len(), 2);
    assert_eq!(stream.on_failure_documents().len(), 2);

    let mut stream = limited(seconds(48 * hour));
    stream.advance(seconds(1));
    assert_eq!(stream.next_change(), Some(seconds(24 * hour)));
    stream.advance(seconds(49 * hour));
    assert_eq!(stream.log().with_fate(Fate::Expired).len(), 2);
    assert!(stream.on_failure_documents().is_empty());
}

#[test]
fn a_record_in_flight_is_not_too_old() {
    let mut stream = KinesisSource::builder()
        .maximum_record_age(seconds(60))
        .build()
        .unwrap();
    let [a] = put(&mut stream, ["k"]);
    let batch = crate::support::next(&mut stream);
    stream.advance(seconds(100));
    stream.complete(batch.number(), Outcome::success());
    assert_eq!(stream.log().fate(&a), Some(Fate::Processed));
}

#[test]
fn without_a_limit_a_batch_blocks_its_shard_until_the_stream_drops_it() {
    let mut stream = KinesisSource::builder()
        .on_failure_destination(true)
        .build()
        .unwrap();
    let [a] = put(&mut stream, ["k"]);
    let day = 24 * 60 * 60;
    assert_eq!(
        run(&mut stream, &[&a]).len(),
        day,
        "one attempt each second"
    );
    assert_eq!(stream.now(), seconds(day as u64));
    assert_eq!(stream.log().fate(&a), Some(Fate::Expired));
    assert!(stream.on_failure_documents().is_empty());
}
