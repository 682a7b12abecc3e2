//! Whatever is sent and however it is answered, the sources keep their promises.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config;
use testbed::source::{
    EventSource, Fate, KinesisRecord, KinesisSource, Outcome, SqsMessage, SqsSource,
};

use crate::support::all_due;

/// How a function ends one invocation.
#[derive(Debug, Clone)]
enum Behaviour {
    Error,
    TimedOut,
    Malformed,
    /// Fails on these items (by a bit each) and says so.
    Partial(u16),
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        1 => Just(Behaviour::Error),
        1 => Just(Behaviour::TimedOut),
        1 => Just(Behaviour::Malformed),
        4 => any::<u16>().prop_map(Behaviour::Partial),
        4 => Just(Behaviour::Partial(0)),
    ]
}

/// A function that handles the records in order and stops at the first failure, of the whole
/// batch or of the item's group. Returns the failed and the handled ones.
fn handle(
    ids: &[String],
    group: impl Fn(&str) -> usize,
    failing: u16,
    per_group: bool,
) -> (Vec<String>, Vec<String>) {
    let (mut failed, mut handled) = (Vec::new(), Vec::new());
    let mut stopped = Vec::new();
    for (place, id) in ids.iter().enumerate() {
        let of = if per_group { group(id) } else { 0 };
        if stopped.contains(&of) || failing >> (place % 16) & 1 == 1 {
            stopped.push(of);
            failed.push(id.clone());
        } else {
            handled.push(id.clone());
        }
    }
    (failed, handled)
}

/// Drives a source with several batches in flight, which end in the order that `picks` says.
fn drive(
    source: &mut impl EventSource,
    behaviours: &[Behaviour],
    picks: &[prop::sample::Index],
    function: impl Fn(&[String], u16) -> (Vec<String>, Vec<String>),
) -> Vec<String> {
    let mut handled = Vec::new();
    let mut in_flight = Vec::new();
    let (mut behaviours, mut picks) = (behaviours.iter().cycle(), picks.iter().cycle());
    for _step in 0..10_000 {
        in_flight.extend(all_due(source));
        if in_flight.is_empty() {
            let Some(time) = source.next_change() else {
                return handled;
            };
            source.advance_to(time);
            continue;
        }
        let pick = picks.next().unwrap().index(in_flight.len());
        let batch = in_flight.swap_remove(pick);
        let outcome = match behaviours.next().unwrap() {
            Behaviour::Error => Outcome::Error,
            Behaviour::TimedOut => Outcome::TimedOut,
            Behaviour::Malformed => Outcome::failures([""]),
            Behaviour::Partial(failing) => {
                let (failed, done) = function(batch.ids(), *failing);
                handled.extend(done);
                Outcome::failures(failed)
            }
        };
        source.complete(batch.number(), outcome);
    }
    panic!("the source has not run dry");
}

