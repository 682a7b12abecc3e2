//! What came, in order, and the waiting for more.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time};

/// Keeps what a sink receives.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    received: Mutex<Vec<T>>,
    arrived: Notify,
}

impl<T: Clone + fmt::Debug> Inbox<T> {
    pub(super) fn new() -> Self {
        Self {
            received: Mutex::new(Vec::new()),
            arrived: Notify::new(),
        }
    }

    pub(super) fn put(&self, item: T) {
        self.lock().push(item);
        self.arrived.notify_waiters();
    }

    pub(super) fn all(&self) -> Vec<T> {
        self.lock().clone()
    }

    /// What `ready` takes from everything that came, as soon as it takes something.
    ///
    /// # Panics
    ///
    /// After `limit`, with everything that came.
    pub(super) async fn wait<R>(
        &self,
        limit: Duration,
        wanted: &str,
        mut ready: impl FnMut(&[T]) -> Option<R>,
    ) -> R {
        let search = async {
            loop {
                // Before the look: what arrives in between still wakes.
                let arrived = self.arrived.notified();
                if let Some(found) = ready(&self.lock()) {
                    return found;
                }
                arrived.await;
            }
        };
        match time::timeout(limit, search).await {
            Ok(found) => found,
            Err(_) => panic!(
                "waited {limit:?} for {wanted}; what came: {:#?}",
                self.all()
            ),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        // A test that panics while it looks leaves the list whole.
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
