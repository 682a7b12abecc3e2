//! What the handles and the task of a sink share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use powertools_core::SharedClock;
use tokio::sync::{Notify, watch};
use tracing::warn;

use super::{
    batch::Batch,
    buffer::Buffer,
    failure::PutFailure,
    key::Key,
    ledger::Ledger,
    report::{DropReason, FlushReport},
};
use crate::{Blob, MetricsError};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    clock: SharedClock,
    /// A request is full.
    pub(super) full: Notify,
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
    /// Nothing comes any more.
    pub(super) closing: bool,
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
            orders: watch::Sender::default(),
            done: watch::Sender::default(),
        }
    }

    /// Takes the values into the buffer. What finds no room is dropped and counted: the caller
    /// could do no more about it.
    pub(super) fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        let namespace = blob.namespace().ok_or_else(MetricsError::no_namespace)?;
        let mut key = Vec::new();
        let mut values = 0;
        let mut lost = 0;
        let mut state = self.state();
        let closed = state.closed;
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
                    let kept = !closed && state.buffer.record(namespace, &key, value);
                    lost += u64::from(!kept);
                }
            }
        }
        state.ledger.record(values);
        let reason = match closed {
            true => DropReason::Closed,
            false => DropReason::Full,
        };
        let loss = state.lose(reason, lost, &self.clock);
        let full = state.buffer.has_full_batch();
        drop(state);
        if full {
            self.full.notify_one();
        }
        tell(loss);
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

    /// Counts values that are gone, and tells of them.
    pub(super) fn lose(&self, reason: DropReason, values: u64) {
        let loss = self.state().lose(reason, values, &self.clock);
        tell(loss);
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

    /// Takes nothing any more, and asks for the last flush. Gives its number.
    pub(super) fn order_close(&self) -> u64 {
        self.state().closed = true;
        let mut number = 0;
        self.orders.send_modify(|orders| {
            orders.flushes += 1;
            orders.closing = true;
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
        let loss = state.lose(DropReason::Unsent, lost, &self.clock);
        drop(state);
        tell(loss);
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values that are to be warned of.
struct Loss {
    reason: DropReason,
    values: u64,
    total: u64,
    why: Option<String>,
}

impl State {
    fn lose(&mut self, reason: DropReason, values: u64, clock: &SharedClock) -> Option<Loss> {
        if values == 0 || !self.ledger.drop(reason, values, clock.instant()) {
            return None;
        }
        let by_service = matches!(reason, DropReason::Refused | DropReason::Unsent);
        let failure = self.failure.as_ref().filter(|_| by_service);
        Some(Loss {
            reason,
            values,
            total: self.ledger.dropped_because(reason),
            why: failure.map(|failure| failure.code().to_owned()),
        })
    }
}

/// Where no lock is held: it runs the user's code.
fn tell(loss: Option<Loss>) {
    let Some(loss) = loss else { return };
    warn!(
        target: "powertools::metrics",
        code = loss.reason.code(),
        dropped = loss.values,
        total = loss.total,
        why = loss.why,
        "dropped values of metrics: {}; further ones are told of after a minute",
        loss.reason.text()
    );
}