/// The receive counts of each message go 1, 2, 3 …, and their sum is what was delivered.
fn assert_receive_counts_add_up(source: &impl EventSource) {
    let log = source.log();
    let mut total = 0;
    for id in log.ids() {
        let counts: Vec<usize> = log
            .deliveries_of(id)
            .flat_map(|delivery| delivery.items())
            .filter(|item| item.id() == id)
            .map(|item| item.receive_count() as usize)
            .collect();
        assert_eq!(counts, (1..=log.delivered(id)).collect::<Vec<_>>(), "{id}");
        total += counts.len();
    }
    let delivered: usize = log.deliveries().iter().map(|d| d.items().len()).sum();
    assert_eq!(total, delivered);
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_message_of_a_standard_queue_ends_deleted_or_as_a_dead_letter(
        messages in 0_usize..60,
        batch_size in 1_usize..=10,
        most in 1_u32..6,
        seed in any::<Option<u64>>(),
        behaviours in prop::collection::vec(behaviour(), 1..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let mut builder = SqsSource::standard()
            .report_batch_item_failures(true)
            .batch_size(batch_size)
            .max_receive_count(most);
        if let Some(seed) = seed {
            builder = builder.seed(seed);
        }
        let mut queue = builder.build().unwrap();
        for number in 0..messages {
            queue.send(number.to_string());
        }
        // Each message stands alone: one that fails stops no other.
        let handled = drive(&mut queue, &behaviours, &picks, |ids, failing| {
            let (failed, handled): (Vec<_>, Vec<_>) = ids
                .iter()
                .cloned()
                .enumerate()
                .partition(|(place, _)| failing >> (place % 16) & 1 == 1);
            let ids = |list: Vec<(usize, String)>| list.into_iter().map(|(_, id)| id).collect();
            (ids(failed), ids(handled))
        });
        let log = queue.log();
        log.assert_nothing_lost(&handled);
        log.assert_none_handled_twice(&handled);
        assert_receive_counts_add_up(&queue);
        for id in log.ids() {
            assert!(log.delivered(id) <= most as usize);
            if log.fate(id) == Some(Fate::DeadLettered) {
                assert_eq!(log.delivered(id), most as usize);
            }
        }
    }

    #[test]
    fn the_order_of_a_fifo_queue_is_never_broken_by_a_function_that_stops(
        groups in prop::collection::vec(0_usize..5, 0..50),
        batch_size in 1_usize..=10,
        most in prop::option::of(1_u32..6),
        seed in any::<Option<u64>>(),
        per_group in any::<bool>(),
        behaviours in prop::collection::vec(behaviour(), 1..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let mut builder = SqsSource::fifo()
            .report_batch_item_failures(true)
            .batch_size(batch_size);
        if let Some(seed) = seed {
            builder = builder.seed(seed);
        }
        // Without a redrive policy, the function must have a chance.
        let mut behaviours = behaviours;
        match most {
            Some(most) => builder = builder.max_receive_count(most),
            None => behaviours.push(Behaviour::Partial(0)),
        }
        let mut queue = builder.build().unwrap();
        let mut group_of = std::collections::HashMap::new();
        for group in groups {
            let id = queue.send(SqsMessage::new("body").group(group.to_string()));
            group_of.insert(id, group);
        }
        let handled = drive(&mut queue, &behaviours, &picks, |ids, failing| {
            handle(ids, |id| group_of[id], failing, per_group)
        });
        let log = queue.log();
        log.assert_nothing_lost(&handled);
        log.assert_none_handled_twice(&handled);
        log.assert_order_kept_per_group(&handled);
        assert_receive_counts_add_up(&queue);
        if most.is_none() {
            log.assert_each_processed_at_least_once(&handled);
        }
    }

    #[test]
    fn no_record_of_a_stream_is_lost_and_the_order_of_a_key_is_kept(
        keys in prop::collection::vec(0_usize..8, 0..60),
        batch_size in 1_usize..12,
        (shards, factor) in (1_usize..4, 1_usize..4),
        bisect in any::<bool>(),
        retries in 0_u32..5,
        behaviours in prop::collection::vec(behaviour(), 1..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let mut stream = KinesisSource::builder()
            .report_batch_item_failures(true)
            .batch_size(batch_size)
            .shards(shards)
            .parallelization_factor(factor)
            .bisect_batch_on_function_error(bisect)
            .maximum_retry_attempts(retries)
            .on_failure_destination(true)
            .build()
            .unwrap();
        for key in keys {
            stream.put(KinesisRecord::new(key.to_string(), "data"));
        }
        let handled = drive(&mut stream, &behaviours, &picks, |ids, failing| {
            handle(ids, |_| 0, failing, false)
        });
        let log = stream.log();
        log.assert_nothing_lost(&handled);
        log.assert_none_handled_twice(&handled);
        log.assert_order_kept_per_group(&handled);
        assert_receive_counts_add_up(&stream);
        let told: u64 = stream
            .on_failure_documents()
            .iter()
            .map(|document| document["KinesisBatchInfo"]["batchSize"].as_u64().unwrap())
            .sum();
        assert_eq!(told, log.with_fate(Fate::SentToDestination).len() as u64);
    }
}
