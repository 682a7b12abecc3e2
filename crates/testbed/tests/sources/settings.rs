//! What Lambda and SQS would refuse.

use testbed::source::{KinesisSource, SqsSource};

use crate::support::{complaint, seconds, send};

#[test]
fn a_fifo_batch_has_ten_messages_at_most() {
    assert!(SqsSource::fifo().batch_size(10).build().is_ok());
    let error = SqsSource::fifo().batch_size(11).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a FIFO queue has batches of up to 10 messages"
    );
}

#[test]
fn a_fifo_queue_has_no_batching_window() {
    let queue = SqsSource::fifo().batching_window(seconds(1));
    assert!(queue.build().is_err());
}

#[test]
fn more_than_ten_messages_a_batch_need_a_window_of_a_second() {
    let queue = SqsSource::standard().batch_size(11);
    assert!(queue.clone().build().is_err());
    assert!(queue.batching_window(seconds(1)).build().is_ok());
}

#[test]
fn a_standard_batch_has_ten_thousand_messages_at_most() {
    let queue = SqsSource::standard().batching_window(seconds(1));
    assert!(queue.clone().batch_size(10_000).build().is_ok());
    assert!(queue.batch_size(10_001).build().is_err());
}

#[test]
fn a_batching_window_lasts_five_minutes_at_most() {
    let queue = SqsSource::standard();
    assert!(queue.clone().batching_window(seconds(300)).build().is_ok());
    assert!(queue.batching_window(seconds(301)).build().is_err());
    let stream = KinesisSource::builder();
    assert!(stream.clone().batching_window(seconds(300)).build().is_ok());
    assert!(stream.batching_window(seconds(301)).build().is_err());
}

#[test]
fn zero_is_refused_where_it_makes_no_sense() {
    assert!(SqsSource::standard().batch_size(0).build().is_err());
    assert!(SqsSource::standard().max_receive_count(0).build().is_err());
    let hidden = SqsSource::standard().visibility_timeout(seconds(0));
    assert!(hidden.build().is_err());
    let kept = SqsSource::standard().retention(seconds(59));
    assert!(kept.build().is_err());
    assert!(KinesisSource::builder().batch_size(0).build().is_err());
    assert!(KinesisSource::builder().shards(0).build().is_err());
}

#[test]
fn the_limits_of_streams_hold() {
    let stream = KinesisSource::builder;
    assert!(stream().batch_size(10_000).build().is_ok());
    assert!(stream().batch_size(10_001).build().is_err());
    assert!(stream().parallelization_factor(10).build().is_ok());
    assert!(stream().parallelization_factor(11).build().is_err());
    assert!(stream().parallelization_factor(0).build().is_err());
    assert!(stream().maximum_retry_attempts(10_000).build().is_ok());
    assert!(stream().maximum_retry_attempts(10_001).build().is_err());
    assert!(stream().maximum_record_age(seconds(60)).build().is_ok());
    assert!(stream().maximum_record_age(seconds(59)).build().is_err());
    assert!(
        stream()
            .maximum_record_age(seconds(604_801))
            .build()
            .is_err()
    );
    assert!(stream().tumbling_window(seconds(900)).build().is_ok());
    assert!(stream().tumbling_window(seconds(901)).build().is_err());
}

#[test]
fn a_tumbling_window_with_a_parallelization_factor_is_refused() {
    let stream = KinesisSource::builder()
        .tumbling_window(seconds(60))
        .parallelization_factor(2);
    assert!(stream.build().is_err());
}

#[test]
fn a_fifo_queue_takes_no_message_without_a_group() {
    let mut queue = SqsSource::fifo().build().unwrap();
    let complaint = complaint(|| {
        send(&mut queue, ["body"]);
    });
    assert!(complaint.contains("needs a group"), "{complaint}");
}

#[test]
fn a_queue_takes_no_message_above_one_megabyte() {
    let mut queue = SqsSource::standard().build().unwrap();
    queue.send("a".repeat(1024 * 1024));
    let complaint = complaint(|| {
        queue.send("a".repeat(1024 * 1024 + 1));
    });
    assert!(complaint.contains("1 MiB"), "{complaint}");
}
