//! A standard SQS queue.

use testbed::source::{BatchResult, Cause, EventSource as _, Fate, Outcome, SqsSource};

use crate::support::{all_due, answer, event, next, run_dry, seconds, send};

fn reporting() -> SqsSource {
    SqsSource::standard()
        .report_batch_item_failures(true)
        .build()
        .unwrap()
}

#[test]
fn without_report_batch_item_failures_the_answer_is_ignored() {
    for text in [
        "not json",
        r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
    ] {
        let mut queue = SqsSource::standard().build().unwrap();
        let [id] = send(&mut queue, ["body"]);
        answer(&mut queue, Outcome::answer(text));
        assert_eq!(queue.log().fate(&id), Some(Fate::Processed), "{text}");
    }
}

#[test]
fn an_error_or_a_timeout_fails_the_whole_batch_with_and_without_reports() {
    for report in [false, true] {
        for (outcome, cause) in [
            (Outcome::Error, Cause::FunctionError),
            (Outcome::TimedOut, Cause::TimedOut),
        ] {
            let mut queue = SqsSource::standard()
                .report_batch_item_failures(report)
                .build()
                .unwrap();
            let sent = send(&mut queue, ["a", "b"]);
            answer(&mut queue, outcome);
            queue.advance(seconds(30));
            assert_eq!(next(&mut queue).ids(), sent);
            let result = queue.log().deliveries()[0].result();
            assert_eq!(result, Some(&BatchResult::Failed(cause)));
        }
    }
}

#[test]
fn only_the_reported_messages_come_back() {
    let mut queue = reporting();
    let [a, b, c] = send(&mut queue, ["a", "b", "c"]);
    answer(&mut queue, Outcome::failures([&b]));
    queue.advance(seconds(30));
    assert_eq!(answer(&mut queue, Outcome::success()), [b.as_str()]);
    assert_eq!(queue.next_change(), None);
    let log = queue.log();
    assert_eq!(log.with_fate(Fate::Processed), [&a, &c, &b]);
    assert_eq!(
        [log.retries(&a), log.retries(&b), log.retries(&c)],
        [0, 1, 0]
    );
    let partial = BatchResult::Partial(vec![b.clone()]);
    assert_eq!(log.deliveries()[0].result(), Some(&partial));
    assert_eq!(log.deliveries()[1].at(), seconds(30));
}

#[test]
fn a_failed_message_is_hidden_until_its_visibility_timeout_has_passed() {
    let mut queue = SqsSource::standard()
        .visibility_timeout(seconds(7))
        .build()
        .unwrap();
    let [id] = send(&mut queue, ["body"]);
    answer(&mut queue, Outcome::Error);
    assert_eq!(queue.next_change(), Some(seconds(7)));
    queue.advance_to(seconds(7) - std::time::Duration::from_millis(1));
    assert!(queue.next_batch().is_none());
    queue.advance_to(seconds(7));
    assert_eq!(next(&mut queue).ids(), [id]);
}

#[test]
fn the_receive_count_counts_deliveries() {
    let mut queue = reporting();
    let [id] = send(&mut queue, ["body"]);
    for count in 1..=3 {
        let batch = next(&mut queue);
        let record = &event(&batch)["Records"][0];
        assert_eq!(
            record["attributes"]["ApproximateReceiveCount"],
            count.to_string()
        );
        let logged = queue.log().deliveries()[batch.number()].items()[0].receive_count();
        assert_eq!(logged, count);
        queue.complete(batch.number(), Outcome::Error);
        queue.advance(seconds(30));
    }
    assert_eq!(queue.log().delivered(&id), 3);
}

#[test]
fn a_message_that_had_its_deliveries_moves_to_the_dead_letter_queue() {
    let mut queue = SqsSource::standard().max_receive_count(2).build().unwrap();
    let [id] = send(&mut queue, ["body"]);
    for _ in 0..2 {
        answer(&mut queue, Outcome::Error);
        assert_eq!(queue.log().fate(&id), Some(Fate::Waiting));
        queue.advance(seconds(30));
    }
    assert!(queue.next_batch().is_none());
    assert_eq!(queue.log().fate(&id), Some(Fate::DeadLettered));
    assert_eq!(queue.log().delivered(&id), 2);
    assert_eq!(queue.next_change(), None);
}

#[test]
fn a_success_on_the_last_delivery_is_no_dead_letter() {
    let mut queue = SqsSource::standard().max_receive_count(2).build().unwrap();
    let [id] = send(&mut queue, ["body"]);
    answer(&mut queue, Outcome::Error);
    queue.advance(seconds(30));
    answer(&mut queue, Outcome::success());
    assert_eq!(queue.log().fate(&id), Some(Fate::Processed));
}

#[test]
fn without_a_redrive_policy_a_message_comes_back_until_it_expires() {
    let mut queue = SqsSource::standard()
        .retention(seconds(100))
        .build()
        .unwrap();
    let [id] = send(&mut queue, ["body"]);
    run_dry(&mut queue, |_| Outcome::Error);
    assert_eq!(queue.now(), seconds(100));
    assert_eq!(queue.log().delivered(&id), 4, "at 0, 30, 60 and 90 seconds");
    assert_eq!(queue.log().fate(&id), Some(Fate::Expired));
}

