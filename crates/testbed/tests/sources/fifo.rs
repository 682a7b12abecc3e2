//! A FIFO SQS queue.

use testbed::source::{EventSource as _, Fate, Outcome, SqsBuilder, SqsMessage, SqsSource};

use crate::support::{answer, next, run_dry, seconds, send_to};

fn reporting() -> SqsBuilder {
    SqsSource::fifo().report_batch_item_failures(true)
}

#[test]
fn a_batch_mixes_groups_in_the_order_of_sending() {
    let mut queue = reporting().build().unwrap();
    let sent = send_to(&mut queue, ["a", "b", "a", "c"]);
    assert_eq!(next(&mut queue).ids(), sent);
}

#[test]
fn a_group_is_in_one_batch_at_a_time_and_other_groups_go_on() {
    let mut queue = reporting().batch_size(2).build().unwrap();
    let [a1, a2, a3, b1] = send_to(&mut queue, ["a", "a", "a", "b"]);
    let first = next(&mut queue);
    assert_eq!(first.ids(), [a1, a2]);
    let second = next(&mut queue);
    assert_eq!(second.ids(), [b1]);
    assert!(queue.next_batch().is_none(), "the group of a3 is in flight");
    queue.complete(first.number(), Outcome::success());
    assert_eq!(next(&mut queue).ids(), [a3]);
}

#[test]
fn a_failed_message_blocks_its_group_until_it_is_visible_again() {
    let mut queue = reporting().batch_size(3).build().unwrap();
    let [a1, b1, a2, a3, b2] = send_to(&mut queue, ["a", "b", "a", "a", "b"]);
    assert_eq!(
        answer(&mut queue, Outcome::failures([&a1, &a2])),
        [a1.clone(), b1.clone(), a2.clone()]
    );
    assert_eq!(answer(&mut queue, Outcome::success()), [b2.as_str()]);
    assert!(queue.next_batch().is_none(), "a3 waits behind a1 and a2");
    queue.advance(seconds(30));
    assert_eq!(
        answer(&mut queue, Outcome::success()),
        [a1.clone(), a2.clone(), a3.clone()]
    );
    let handled = [b1, b2, a1, a2, a3];
    queue.log().assert_each_processed_at_least_once(&handled);
    queue.log().assert_order_kept_per_group(&handled);
    queue.log().assert_none_handled_twice(&handled);
}

#[test]
fn what_the_answer_does_not_name_is_deleted_and_breaks_the_order() {
    let mut queue = reporting().build().unwrap();
    let [a1, a2] = send_to(&mut queue, ["a", "a"]);
    answer(&mut queue, Outcome::failures([&a1]));
    queue.advance(seconds(30));
    assert_eq!(answer(&mut queue, Outcome::success()), [a1.as_str()]);
    let log = queue.log();
    assert_eq!(log.with_fate(Fate::Processed), [&a2, &a1]);
    let complaint = crate::support::complaint(|| log.assert_order_kept_per_group(&[a2, a1]));
    assert!(
        complaint.contains("while an earlier message was waiting"),
        "{complaint}"
    );
}

#[test]
fn a_dead_letter_frees_its_group() {
    let mut queue = reporting()
        .batch_size(1)
        .max_receive_count(1)
        .build()
        .unwrap();
    let [a1, a2] = send_to(&mut queue, ["a", "a"]);
    assert_eq!(answer(&mut queue, Outcome::Error), [a1.as_str()]);
    queue.advance(seconds(30));
    assert_eq!(answer(&mut queue, Outcome::success()), [a2.as_str()]);
    assert_eq!(queue.log().fate(&a1), Some(Fate::DeadLettered));
    queue.log().assert_nothing_lost(&[&a2]);
    queue.log().assert_order_kept_per_group(&[&a2]);
}

#[test]
fn a_duplicate_within_five_minutes_is_dropped() {
    let mut queue = reporting().build().unwrap();
    let message = || SqsMessage::new("body").group("a").deduplication_id("same");
    let first = queue.send(message());
    queue.advance(seconds(299));
    assert_eq!(queue.send(message()), first);
    assert_eq!(queue.log().ids(), [&first]);
    queue.advance(seconds(1));
    let second = queue.send(message());
    assert_ne!(second, first);
    assert_eq!(next(&mut queue).ids(), [first, second]);
}

#[test]
fn messages_without_a_deduplication_id_are_no_duplicates() {
    let mut queue = reporting().build().unwrap();
    let sent = send_to(&mut queue, ["a", "a"]);
    assert_eq!(next(&mut queue).ids(), sent);
}

#[test]
fn a_standard_queue_drops_no_duplicates() {
    let mut queue = SqsSource::standard().build().unwrap();
    let message = || SqsMessage::new("body").deduplication_id("same");
    assert_ne!(queue.send(message()), queue.send(message()));
}

#[test]
fn an_answer_after_the_visibility_timeout_deletes_nothing() {
    let mut queue = reporting().build().unwrap();
    let [id] = send_to(&mut queue, ["a"]);
    let batch = next(&mut queue);
    queue.advance(seconds(30));
    queue.complete(batch.number(), Outcome::success());
    assert_eq!(queue.log().fate(&id), Some(Fate::Waiting));
    assert_eq!(answer(&mut queue, Outcome::success()), [id.as_str()]);
    assert_eq!(queue.log().fate(&id), Some(Fate::Processed));
}

#[test]
fn a_seed_mixes_the_groups_and_keeps_their_order() {
    let mut queue = reporting().seed(3).build().unwrap();
    let sent = send_to(&mut queue, ["a", "b", "a", "b", "a", "b", "a", "b"]);
    let mut handled = Vec::new();
    run_dry(&mut queue, |ids| {
        handled.extend_from_slice(ids);
        Outcome::success()
    });
    assert_ne!(handled, sent);
    queue.log().assert_each_processed_at_least_once(&handled);
    queue.log().assert_order_kept_per_group(&handled);
}
