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

/// Watches an invocation whose flush is late after `wait`.
pub(crate) fn watch(invocation: &Invocation, wait: Duration) -> Option<Ticket> {
    WATCHDOG.get()?.watch(invocation.downgrade(), wait)
}

/// The place of one invocation in the queue, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket(Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: Instant,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(watchdog) = WATCHDOG.get() {
            let forgotten = watchdog.queue().invocations.remove(&self.0);
            drop(forgotten);
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
    invocations: BTreeMap<Place, WeakInvocation>,
    tickets: u64,
    running: bool,
}

impl Watchdog {
    fn watch(&self, invocation: WeakInvocation, wait: Duration) -> Option<Ticket> {
        // One beyond what the clock can count is never late.
        let due = self.clock.instant().checked_add(wait)?;
        let mut queue = self.queue();
        if !queue.running {
            return None;
        }
        queue.tickets += 1;
        let place = Place {
            due,
            number: queue.tickets,
        };
        queue.invocations.insert(place, invocation);
        let first = queue.invocations.first_key_value();
        if first.is_some_and(|(first, _)| *first == place) {
            self.earlier.notify_one();
        }
        Some(Ticket(place))
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
