//! The queue, its visibility timeouts and its redrive policy.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use super::{
    config::SqsConfig,
    event::{self, Stamp},
    message::SqsMessage,
};
use crate::source::{
    answer::{self, Verdict},
    envelope::{self, Envelope},
    event_source::{Batch, EventSource},
    log::{DeliveredItem, Fate, Log},
    outcome::Outcome,
    time,
};

const MAX_MESSAGE: usize = 1024 * 1024;
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// An SQS queue, standard or FIFO, and the event source mapping that reads it.
///
/// A message that is not deleted stays hidden until its visibility timeout has passed. A
/// message that has had as many deliveries as the redrive policy allows moves to the
/// dead-letter queue at the moment when it would be delivered again.
///
/// In a FIFO queue, while messages of a group are in flight or hidden, nothing else of that
/// group is delivered. The mapping deletes what the answer does not name, in a FIFO queue too: a
/// function that goes on after a failure breaks the order, and the log shows it.
#[derive(Debug)]
pub struct SqsSource {
    config: SqsConfig,
    now: Duration,
    sent: u64,
    held: BTreeMap<u64, Held>,
    /// The receipts of the batches in flight: which message, and which of its deliveries.
    in_flight: HashMap<usize, Vec<(u64, u32)>>,
    /// Deduplication ids with the message that had them, and when.
    seen: HashMap<String, (String, Duration)>,
    random: Option<fastrand::Rng>,
    log: Log,
}

/// A message that the queue holds.
#[derive(Debug)]
struct Held {
    id: String,
    message: SqsMessage,
    deduplication_id: String,
    sent_at: Duration,
    visible_at: Duration,
    first_received_at: Option<Duration>,
    receive_count: u32,
}

impl SqsSource {
    pub(crate) fn new(config: SqsConfig) -> Self {
        Self {
            random: config.seed.map(fastrand::Rng::with_seed),
            config,
            now: Duration::ZERO,
            sent: 0,
            held: BTreeMap::new(),
            in_flight: HashMap::new(),
            seen: HashMap::new(),
            log: Log::default(),
        }
    }

    /// Sends a message and returns its identifier. In a FIFO queue, a duplicate within five
    /// minutes is taken and dropped, and the identifier is that of the first one.
    ///
    /// # Panics
    ///
    /// If SQS would refuse it: it is larger than 1 MiB, or it has no group in a FIFO queue.
    pub fn send(&mut self, message: impl Into<SqsMessage>) -> String {
        let message = message.into();
        assert!(message.size() <= MAX_MESSAGE, "a message is 1 MiB at most");
        assert!(
            !self.config.fifo || message.group_id().is_some(),
            "a message to a FIFO queue needs a group"
        );
        let number = self.sent;
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let deduplication_id = message.own_deduplication_id().unwrap_or(&id).to_owned();
        if self.config.fifo {
            if let Some((first, at)) = self.seen.get(&deduplication_id)
                && self.now < *at + DEDUPLICATION_INTERVAL
            {
                return first.clone();
            }
            self.seen
                .insert(deduplication_id.clone(), (id.clone(), self.now));
        }
        self.sent += 1;
        // A standard queue takes groups too, and promises no order within them.
        let ordered = message.group_id().filter(|_| self.config.fifo);
        self.log.sent(&id, ordered);
        let held = Held {
            id: id.clone(),
            message,
            deduplication_id,
            sent_at: self.now,
            visible_at: self.now,
            first_received_at: None,
            receive_count: 0,
        };
        self.held.insert(number, held);
        id
    }

