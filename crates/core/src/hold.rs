//! What keeps the finish of the layers back: a body that is still streaming.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use crate::Outcome;

type Finish = Box<dyn FnOnce(Outcome) + Send>;

/// The open streams of an invocation and the finishes that wait for them.
#[derive(Default)]
pub(crate) struct Holds {
    /// Looked at without the lock, so that calls without a stream never take it.
    open: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    finishes: Vec<Finish>,
    outcome: Option<Outcome>,
}

impl Holds {
    pub(crate) fn hold(&self) {
        let _waiting = self.waiting();
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends one hold. The last one to end runs what has waited, innermost first.
    pub(crate) fn release(&self, outcome: Outcome) {
        let mut waiting = self.waiting();
        let outcome = waiting
            .outcome
            .map_or(outcome, |before| before.and_body(outcome));
        if self.open.fetch_sub(1, Ordering::Relaxed) > 1 {
            waiting.outcome = Some(outcome);
            return;
        }
        waiting.outcome = None;
        let finishes = std::mem::take(&mut waiting.finishes);
        drop(waiting);
        for finish in finishes {
            finish(outcome);
        }
    }

    /// Runs the finish with [`Outcome::Ok`] for a body now, or with the body's own
    /// outcome once all holds have ended.
    pub(crate) fn finish(&self, finish: impl FnOnce(Outcome) + Send + 'static) {
        if self.open.load(Ordering::Relaxed) > 0 {
            let mut waiting = self.waiting();
            if self.open.load(Ordering::Relaxed) > 0 {
                waiting.finishes.push(Box::new(finish));
                return;
            }
        }
        finish(Outcome::Ok);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
