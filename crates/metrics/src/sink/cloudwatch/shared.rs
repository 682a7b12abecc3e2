//! What the handles and the task of a sink share.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use powertools_core::SharedClock;
use tokio::{
    sync::{Notify, watch},
    time::{self, Instant},
};
use tracing::warn;

use super::{
    batch::Batch,
    buffer::Buffer,
    failure::PutFailure,
    key::Key,
    ledger::Ledger,
    report::{DropReason, FlushReport},
};
use crate::{Blob, MetricsError, rules};

/// A reason is told of again only after this time.
const QUIET: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    clock: SharedClock,
    /// A request is full.
    pub(super) full: Notify,
    /// By reason: values were dropped.
    lost: [Notify; DropReason::ALL.len()],
    pub(super) orders: watch::Sender<Orders>,
    /// The number of the last flush that is done.
    pub(super) done: watch::Sender<u64>,
}

/// No lock is held while anything is sent or waited for.
#[derive(Debug)]
struct State {
    buffer: Buffer,
    ledger: Ledger,
    closed: bool,
    /// How often a request has failed, and how last.
    failures: u64,
    failure: Option<PutFailure>,
}

/// What the task is to do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    /// How many flushes were asked for.
    pub(super) flushes: u64,
    /// When the last flush is over; nothing comes any more.
    pub(super) end: Option<Instant>,
}

/// How things stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    ledger: Ledger,
    failures: u64,
}

impl Shared {
    pub(super) fn new(max_bytes: usize, clock: SharedClock) -> Self {
        let state = State {
            buffer: Buffer::new(max_bytes),
            ledger: Ledger::default(),
            closed: false,
            failures: 0,
            failure: None,
        };
        Self {
            state: Mutex::new(state),
            clock,
            full: Notify::new(),
            lost: Default::default(),
            orders: watch::Sender::default(),
            done: watch::Sender::default(),
        }
    }

    /// Takes the values into the buffer. What finds no room is dropped and counted: the caller
    /// could do no more about it. It runs under the caller's locks, so the warning is left to
    /// the task.
    pub(super) fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        let namespace = blob.namespace().ok_or_else(MetricsError::no_namespace)?;
        let mut key = Vec::new();
        let mut values = 0;
        let mut lost = 0;
        let in_time = rules::is_in_time(blob.timestamp(), self.clock.now());
        let mut state = self.state();
        if state.closed {
            return Err(MetricsError::sink("the sink has ended"));
        }
        for dimensions in blob.dimension_sets() {
            for metric in blob.metrics() {
                let entry = Key {
                    name: metric.name(),
                    unit: metric.unit(),
                    resolution: metric.resolution(),
                    millis: blob.timestamp_millis(),
                    dimensions: dimensions.clone(),
                };
                entry.write(&mut key);
                for value in metric.values() {
                    values += 1;
                    let kept = in_time && state.buffer.record(namespace, &key, value);
                    lost += u64::from(!kept);
                }
            }
        }
        state.ledger.record(values);
        let reason = match in_time {
            true => DropReason::Full,
            false => DropReason::Time,
        };
        self.count_lost(&mut state, reason, lost);
        if state.buffer.has_full_batch() {
            self.full.notify_one();
        }
        Ok(())
    }

    pub(super) fn mark(&self) -> u64 {
        self.state().buffer.mark()
    }

    /// The next request, of datums that are older than the mark.
    pub(super) fn take_batch(&self, mark: u64) -> Option<Batch> {
        self.state().buffer.take_batch(mark)
    }

    /// The next request, if there is a full one.
    pub(super) fn take_if_full(&self) -> Option<Batch> {
        let mut state = self.state();
        match state.buffer.has_full_batch() {
            true => state.buffer.take_batch(u64::MAX),
            false => None,
        }
    }

    pub(super) fn sent(&self, values: u64) {
        self.state().ledger.send(values);
    }

    pub(super) fn failed(&self, failure: &PutFailure) {
        let mut state = self.state();
        state.failures += 1;
        state.failure = Some(failure.clone());
    }

    /// Counts values that are gone, of which the task will tell.
    pub(super) fn lose(&self, reason: DropReason, values: u64) {
        self.count_lost(&mut self.state(), reason, values);
    }

    fn count_lost(&self, state: &mut State, reason: DropReason, values: u64) {
        if values > 0 {
            state.ledger.drop(reason, values);
            self.lost[reason as usize].notify_one();
        }
    }

    /// Warns of what is dropped for this reason. Never ends.
    pub(super) async fn warn_of(&self, reason: DropReason) {
        loop {
            self.lost[reason as usize].notified().await;
            self.tell(reason);
            time::sleep(QUIET).await;
        }
    }

    /// Asks for a flush, and gives its number.
    pub(super) fn order_flush(&self) -> u64 {
        let mut number = 0;
        self.orders.send_modify(|orders| {
            orders.flushes += 1;
            number = orders.flushes;
        });
        number
    }

    /// Takes nothing any more, and asks for the last flush, which may take so long. Gives its
    /// number.
    pub(super) fn order_close(&self, limit: Duration) -> u64 {
        self.state().closed = true;
        let mut number = 0;
        self.orders.send_modify(|orders| {
            orders.flushes += 1;
            orders.end.get_or_insert_with(|| Instant::now() + limit);
            number = orders.flushes;
        });
        number
    }

    /// Nobody sends any more: what waits is lost.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.closed = true;
        state.buffer.clear();
        let lost = state.ledger.pending();
        state.ledger.drop(DropReason::Unsent, lost);
        drop(state);
        // Nobody tells later.
        for reason in DropReason::ALL {
            self.tell(reason);
        }
        self.done.send_replace(u64::MAX);
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.state().ledger
    }

    pub(super) fn now(&self) -> Before {
        let state = self.state();
        Before {
            ledger: state.ledger,
            failures: state.failures,
        }
    }

    pub(super) fn report(&self, before: &Before) -> FlushReport {
        let state = self.state();
        let failed = state.failures > before.failures;
        FlushReport {
            sent: state.ledger.sent() - before.ledger.sent(),
            dropped: state.ledger.dropped() - before.ledger.dropped(),
            pending: state.ledger.pending(),
            failure: state.failure.clone().filter(|_| failed),
        }
    }

    /// Warns of what was dropped for this reason and not told yet.
    fn tell(&self, reason: DropReason) {
        let mut state = self.state();
        let values = state.ledger.tell(reason);
        let total = state.ledger.dropped_because(reason);
        let by_service = matches!(reason, DropReason::Refused | DropReason::Unsent);
        let failure = state.failure.clone().filter(|_| by_service);
        // It runs the user's code.
        drop(state);
        if values > 0 {
            warn!(
                target: "powertools::metrics",
                code = reason.code(),
                dropped = values,
                total,
                why = failure.as_ref().map(PutFailure::code),
                "dropped values of metrics: {}; further ones are told of after a minute",
                reason.text()
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
