//! The stream, its shards and their checkpoints.

use std::{collections::HashMap, marker::PhantomData, time::Duration};

use md5::{Digest as _, Md5};
use serde_json::Value;

use super::{
    config::StreamConfig,
    destination,
    lane::{Held, Lane, Reason, Work},
    record::{DynamoDbRecord, KinesisRecord, Place, StreamRecord},
    window::{Stage, Window},
};
use crate::source::{
    answer::{self, Cause, Reading, Verdict},
    envelope,
    event_source::{Batch, EventSource},
    log::{DeliveredItem, Fate, Log},
    outcome::Outcome,
    time,
};

/// A simulated Kinesis data stream.
pub type KinesisSource = StreamSource<KinesisRecord>;

/// A simulated DynamoDB stream.
pub type DynamoDbSource = StreamSource<DynamoDbRecord>;

/// A stream and the event source mapping that reads it.
///
/// Of each shard (of each part of it, with a parallelization factor) one batch at a time is in
/// flight. The lowest sequence number in the answer is the checkpoint: everything from there is
/// delivered again after a second, and nothing behind it before.
///
/// What happens where Lambda's documentation is silent stands under
/// [event sources](crate#event-sources).
#[derive(Debug)]
pub struct StreamSource<R> {
    config: StreamConfig,
    now: Duration,
    put: u64,
    lanes: Vec<Lane>,
    in_flight: HashMap<usize, (usize, Stage)>,
    destination: Vec<Value>,
    log: Log,
    record: PhantomData<fn(R)>,
}

impl<R: StreamRecord> StreamSource<R> {
    pub(crate) fn new(config: StreamConfig) -> Self {
        let lanes = (0..config.shards * config.parallelization_factor)
            .map(|lane| {
                let shard = lane / config.parallelization_factor;
                Lane::new(format!("shardId-{shard:012}"))
            })
            .collect();
        Self {
            config,
            now: Duration::ZERO,
            put: 0,
            lanes,
            in_flight: HashMap::new(),
            destination: Vec::new(),
            log: Log::default(),
            record: PhantomData,
        }
    }

