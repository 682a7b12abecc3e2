//! The flush near the deadline: who wants one, and that it happens once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use crate::Invocation;

type Flush = Arc<dyn Fn(&Invocation) + Send + Sync>;

const NONE: u64 = 0;
const DONE: u64 = u64::MAX;

/// What has been registered on one invocation.
#[derive(Default)]
pub(crate) struct EarlyFlush {
    /// The widest margin in microseconds, or `NONE`, or `DONE`. The timer looks
    /// at it on each poll, so it is kept outside the lock.
    margin: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    flushes: Vec<Flush>,
    /// Of the task that would poll the timer, if it has seen nothing to wait for.
    waker: Option<Waker>,
}

impl EarlyFlush {
    /// Registers a flush. True if it is the first, before the deadline's flush.
    pub(crate) fn register(&self, margin: Duration, flush: Flush) -> bool {
        let micros = u64::try_from(margin.as_micros())
            .unwrap_or(DONE - 1)
            .clamp(1, DONE - 1);
        let mut waiting = self.waiting();
        let before = self.margin.load(Ordering::Relaxed);
        if before == DONE {
            return false;
        }
        waiting.flushes.push(flush);
        self.margin.store(before.max(micros), Ordering::Relaxed);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        before == NONE
    }

    /// The margin to leave, if anybody wants a flush that has not happened.
    pub(crate) fn margin(&self) -> Option<Duration> {
        match self.margin.load(Ordering::Relaxed) {
            NONE | DONE => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    /// As [`margin`](Self::margin); wakes the task when a first flush is registered.
    pub(crate) fn margin_or_wake(&self, waker: &Waker) -> Option<Duration> {
        if self.margin.load(Ordering::Relaxed) == DONE {
            return None;
        }
        let mut waiting = self.waiting();
        let margin = self.margin();
        if margin.is_none()
            && !waiting
                .waker
                .as_ref()
                .is_some_and(|old| old.will_wake(waker))
        {
            waiting.waker = Some(waker.clone());
        }
        margin
    }

    /// Runs every flush, unless that has been done or the invocation has ended.
    pub(crate) fn run(&self, invocation: &Invocation) {
        for flush in self.close() {
            // A failing flush must not take the handler's answer with it.
            if catch_unwind(AssertUnwindSafe(|| flush(invocation))).is_err() {
                tracing::warn!(
                    target: "powertools::core",
                    "a flush near the deadline panicked; the invocation goes on"
                );
            }
        }
    }

    /// Nothing is flushed early after this.
    pub(crate) fn close(&self) -> Vec<Flush> {
        let mut waiting = self.waiting();
        self.margin.store(DONE, Ordering::Relaxed);
        waiting.waker = None;
        std::mem::take(&mut waiting.flushes)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
