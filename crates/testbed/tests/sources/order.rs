//! The checks of the log: each of them can fail.

use testbed::source::{EventSource as _, Fate, Outcome, SqsSource};

use crate::support::{answer, complaint, seconds, send, send_to};

#[test]
fn a_message_that_was_deleted_but_never_handled_is_lost() {
    let mut queue = SqsSource::standard().build().unwrap();
    let [a, b] = send(&mut queue, ["a", "b"]);
    answer(&mut queue, Outcome::success());
    let log = queue.log();
    log.assert_each_processed_at_least_once(&[&b, &a]);
    let lost = complaint(|| log.assert_each_processed_at_least_once(&[&a]));
    assert!(lost.contains(&format!("{b} was lost")), "{lost}");
    let lost = complaint(|| log.assert_nothing_lost(&[&a]));
    assert!(lost.contains(&format!("{b} was lost")), "{lost}");
}

#[test]
fn a_message_that_waits_was_not_processed_even_if_it_was_handled() {
    let mut queue = SqsSource::standard().build().unwrap();
    let [a] = send(&mut queue, ["a"]);
    answer(&mut queue, Outcome::Error);
    let waits = complaint(|| queue.log().assert_nothing_lost(&[&a]));
    assert!(
        waits.contains("Waiting after 1 deliveries, handled 1 times"),
        "{waits}"
    );
}

#[test]
fn a_dead_letter_is_not_lost_but_was_not_processed() {
    let mut queue = SqsSource::standard().max_receive_count(1).build().unwrap();
    let [a] = send(&mut queue, ["a"]);
    answer(&mut queue, Outcome::Error);
    queue.advance(seconds(30));
    assert!(queue.next_batch().is_none());
    let log = queue.log();
    log.assert_nothing_lost::<String>(&[]);
    let dead = complaint(|| log.assert_each_processed_at_least_once::<String>(&[]));
    assert_eq!(dead, format!("{a} was not processed but DeadLettered"));
}

#[test]
fn an_expired_message_is_lost() {
    let mut queue = SqsSource::standard()
        .retention(seconds(60))
        .build()
        .unwrap();
    send(&mut queue, ["a"]);
    queue.advance(seconds(60));
    let lost = complaint(|| queue.log().assert_nothing_lost::<String>(&[]));
    assert!(lost.contains("Expired after 0 deliveries"), "{lost}");
}

#[test]
fn messages_of_a_group_that_were_handled_in_the_wrong_order_are_seen() {
    let mut queue = SqsSource::fifo().build().unwrap();
    let [a1, b1, a2] = send_to(&mut queue, ["a", "b", "a"]);
    answer(&mut queue, Outcome::success());
    let log = queue.log();
    log.assert_order_kept_per_group(&[&b1, &a1, &a2]);
    let order = complaint(|| log.assert_order_kept_per_group(&[&a2, &b1, &a1]));
    assert_eq!(order, format!("group a: {a2} was handled before {a1}"));
}

#[test]
fn a_message_that_overtook_one_that_never_settled_is_seen() {
    let mut queue = SqsSource::fifo()
        .report_batch_item_failures(true)
        .build()
        .unwrap();
    let [a1, a2] = send_to(&mut queue, ["a", "a"]);
    answer(&mut queue, Outcome::failures([&a1]));
    let log = queue.log();
    assert_eq!(log.fate(&a1), Some(Fate::Waiting));
    let order = complaint(|| log.assert_order_kept_per_group(&[&a2]));
    assert_eq!(
        order,
        format!("group a: {a2} counted as processed while an earlier message was waiting")
    );
}

#[test]
fn every_check_refuses_an_identifier_that_the_source_never_had() {
    let mut queue = SqsSource::fifo().build().unwrap();
    let [a] = send_to(&mut queue, ["a"]);
    answer(&mut queue, Outcome::success());
    let log = queue.log();
    let handled = [a.as_str(), "typo"];
    for check in [
        complaint(|| log.assert_each_processed_at_least_once(&handled)),
        complaint(|| log.assert_nothing_lost(&handled)),
        complaint(|| log.assert_none_handled_twice(&handled)),
        complaint(|| log.assert_order_kept_per_group(&handled)),
    ] {
        assert_eq!(check, "the source never had \"typo\", which was handled");
    }
}

#[test]
fn a_standard_queue_keeps_no_order_even_with_groups() {
    let mut queue = SqsSource::standard().build().unwrap();
    let [a1, a2] = send_to(&mut queue, ["a", "a"]);
    answer(&mut queue, Outcome::success());
    queue.log().assert_order_kept_per_group(&[&a2, &a1]);
}

#[test]
fn a_log_finds_the_deliveries_of_a_message() {
    let mut queue = SqsSource::standard().batch_size(1).build().unwrap();
    let [a, b] = send(&mut queue, ["a", "b"]);
    answer(&mut queue, Outcome::Error);
    answer(&mut queue, Outcome::success());
    queue.advance(seconds(30));
    answer(&mut queue, Outcome::success());
    let log = queue.log();
    let batches = |id| log.deliveries_of(id).map(|d| d.batch()).collect::<Vec<_>>();
    assert_eq!(batches(&a), [0, 2]);
    assert_eq!(batches(&b), [1]);
    assert_eq!(log.deliveries()[2].ended_at(), Some(seconds(30)));
    assert_eq!(log.fate("nobody's"), None);
    assert_eq!(log.delivered("nobody's"), 0);
}