    /// Puts a record into the stream and returns its sequence number.
    ///
    /// # Panics
    ///
    /// If no event of 6 MB has room for the record; with tumbling windows, beside a state of 1 MB.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the stream takes the record over"
    )]
    pub fn put(&mut self, record: R) -> String {
        let key = record.key();
        let index = self.lane_of(&key);
        let lane = &mut self.lanes[index];
        let id = R::sequence_number(self.put);
        let json = record.json(Place {
            shard_id: &lane.shard_id,
            sequence_number: &id,
            arrived_millis: time::epoch_millis(self.now),
        });
        let window = self.config.tumbling_window.map_or(0, |_| Window::MAX_SIZE);
        assert!(
            envelope::has_room(&json, window),
            "a record of {} bytes fits into no event of 6 MB",
            json.len()
        );
        self.put += 1;
        self.log.sent(&id, Some(&key));
        lane.push(Held {
            id: id.clone(),
            arrived: self.now,
            json,
            delivered: 0,
        });
        id
    }

    /// The documents that the on-failure destination got.
    #[must_use]
    pub fn on_failure_documents(&self) -> &[Value] {
        &self.destination
    }

    /// The upper half of the digest picks the shard, as in Kinesis, the lower one the part.
    fn lane_of(&self, key: &str) -> usize {
        let digest = u128::from_be_bytes(Md5::digest(key).into());
        let pick = |half: u128, of: usize| {
            let place = (half * of as u128) >> 64;
            usize::try_from(place).expect("the place is below the number of lanes")
        };
        let shard = pick(digest >> 64, self.config.shards);
        let part = pick(
            digest & u128::from(u64::MAX),
            self.config.parallelization_factor,
        );
        shard * self.config.parallelization_factor + part
    }

    fn lane_batch(&mut self, index: usize) -> Option<Batch> {
        let lane = &mut self.lanes[index];
        let stage = lane.due(self.now, &self.config)?;
        let fields = match &lane.window {
            Some(window) => window.fields(stage, &lane.shard_id, R::STREAM_ARN),
            None => String::new(),
        };
        let mut records = Vec::new();
        let mut items = Vec::new();
        if stage == Stage::Aggregate {
            let work = lane.current();
            work.invocations += 1;
            for record in &mut work.records {
                record.delivered += 1;
                records.push(record.json.as_str());
                items.push(DeliveredItem::new(record.id.clone(), record.delivered));
            }
        }
        let event = envelope::event(&records, &fields);
        lane.busy = true;
        let ids = items.iter().map(|item| item.id().to_owned()).collect();
        let number = self.log.deliver(self.now, items);
        self.in_flight.insert(number, (index, stage));
        Some(Batch::new(number, ids, event))
    }

    /// Gives up what has become too old, unless it is in flight.
    fn drop_old(&mut self) {
        for index in 0..self.lanes.len() {
            for (work, reason) in self.lanes[index].take_old(self.now, &self.config) {
                self.give_up(index, &work, reason);
            }
        }
    }

    fn give_up(&mut self, lane: usize, work: &Work, reason: Reason) {
        let fate = match reason.condition() {
            Some(condition) if self.config.on_failure_destination => {
                let number = (self.destination.len(), self.now);
                let shard_id = &self.lanes[lane].shard_id;
                let document = destination::document::<R>(work, condition, shard_id, number);
                self.destination.push(document);
                Fate::SentToDestination
            }
            Some(_) => Fate::Discarded,
            None => Fate::Expired,
        };
        for record in &work.records {
            self.log.settle(&record.id, fate);
        }
    }

    /// Reads an answer, and the state in it if there are windows.
    fn read(&self, outcome: &Outcome, ids: &[&str]) -> (Reading, Option<Value>) {
        let rules = self.config.rules;
        if self.config.tumbling_window.is_none() {
            return (answer::read(outcome, ids, rules), None);
        }
        match answer::read_state(outcome, rules.undocumented) {
            Ok(state) => (answer::read(outcome, ids, rules), Some(state)),
            Err(reading) => (reading, None),
        }
    }

    fn settle_records(&mut self, index: usize, verdict: &Verdict, state: Option<Value>) {
        let lane = &mut self.lanes[index];
        let work = lane.current();
        work.function_error = matches!(
            verdict,
            Verdict::Failed(Cause::FunctionError | Cause::TimedOut)
        );
        let settled = lane.settle(verdict, self.now, &self.config);
        // The state belongs to the records that need not be delivered again.
        if !settled.processed.is_empty()
            && let (Some(window), Some(state)) = (&mut lane.window, state)
        {
            window.keep(state);
        }
        for record in settled.processed {
            self.log.settle(&record.id, Fate::Processed);
        }
        if let Some(work) = settled.given_up {
            self.give_up(index, &work, Reason::RetryAttemptsExhausted);
        }
    }
}

impl<R: StreamRecord> EventSource for StreamSource<R> {
    fn next_batch(&mut self) -> Option<Batch> {
        (0..self.lanes.len()).find_map(|lane| self.lane_batch(lane))
    }

    fn complete(&mut self, batch: usize, outcome: Outcome) {
        let (index, stage) = self
            .in_flight
            .remove(&batch)
            .unwrap_or_else(|| panic!("batch {batch} is not in flight"));
        let ids = self.log.deliveries()[batch].ids();
        let (reading, state) = self.read(&outcome, &ids);
        let verdict = self.log.end(batch, self.now, reading);
        let done = verdict == Verdict::Success;
        let lane = &mut self.lanes[index];
        lane.busy = false;
        match stage {
            Stage::Aggregate => self.settle_records(index, &verdict, state),
            // The shard stands still until the last invocation of a window succeeds.
            Stage::Final | Stage::TerminatedEarly if !done => lane.retry_window(self.now),
            Stage::Final => lane.window = None,
            Stage::TerminatedEarly => {
                if let Some(window) = &mut lane.window {
                    window.restart();
                }
            }
        }
        self.drop_old();
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn next_change(&self) -> Option<Duration> {
        self.lanes
            .iter()
            .filter(|lane| !lane.busy)
            .filter_map(|lane| lane.next_change(self.now, &self.config))
            .min()
    }

    fn advance_to(&mut self, time: Duration) {
        self.now = self.now.max(time);
        self.drop_old();
    }

    fn log(&self) -> &Log {
        &self.log
    }
}
