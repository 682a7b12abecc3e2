//! An opt-in thread that flushes when a handler blocks its own.
//!
//! The early flush near the deadline is a timer in the future of the outermost
//! layer. A handler that computes or sleeps without an await keeps that future from
//! being polled, and then Lambda kills the process with the data still in memory.
//! [`start`] makes one thread for the whole process that flushes instead, a quarter
//! of the margin after the timer should have.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{Invocation, SharedClock, invocation::WeakInvocation};

// Process-wide: a thread per process is the point.
static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();

/// Starts the thread. Invocations that register their first flush from now on
/// are watched. Calling it again does nothing.
///
/// The thread sleeps until a flush is due. It costs one thread, and a lock for
/// each invocation that registers a flush.
///
/// # Errors
///
/// The operating system refuses another thread.
pub fn start() -> io::Result<()> {
    let watchdog = WATCHDOG.get_or_init(Watchdog::default);
    let mut queue = watchdog.queue();
    if !queue.running {
        let name = "powertools-watchdog".to_owned();
        thread::Builder::new().name(name).spawn(|| watchdog.run())?;
        queue.running = true;
    }
    Ok(())
}

/// Watches an invocation whose flush is due after `wait`, and late after `grace` more.
pub(crate) fn watch(invocation: &Invocation, wait: Duration, grace: Duration) -> Option<Ticket> {
    WATCHDOG.get()?.watch(invocation.downgrade(), wait + grace)
}

/// The place of one invocation in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    due: Instant,
    number: u64,
}

impl Ticket {
    /// The invocation has ended.
    pub(crate) fn cancel(self) {
        if let Some(watchdog) = WATCHDOG.get() {
            watchdog.queue().invocations.remove(&self);
        }
    }
}

#[derive(Default)]
struct Watchdog {
    /// The thread's own: it sleeps in real time.
    clock: SharedClock,
    queue: Mutex<Queue>,
    earlier: Condvar,
}

#[derive(Default)]
struct Queue {
    invocations: BTreeMap<Ticket, WeakInvocation>,
    tickets: u64,
    running: bool,
}

impl Watchdog {
    fn watch(&self, invocation: WeakInvocation, wait: Duration) -> Option<Ticket> {
        let due = self.clock.instant() + wait;
        let mut queue = self.queue();
        if !queue.running {
            return None;
        }
        queue.tickets += 1;
        let ticket = Ticket {
            due,
            number: queue.tickets,
        };
        queue.invocations.insert(ticket, invocation);
        if queue
            .invocations
            .first_key_value()
            .is_some_and(|(first, _)| *first == ticket)
        {
            self.earlier.notify_one();
        }
        Some(ticket)
    }

    fn run(&self) {
        let mut queue = self.queue();
        loop {
            let now = self.clock.instant();
            queue = match queue
                .invocations
                .first_key_value()
                .map(|(ticket, _)| *ticket)
            {
                None => self
                    .earlier
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(first) if first.due > now => {
                    let wait = first.due - now;
                    let woken = self.earlier.wait_timeout(queue, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(first) => {
                    let due = queue.invocations.remove(&first);
                    drop(queue);
                    if let Some(invocation) = due.and_then(|weak| weak.upgrade()) {
                        invocation.run_early_flush();
                    }
                    self.queue()
                }
            };
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").finish_non_exhaustive()
    }
}
