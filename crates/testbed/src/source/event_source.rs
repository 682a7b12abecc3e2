//! What every simulated source can do.

use std::time::Duration;

use bytes::Bytes;

use super::{log::Log, outcome::Outcome};

/// A batch that Lambda would now invoke the function with.
#[derive(Debug, Clone)]
pub struct Batch {
    number: usize,
    ids: Vec<String>,
    event: Bytes,
}

impl Batch {
    pub(crate) fn new(number: usize, ids: Vec<String>, event: impl Into<Bytes>) -> Self {
        Self {
            number,
            ids,
            event: event.into(),
        }
    }

    /// Counts the batches of a source from 0; also the place of its delivery in the log.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The message identifiers or sequence numbers, in the order of the event.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The event, JSON as Lambda sends it.
    #[must_use]
    pub fn event(&self) -> &Bytes {
        &self.event
    }
}

/// A queue or a stream together with its event source mapping: a state machine without a clock,
/// a task or a socket. Time stands still until [`advance_to`](Self::advance_to) moves it.
pub trait EventSource {
    /// The next batch to invoke the function with; `None` if nothing is due now.
    ///
    /// Batches can be taken while others are in flight, as far as the source's rules allow.
    fn next_batch(&mut self) -> Option<Batch>;

    /// Says how the invocation with a batch ended.
    ///
    /// # Panics
    ///
    /// If no batch with this number is in flight.
    fn complete(&mut self, batch: usize, outcome: Outcome);

    /// The time that has passed since the source was made, which is at 2024-01-01T00:00:00Z.
    fn now(&self) -> Duration;

    /// When something will happen by itself, such as a message that becomes visible again;
    /// `None` if nothing is left to wait for.
    fn next_change(&self) -> Option<Duration>;

    /// Moves the time forward. A time that has passed already changes nothing.
    fn advance_to(&mut self, time: Duration);

    /// Moves the time forward by this much.
    fn advance(&mut self, by: Duration) {
        self.advance_to(self.now() + by);
    }

    /// Everything that was delivered, and what became of it.
    fn log(&self) -> &Log;
}
