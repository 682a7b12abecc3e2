//! What came, in order, and the waiting for more.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task;

/// Keeps what a sink receives.
#[derive(Debug)]
pub(super) struct Inbox<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    received: Mutex<Vec<Arc<T>>>,
    changed: Condvar,
}

impl<T: fmt::Debug + Send + Sync + 'static> Inbox<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            received: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    pub(super) fn put(&self, item: T) {
        self.0.lock().push(Arc::new(item));
        self.0.changed.notify_all();
    }

    pub(super) fn all(&self) -> Vec<Arc<T>> {
        self.0.lock().clone()
    }

    /// Everything that came, as soon as it has the weight `wanted`.
    ///
    /// The limit is one of real time, also where a test has paused tokio's clock: that clock
    /// stands still while a thread of its own waits here.
    ///
    /// # Panics
    ///
    /// After `limit`, with everything that came.
    pub(super) async fn wait(
        &self,
        limit: Duration,
        (wanted, what): (usize, &str),
        weigh: fn(&T) -> usize,
    ) -> Vec<Arc<T>> {
        let gone = Arc::new(AtomicBool::new(false));
        let _guard = Guard(&self.0, &gone);
        let (inner, gone) = (Arc::clone(&self.0), Arc::clone(&gone));
        let waiting = task::spawn_blocking(move || inner.wait(limit, wanted, weigh, &gone));
        let found = waiting.await.expect("waiting does not panic");
        found.unwrap_or_else(|all| {
            panic!("waited {limit:?} for {wanted} {what}; what came: {all:#?}")
        })
    }
}

impl<T> Inner<T> {
    fn wait(
        &self,
        limit: Duration,
        wanted: usize,
        weigh: fn(&T) -> usize,
        gone: &AtomicBool,
    ) -> Result<Vec<Arc<T>>, Vec<Arc<T>>> {
        let (mut weight, mut seen) = (0, 0);
        // Under the lock: each item is weighed once, and none is copied.
        let not_yet = |all: &mut Vec<Arc<T>>| {
            let new: usize = all[seen..].iter().map(|item| weigh(item)).sum();
            (weight, seen) = (weight + new, all.len());
            weight < wanted && !gone.load(Ordering::Relaxed)
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), limit, not_yet)
            .unwrap_or_else(PoisonError::into_inner);
        let all = waited.0.clone();
        if weight < wanted { Err(all) } else { Ok(all) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<T>>> {
        // A test that panics while it looks leaves the list whole.
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the thread of a wait that is given up: a runtime would not end before it.
struct Guard<'a, T>(&'a Inner<T>, &'a AtomicBool);

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // Under the lock, so that the waiting thread cannot miss it.
        let _all = self.0.lock();
        self.1.store(true, Ordering::Relaxed);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn waiting_looks_at_each_item_once() {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let inbox = Inbox::new();
        let sender = Inbox(Arc::clone(&inbox.0));
        let sending = std::thread::spawn(move || (0..1000).for_each(|item| sender.put(item)));
        let limit = Duration::from_secs(30);
        let all = inbox.wait(limit, (1000, "items"), |_| {
            LOOKS.fetch_add(1, Ordering::Relaxed);
            1
        });
        let all = all.await;
        sending.join().unwrap();
        assert_eq!(all.len(), 1000);
        assert_eq!(LOOKS.load(Ordering::Relaxed), 1000);
    }
}
