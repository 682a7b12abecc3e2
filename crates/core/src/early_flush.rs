//! The flush near the deadline: who wants one, and that each happens once.

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
    /// The widest margin in microseconds; `NONE` if nobody waits for a flush; `DONE`
    /// once the invocation has ended. Written under the lock.
    margin: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Most invocations have no more than this one.
    first: Option<Flush>,
    more: Vec<Flush>,
    /// Of the task that polls the timer.
    waker: Option<Waker>,
    /// Whether there ever was one.
    registered: bool,
}

impl EarlyFlush {
    /// Registers a flush. True if that widens the margin to leave.
    pub(crate) fn register(&self, margin: Duration, flush: Flush) -> bool {
        let micros = u64::try_from(margin.as_micros())
            .unwrap_or(DONE - 1)
            .clamp(1, DONE - 1);
        let mut waiting = self.waiting();
        let before = self.margin.load(Ordering::Relaxed);
        if before == DONE {
            return false;
        }
        match &mut waiting.first {
            first @ None => *first = Some(flush),
            Some(_) => waiting.more.push(flush),
        }
        waiting.registered = true;
        if micros <= before {
            return false;
        }
        self.margin.store(micros, Ordering::Relaxed);
        let waker = waiting.waker.take();
        // Without the lock: some executors poll the task right here.
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// The margin to leave, if anybody waits for a flush. Wakes the task when the
    /// margin gets wider.
    pub(crate) fn margin(&self, waker: &Waker) -> Option<Duration> {
        if self.margin.load(Ordering::Relaxed) == DONE {
            return None;
        }
        let mut waiting = self.waiting();
        let known = waiting.waker.as_ref();
        let old = match known.is_some_and(|known| known.will_wake(waker)) {
            true => None,
            false => waiting.waker.replace(waker.clone()),
        };
        let margin = self.margin.load(Ordering::Relaxed);
        // A dropped waker may drop its task, which ends an invocation.
        drop(waiting);
        drop(old);
        match margin {
            NONE | DONE => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    /// Runs and forgets every flush that is registered now.
    pub(crate) fn run(&self, invocation: &Invocation) {
        let mut waiting = self.waiting();
        let (first, more) = (waiting.first.take(), std::mem::take(&mut waiting.more));
        if self.margin.load(Ordering::Relaxed) != DONE {
            self.margin.store(NONE, Ordering::Relaxed);
        }
        drop(waiting);
        for flush in first.into_iter().chain(more) {
            // A failing flush must not take the handler's answer with it.
            if catch_unwind(AssertUnwindSafe(|| flush(invocation))).is_err() {
                tracing::warn!(
                    target: "powertools::core",
                    "a flush near the deadline panicked; the invocation goes on"
                );
            }
        }
    }

    /// Nothing is flushed early after this, and nothing is kept. Tells whether a flush was
    /// ever registered.
    pub(crate) fn close(&self) -> bool {
        let mut waiting = self.waiting();
        self.margin.store(DONE, Ordering::Relaxed);
        let Waiting {
            first,
            more,
            waker,
            registered,
        } = &mut *waiting;
        let registered = *registered;
        let kept = (first.take(), std::mem::take(more), waker.take());
        drop(waiting);
        drop(kept);
        registered
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