#[test]
fn several_batches_are_in_flight_at_once() {
    let mut queue = SqsSource::standard().batch_size(2).build().unwrap();
    let [a, b, c] = send(&mut queue, ["a", "b", "c"]);
    let first = next(&mut queue);
    let second = next(&mut queue);
    assert_eq!(first.ids(), [a.clone(), b.clone()]);
    assert_eq!(second.ids(), [c.as_str()]);
    assert!(queue.next_batch().is_none());
    queue.complete(second.number(), Outcome::success());
    queue.complete(first.number(), Outcome::success());
    assert_eq!(queue.log().with_fate(Fate::Processed), [&c, &a, &b]);
}

#[test]
fn a_batch_with_room_left_waits_for_its_window() {
    let mut queue = SqsSource::standard()
        .batch_size(3)
        .batching_window(seconds(5))
        .build()
        .unwrap();
    let [a] = send(&mut queue, ["a"]);
    queue.advance(seconds(2));
    let [b] = send(&mut queue, ["b"]);
    assert!(queue.next_batch().is_none());
    assert_eq!(queue.next_change(), Some(seconds(5)));
    queue.advance_to(seconds(5));
    assert_eq!(next(&mut queue).ids(), [a, b]);
}

#[test]
fn the_window_of_a_message_that_comes_back_starts_when_it_is_visible_again() {
    let mut queue = SqsSource::standard()
        .batching_window(seconds(5))
        .build()
        .unwrap();
    let [id] = send(&mut queue, ["body"]);
    queue.advance(seconds(5));
    answer(&mut queue, Outcome::Error);
    queue.advance(seconds(30));
    assert!(queue.next_batch().is_none());
    assert_eq!(queue.next_change(), Some(seconds(40)));
    queue.advance_to(seconds(40));
    assert_eq!(next(&mut queue).ids(), [id]);
}

#[test]
fn a_full_batch_does_not_wait_for_its_window() {
    let mut queue = SqsSource::standard()
        .batch_size(2)
        .batching_window(seconds(5))
        .build()
        .unwrap();
    let sent = send(&mut queue, ["a", "b"]);
    assert_eq!(next(&mut queue).ids(), sent);
}

#[test]
fn a_batch_stays_within_six_megabytes() {
    let mut queue = SqsSource::standard()
        .batching_window(seconds(5))
        .build()
        .unwrap();
    for _ in 0..7 {
        queue.send("a".repeat(1024 * 1024));
    }
    let first = next(&mut queue);
    assert_eq!(first.ids().len(), 5, "the sixth would not fit");
    assert!(first.event().len() <= 6 * 1024 * 1024);
    assert!(queue.next_batch().is_none(), "two more wait for the window");
    queue.advance(seconds(5));
    assert_eq!(next(&mut queue).ids().len(), 2);
}

#[test]
fn an_answer_after_the_visibility_timeout_deletes_what_was_not_delivered_again() {
    let mut queue = SqsSource::standard().build().unwrap();
    let [id] = send(&mut queue, ["body"]);
    let batch = next(&mut queue);
    queue.advance(seconds(31));
    queue.complete(batch.number(), Outcome::success());
    assert_eq!(queue.log().fate(&id), Some(Fate::Processed));
}

#[test]
fn an_answer_to_an_older_delivery_deletes_nothing() {
    let mut queue = SqsSource::standard().build().unwrap();
    let [id] = send(&mut queue, ["body"]);
    let first = next(&mut queue);
    queue.advance(seconds(30));
    let second = next(&mut queue);
    queue.complete(first.number(), Outcome::success());
    assert_eq!(queue.log().fate(&id), Some(Fate::Waiting));
    queue.complete(second.number(), Outcome::success());
    assert_eq!(queue.log().fate(&id), Some(Fate::Processed));
}

#[test]
fn a_seed_decides_on_order_and_size_and_nothing_else_does() {
    let deliveries = |seed| {
        let mut queue = SqsSource::standard().seed(seed).build().unwrap();
        for number in 0..50 {
            queue.send(number.to_string());
        }
        all_due(&mut queue)
            .iter()
            .map(|batch| batch.ids().to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(deliveries(1), deliveries(1));
    assert_ne!(deliveries(1), deliveries(2));
    let order: Vec<String> = deliveries(1).concat();
    assert_eq!(order.len(), 50);
    assert!(!order.is_sorted(), "{order:?}");
    let sizes: Vec<usize> = deliveries(1).iter().map(Vec::len).collect();
    assert!(sizes.iter().any(|size| *size < 10), "{sizes:?}");
}

#[test]
fn a_batch_is_completed_once() {
    let mut queue = reporting();
    send(&mut queue, ["body"]);
    let batch = next(&mut queue);
    queue.complete(batch.number(), Outcome::success());
    let complaint = crate::support::complaint(|| queue.complete(batch.number(), Outcome::Error));
    assert_eq!(complaint, "batch 0 is not in flight");
}
