//! Calls a function with the batches of a source until the source runs dry.

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::{event_source::EventSource, outcome::Outcome};

/// Calls a function as Lambda's event source mapping does.
///
/// Simulated time moves only while no invocation is in flight: an invocation takes no simulated
/// time, however long it really takes. For an invocation that outlasts a visibility timeout,
/// call the methods of [`EventSource`] by hand.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Driver {
    concurrency: usize,
    max_invocations: usize,
}

impl Driver {
    /// One invocation at a time, and 100,000 of them at most.
    pub fn new() -> Self {
        Self {
            concurrency: 1,
            max_invocations: 100_000,
        }
    }

    /// How many invocations may be in flight at once.
    pub fn concurrency(mut self, invocations: usize) -> Self {
        self.concurrency = invocations.max(1);
        self
    }

    /// How many invocations to make before the run counts as endless.
    pub fn max_invocations(mut self, invocations: usize) -> Self {
        self.max_invocations = invocations;
        self
    }

    /// Calls `function` with the event of each batch until nothing is left, and returns the
    /// number of invocations. What stays in flight when the future is dropped stays in flight.
    ///
    /// # Panics
    ///
    /// If the source has not run dry after the greatest number of invocations.
    pub async fn run<S, F, Fut>(self, source: &mut S, mut function: F) -> usize
    where
        S: EventSource,
        F: FnMut(Bytes) -> Fut,
        Fut: Future<Output: Into<Outcome>>,
    {
        let mut running = FuturesUnordered::new();
        let mut invocations = 0;
        loop {
            // Without it, a time limit around the run could not end a function that never waits.
            tokio::task::yield_now().await;
            while running.len() < self.concurrency {
                let Some(batch) = source.next_batch() else {
                    break;
                };
                assert!(
                    invocations < self.max_invocations,
                    "the source has not run dry after {invocations} invocations"
                );
                invocations += 1;
                let number = batch.number();
                let answer = function(batch.event().clone());
                running.push(async move { (number, answer.await.into()) });
            }
            if let Some((number, outcome)) = running.next().await {
                source.complete(number, outcome);
            } else if let Some(time) = source.next_change() {
                source.advance_to(time);
            } else {
                return invocations;
            }
        }
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new()
    }
}
