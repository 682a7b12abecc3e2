//! Shards, checkpoints and concurrency of streams.

use testbed::source::{
    BatchResult, DynamoDbRecord, DynamoDbSource, EventSource as _, Fate, KinesisRecord,
    KinesisSource, Outcome, StreamBuilder,
};

use crate::support::{all_due, answer, complaint, next, put, record_of, room, seconds};

fn reporting() -> StreamBuilder<KinesisRecord> {
    KinesisSource::builder().report_batch_item_failures(true)
}

#[test]
fn the_lowest_number_is_the_checkpoint_and_everything_from_there_comes_again() {
    let mut stream = reporting().build().unwrap();
    let [a, b, c, d] = put(&mut stream, ["k", "k", "k", "k"]);
    answer(&mut stream, Outcome::failures([&d, &b]));
    assert_eq!(stream.log().with_fate(Fate::Processed), [&a]);
    stream.advance(seconds(1));
    assert_eq!(
        answer(&mut stream, Outcome::success()),
        [b.clone(), c.clone(), d.clone()]
    );
    let log = stream.log();
    assert_eq!([&a, &b, &c, &d].map(|id| log.delivered(id)), [1, 2, 2, 2]);
    let partial = BatchResult::Partial(vec![b.clone(), d.clone()]);
    assert_eq!(log.deliveries()[0].result(), Some(&partial));
}

#[test]
fn a_function_that_goes_on_after_a_failure_breaks_the_order_of_a_stream() {
    let mut stream = reporting().build().unwrap();
    let [a, b, c] = put(&mut stream, ["k", "k", "k"]);
    answer(&mut stream, Outcome::failures([&b]));
    stream.advance(seconds(1));
    answer(&mut stream, Outcome::success());
    let log = stream.log();
    // The function went on to c, and handled it once more after b.
    let handled = [&a, &c, &b, &c];
    log.assert_each_processed_at_least_once(&handled);
    let order = complaint(|| log.assert_order_kept_per_group(&handled));
    assert!(order.contains("was handled before"), "{order}");
    let twice = complaint(|| log.assert_none_handled_twice(&handled));
    assert!(twice.contains("more than once"), "{twice}");
    // A function that stops at b breaks nothing.
    log.assert_order_kept_per_group(&[&a, &b, &c]);
}

#[test]
fn without_report_batch_item_failures_the_answer_is_ignored() {
    let mut stream = KinesisSource::builder().build().unwrap();
    let [a] = put(&mut stream, ["k"]);
    answer(&mut stream, Outcome::failures([&a]));
    assert_eq!(stream.log().fate(&a), Some(Fate::Processed));
}

#[test]
fn an_error_or_a_timeout_brings_the_whole_batch_again() {
    for outcome in [Outcome::Error, Outcome::TimedOut] {
        for report in [false, true] {
            let mut stream = KinesisSource::builder()
                .report_batch_item_failures(report)
                .build()
                .unwrap();
            let sent = put(&mut stream, ["k", "l"]);
            answer(&mut stream, outcome.clone());
            stream.advance(seconds(1));
            assert_eq!(next(&mut stream).ids(), sent);
        }
    }
}

#[test]
fn a_shard_has_one_batch_in_flight_and_nothing_overtakes_a_failed_one() {
    let mut stream = reporting().batch_size(2).build().unwrap();
    let [a, b, c] = put(&mut stream, ["k", "l", "m"]);
    let first = next(&mut stream);
    assert_eq!(first.ids(), [a.clone(), b.clone()]);
    assert!(stream.next_batch().is_none());
    stream.complete(first.number(), Outcome::Error);
    assert!(
        stream.next_batch().is_none(),
        "the batch waits for its retry"
    );
    stream.advance(seconds(1));
    assert_eq!(answer(&mut stream, Outcome::success()), [a, b]);
    assert_eq!(answer(&mut stream, Outcome::success()), [c]);
}

#[test]
fn shards_go_on_without_each_other() {
    let mut stream = reporting().shards(4).build().unwrap();
    for number in 0..40 {
        put(&mut stream, [format!("key-{number}").as_str()]);
    }
    let batches: Vec<_> = all_due(&mut stream);
    assert_eq!(batches.len(), 4, "each shard got some of the 40 keys");
    for batch in &batches[1..] {
        stream.complete(batch.number(), Outcome::success());
    }
    assert!(stream.next_batch().is_none());
    let waiting = stream.log().with_fate(Fate::Waiting);
    assert_eq!(waiting, batches[0].ids());
}

#[test]
fn a_partition_key_stays_in_its_shard_and_the_digest_picks_it_as_in_kinesis() {
    let mut stream = reporting().shards(2).build().unwrap();
    // The digests of these keys begin with 0c and 92: below and above the half.
    put(&mut stream, ["a", "b", "a", "b"]);
    let shards: Vec<Vec<String>> = all_due(&mut stream)
        .iter()
        .map(|batch| {
            let event = crate::support::event(batch);
            let records = event["Records"].as_array().unwrap().iter();
            records
                .map(|record| {
                    let id = record["eventID"].as_str().unwrap();
                    let shard = id.split_once(':').unwrap().0;
                    let key = record["kinesis"]["partitionKey"].as_str().unwrap();
                    format!("{shard} {key}")
                })
                .collect()
        })
        .collect();
    assert_eq!(
        shards,
        [
            ["shardId-000000000000 a", "shardId-000000000000 a"],
            ["shardId-000000000001 b", "shardId-000000000001 b"],
        ]
    );
}

