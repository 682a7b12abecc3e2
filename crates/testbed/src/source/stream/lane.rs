//! A shard, or a part of it: records in order, of which one batch at a time is in flight.

use std::{collections::VecDeque, time::Duration};

use super::{
    config::StreamConfig,
    window::{Stage, Window},
};
use crate::source::{answer::Verdict, envelope::Envelope, time};

/// How long to wait before a batch is tried again. Lambda does not say.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// How long the stream keeps a record.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// A record that the stream holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) arrived: Duration,
    pub(crate) json: String,
    pub(crate) delivered: u32,
}

/// A batch, or what is left of one, until it is done or given up.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) records: Vec<Held>,
    pub(crate) invocations: u32,
    pub(crate) function_error: bool,
    /// The failures that count towards the retry attempts.
    failures: u32,
    not_before: Duration,
}

impl Work {
    fn with(&self, records: Vec<Held>) -> Self {
        Self { records, ..*self }
    }
}

/// Why records were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
    Expired,
}

impl Reason {
    /// What an on-failure destination is told; it learns nothing of what the stream dropped.
    pub(crate) fn condition(self) -> Option<&'static str> {
        match self {
            Self::RetryAttemptsExhausted => Some("RetryAttemptsExhausted"),
            Self::RecordAgeExceeded => Some("RecordAgeExceeded"),
            Self::Expired => None,
        }
    }
}

/// How old a record may become. The smaller limit is always reached first, however much time
/// passes at once.
fn age_limit(config: &StreamConfig) -> (Duration, Reason) {
    match config.maximum_record_age {
        Some(age) if age < RETENTION => (age, Reason::RecordAgeExceeded),
        _ => (RETENTION, Reason::Expired),
    }
}

/// What an answer settled.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) processed: Vec<Held>,
    pub(crate) given_up: Option<Work>,
}

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) shard_id: String,
    pub(crate) busy: bool,
    pub(crate) window: Option<Window>,
    pending: VecDeque<Held>,
    work: VecDeque<Work>,
}

impl Lane {
    pub(crate) fn new(shard_id: String) -> Self {
        Self {
            shard_id,
            busy: false,
            window: None,
            pending: VecDeque::new(),
            work: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, record: Held) {
        self.pending.push_back(record);
    }

    /// The batch that is in flight, or is due next.
    pub(crate) fn current(&mut self) -> &mut Work {
        self.work.front_mut().expect("a lane in flight has a batch")
    }

    /// Takes out what has become too old. What is in flight stays.
    pub(crate) fn take_old(&mut self, now: Duration, config: &StreamConfig) -> Vec<(Work, Reason)> {
        let mut taken = Vec::new();
        if self.busy {
            return taken;
        }
        let (limit, reason) = age_limit(config);
        // Records lie in the order of their arrival.
        let old = |record: &Held| record.arrived + limit <= now;
        for work in &mut self.work {
            let count = work.records.partition_point(old);
            let records: Vec<Held> = work.records.drain(..count).collect();
            taken.push((work.with(records), reason));
        }
        let count = self.pending.partition_point(old);
        let records = self.pending.drain(..count).collect();
        taken.push((Work::default().with(records), reason));
        self.work.retain(|work| !work.records.is_empty());
        taken.retain(|(work, _)| !work.records.is_empty());
        taken
    }

    /// Which invocation is due now. For [`Stage::Aggregate`], [`current`](Self::current) is it.
    pub(crate) fn due(&mut self, now: Duration, config: &StreamConfig) -> Option<Stage> {
        if self.busy {
            return None;
        }
        if let Some(window) = &self.window
            && window.overgrown
        {
            return (window.not_before <= now).then_some(Stage::TerminatedEarly);
        }
        if self.work.is_empty() {
            self.form(now, config);
        }
        if let Some(work) = self.work.front() {
            return (work.not_before <= now).then_some(Stage::Aggregate);
        }
        let window = self.window.as_ref()?;
        let more = self
            .pending
            .front()
            .is_some_and(|record| window.has(record.arrived));
        (!more && window.end() <= now && window.not_before <= now).then_some(Stage::Final)
    }

    /// Makes a batch of the records that wait, if it is full or has waited long enough.
    fn form(&mut self, now: Duration, config: &StreamConfig) {
        let Some(oldest) = self.pending.front() else {
            return;
        };
        if let Some(length) = config.tumbling_window {
            self.window
                .get_or_insert_with(|| Window::of(oldest.arrived, length));
        }
        let window = self.window.as_ref();
        let mut envelope = Envelope::new(window.map_or(0, Window::size));
        let mut full = oldest.arrived + config.batching_window <= now
            || window.is_some_and(|window| window.end() <= now);
        for record in &self.pending {
            let stays_out = envelope.len() == config.batch_size
                || window.is_some_and(|window| !window.has(record.arrived))
                || !envelope.add(record.json.clone());
            if stays_out {
                full = true;
                break;
            }
        }
        full |= envelope.len() == config.batch_size;
        if full && envelope.len() > 0 {
            let records = self.pending.drain(..envelope.len()).collect();
            self.work.push_back(Work::default().with(records));
        }
    }

    /// Settles the batch in flight.
    pub(crate) fn settle(
        &mut self,
        verdict: &Verdict,
        now: Duration,
        config: &StreamConfig,
    ) -> Settled {
        let mut work = self.work.pop_front().expect("a lane in flight has a batch");
        let mut settled = Settled::default();
        let (checkpoint, failed) = match verdict {
            Verdict::Success => (work.records.len(), false),
            Verdict::Partial(places) => (places.first().copied().unwrap_or_default(), false),
            Verdict::Failed(_) => (0, true),
        };
        settled.processed = work.records.drain(..checkpoint).collect();
        if work.records.is_empty() {
            return settled;
        }
        // Splitting a batch is no retry, be it in halves or at the returned number.
        let halve = config.bisect && failed && work.records.len() > 1;
        let split = config.bisect && checkpoint > 0;
        work.not_before = now + RETRY_DELAY;
        if halve {
            let rest = work.records.split_off(work.records.len() / 2);
            let rest = work.with(rest);
            self.work.push_front(rest);
            self.work.push_front(work);
            return settled;
        }
        if !split {
            work.failures += 1;
        }
        let most = config.maximum_retry_attempts.unwrap_or(u32::MAX);
        if work.failures > most {
            settled.given_up = Some(work);
        } else {
            self.work.push_front(work);
        }
        settled
    }

    /// Waits before the last invocation of a window is tried again.
    pub(crate) fn retry_window(&mut self, now: Duration) {
        if let Some(window) = &mut self.window {
            window.not_before = now + RETRY_DELAY;
        }
    }

    pub(crate) fn next_change(&self, now: Duration, config: &StreamConfig) -> Option<Duration> {
        let (limit, _) = age_limit(config);
        let held = self.work.iter().flat_map(|work| &work.records);
        let ages = held
            .chain(&self.pending)
            .map(|record| record.arrived + limit);
        let batching = self
            .pending
            .iter()
            .map(|record| record.arrived + config.batching_window);
        let windows = self
            .window
            .iter()
            .flat_map(|window| [window.end(), window.not_before]);
        let retries = self.work.iter().map(|work| work.not_before);
        time::earliest(now, ages.chain(batching).chain(windows).chain(retries))
    }
}