    /// What could be delivered now, in the order to deliver it. Moves what has had its
    /// deliveries to the dead-letter queue.
    fn candidates(&mut self) -> Vec<u64> {
        let (fifo, now) = (self.config.fifo, self.now);
        let blocked: BTreeSet<&str> = self
            .held
            .values()
            .filter(|held| fifo && held.visible_at > now)
            .filter_map(|held| held.message.group_id())
            .collect();
        let visible: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, held)| held.visible_at <= now)
            .filter(|(_, held)| {
                !held
                    .message
                    .group_id()
                    .is_some_and(|id| blocked.contains(id))
            })
            .map(|(number, _)| *number)
            .collect();
        let limit = self.config.max_receive_count.unwrap_or(u32::MAX);
        let (mut waiting, spent): (Vec<u64>, Vec<u64>) = visible
            .into_iter()
            .partition(|number| self.held[number].receive_count < limit);
        for number in spent {
            self.remove(number, Fate::DeadLettered);
        }
        if let Some(random) = &mut self.random {
            if fifo {
                waiting = shuffle_groups(waiting, &self.held, random);
            } else {
                random.shuffle(&mut waiting);
            }
        }
        waiting
    }

    /// Whether to send a batch that has room left.
    fn window_is_over(&self, candidates: &[u64]) -> bool {
        let oldest = candidates
            .iter()
            .map(|number| self.held[number].visible_at)
            .min();
        oldest.is_some_and(|oldest| oldest + self.config.batching_window <= self.now)
    }

    fn record(&self, number: u64) -> String {
        let held = &self.held[&number];
        let first_received = held.first_received_at.unwrap_or(self.now);
        let stamp = Stamp {
            id: &held.id,
            queue_name: &self.config.name,
            receive_count: held.receive_count + 1,
            sent_millis: time::epoch_millis(held.sent_at),
            first_received_millis: time::epoch_millis(first_received),
            fifo: self
                .config
                .fifo
                .then_some((number, held.deduplication_id.as_str())),
        };
        event::record(&held.message, &stamp)
    }

    fn deliver(&mut self, numbers: &[u64], event: String) -> Batch {
        let mut receipts = Vec::new();
        let mut items = Vec::new();
        for number in numbers {
            let held = self.held.get_mut(number).expect("a candidate is held");
            held.receive_count += 1;
            held.first_received_at.get_or_insert(self.now);
            held.visible_at = self.now + self.config.visibility_timeout;
            receipts.push((*number, held.receive_count));
            items.push(DeliveredItem::new(held.id.clone(), held.receive_count));
        }
        let ids = items.iter().map(|item| item.id().to_owned()).collect();
        let number = self.log.deliver(self.now, items);
        self.in_flight.insert(number, receipts);
        Batch::new(number, ids, event)
    }

    /// Deletes a message, unless the receipt is worth nothing any more: the message has been
    /// delivered again, or, in a FIFO queue, its visibility timeout has passed.
    fn delete(&mut self, number: u64, receipt: u32) {
        let valid = self.held.get(&number).is_some_and(|held| {
            held.receive_count == receipt && (!self.config.fifo || held.visible_at > self.now)
        });
        if valid {
            self.remove(number, Fate::Processed);
        }
    }

    fn remove(&mut self, number: u64, fate: Fate) {
        if let Some(held) = self.held.remove(&number) {
            self.log.settle(&held.id, fate);
        }
    }

    fn expire(&mut self) {
        let expired: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, held)| held.sent_at + self.config.retention <= self.now)
            .map(|(number, _)| *number)
            .collect();
        for number in expired {
            self.remove(number, Fate::Expired);
        }
    }
}

impl EventSource for SqsSource {
    fn next_batch(&mut self) -> Option<Batch> {
        let candidates = self.candidates();
        let most = match &mut self.random {
            Some(random) => random.usize(1..=self.config.batch_size),
            None => self.config.batch_size,
        };
        let mut envelope = Envelope::new(0);
        let mut full = candidates.len() >= most;
        for number in candidates.iter().take(most) {
            if !envelope.add(self.record(*number)) {
                full = true;
                break;
            }
        }
        if !full && !self.window_is_over(&candidates) {
            return None;
        }
        let event = envelope::event(envelope.records(), "");
        Some(self.deliver(&candidates[..envelope.len()], event))
    }

    fn complete(&mut self, batch: usize, outcome: Outcome) {
        let receipts = self
            .in_flight
            .remove(&batch)
            .unwrap_or_else(|| panic!("batch {batch} is not in flight"));
        let ids = self.log.deliveries()[batch].ids();
        let reading = answer::read(&outcome, &ids, self.config.rules);
        let verdict = self.log.end(batch, self.now, reading);
        for (place, (number, receipt)) in receipts.into_iter().enumerate() {
            let processed = match &verdict {
                Verdict::Success => true,
                Verdict::Partial(failed) => !failed.contains(&place),
                Verdict::Failed(_) => false,
            };
            if processed {
                self.delete(number, receipt);
            }
        }
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn next_change(&self) -> Option<Duration> {
        let moments = self.held.values().flat_map(|held| {
            [
                held.visible_at,
                held.visible_at + self.config.batching_window,
                held.sent_at + self.config.retention,
            ]
        });
        time::earliest(self.now, moments)
    }

    fn advance_to(&mut self, time: Duration) {
        self.now = self.now.max(time);
        self.expire();
    }

    fn log(&self) -> &Log {
        &self.log
    }
}

/// Mixes the groups at random and keeps the order within each.
fn shuffle_groups(
    numbers: Vec<u64>,
    held: &BTreeMap<u64, Held>,
    random: &mut fastrand::Rng,
) -> Vec<u64> {
    let group = |number: &u64| held[number].message.group_id();
    let mut places: Vec<_> = numbers.iter().map(group).collect();
    random.shuffle(&mut places);
    let mut groups: BTreeMap<_, VecDeque<u64>> = BTreeMap::new();
    for number in numbers {
        groups.entry(group(&number)).or_default().push_back(number);
    }
    places
        .into_iter()
        .filter_map(|group| groups.get_mut(&group)?.pop_front())
        .collect()
}