#[test]
fn a_parallelization_factor_keeps_the_order_within_a_partition_key() {
    let mut stream = reporting()
        .parallelization_factor(10)
        .batch_size(3)
        .build()
        .unwrap();
    let mut keys = Vec::new();
    for number in 0..60 {
        let key = format!("key-{}", number % 12);
        put(&mut stream, [key.as_str()]);
        keys.push(key);
    }
    let key_of = |log: &testbed::source::Log, id: &str| {
        let place = log.ids().iter().position(|sent| *sent == id).unwrap();
        keys[place].clone()
    };
    let mut handled = Vec::new();
    let mut most = 0;
    while handled.len() < 60 {
        let batches: Vec<_> = all_due(&mut stream);
        assert!(!batches.is_empty(), "{handled:?}");
        most = most.max(batches.len());
        let mut in_flight = std::collections::BTreeMap::new();
        for batch in batches.iter().rev() {
            for id in batch.ids() {
                let other = in_flight.insert(key_of(stream.log(), id), batch.number());
                assert!(other.is_none_or(|other| other == batch.number()));
            }
            assert!(!batch.ids().is_empty());
            handled.extend_from_slice(batch.ids());
            stream.complete(batch.number(), Outcome::success());
        }
    }
    assert!((2..=10).contains(&most), "{most} batches at once");
    stream.log().assert_each_processed_at_least_once(&handled);
    stream.log().assert_order_kept_per_group(&handled);
}

#[test]
fn a_batch_with_room_left_waits_for_its_window() {
    let mut stream = reporting()
        .batch_size(3)
        .batching_window(seconds(5))
        .build()
        .unwrap();
    let [a] = put(&mut stream, ["k"]);
    stream.advance(seconds(2));
    let [b] = put(&mut stream, ["k"]);
    assert!(stream.next_batch().is_none());
    assert_eq!(stream.next_change(), Some(seconds(5)));
    stream.advance_to(seconds(5));
    assert_eq!(answer(&mut stream, Outcome::success()), [a, b]);
    let full = put(&mut stream, ["k", "k", "k"]);
    assert_eq!(next(&mut stream).ids(), full);
}

#[test]
fn a_batch_stays_within_six_megabytes() {
    let mut stream = reporting().build().unwrap();
    for _ in 0..5 {
        stream.put(KinesisRecord::new("k", vec![0; 1024 * 1024]));
    }
    let first = next(&mut stream);
    assert_eq!(first.ids().len(), 4, "1 MiB is 1.4 MB in base64");
    assert!(first.event().len() <= 6 * 1024 * 1024);
    stream.complete(first.number(), Outcome::success());
    assert_eq!(next(&mut stream).ids().len(), 1);
}

#[test]
fn a_record_that_no_event_has_room_for_is_refused() {
    let mut stream = reporting().build().unwrap();
    let complaint = complaint(|| {
        stream.put(KinesisRecord::new("k", vec![0; 5 * 1024 * 1024]));
    });
    assert!(complaint.contains("fits into no event"), "{complaint}");
}

#[test]
fn a_record_may_fill_the_six_megabytes_and_not_a_byte_more() {
    let mut stream = reporting().build().unwrap();
    let room = room();
    let id = stream.put(record_of(room));
    let batch = next(&mut stream);
    assert_eq!(batch.ids(), [id]);
    assert_eq!(batch.event().len(), 6 * 1024 * 1024);
    let complaint = complaint(|| {
        stream.put(record_of(room + 1));
    });
    assert!(complaint.contains("fits into no event"), "{complaint}");
    assert_eq!(stream.log().ids().len(), 1);
}

#[test]
fn a_dynamodb_stream_has_the_same_checkpoints_under_its_own_numbers() {
    let mut stream = DynamoDbSource::builder()
        .report_batch_item_failures(true)
        .build()
        .unwrap();
    let keys = || serde_json::json!({ "id": { "S": "a" } });
    let [a, b, c] = [
        DynamoDbRecord::insert(keys(), keys()),
        DynamoDbRecord::modify(keys(), keys(), keys()),
        DynamoDbRecord::remove(keys(), keys()),
    ]
    .map(|record| stream.put(record));
    answer(&mut stream, Outcome::failures([&b]));
    stream.advance(seconds(1));
    assert_eq!(
        answer(&mut stream, Outcome::success()),
        [b.clone(), c.clone()]
    );
    let handled = [a, b, c];
    stream.log().assert_each_processed_at_least_once(&handled);
    stream.log().assert_order_kept_per_group(&handled);
}
