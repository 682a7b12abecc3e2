//! What waits for a function and what functions are working on. No I/O here;
//! the one task that it starts is the timer of an invocation.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderMap;
use powertools_core::{SharedClock, SharedRandom};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::AbortHandle,
    time::Instant,
};

use crate::{
    Reply, id,
    source::{Condition, Source},
};

/// Far beyond what Lambda allows, and still a time that can be added.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What becomes of an invocation, piece by piece; `End` is the last one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Taken {
        invocation_id: String,
        at: Instant,
        deadline: SystemTime,
    },
    /// The function begins to stream; the headers of its request.
    Streams(HeaderMap),
    Data(Bytes),
    /// The stream is complete; its trailers.
    Streamed(Option<HeaderMap>),
    End(Reply),
}

pub(crate) type Pieces = mpsc::UnboundedSender<Piece>;

/// An invocation that no function has taken yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) pieces: Pieces,
}

/// An invocation that a function takes now.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) invocation_id: String,
    pub(crate) deadline: SystemTime,
    pub(crate) event: Bytes,
    pub(crate) headers: HeaderMap,
}

#[derive(Debug)]
struct InFlight {
    request_id: String,
    source: Arc<Source>,
    pieces: Pieces,
    timer: AbortHandle,
    /// Its answer is on the way: a second one is refused. Dropped at the end.
    streams: Option<oneshot::Sender<()>>,
}

/// It takes one event at a time, and has not answered the one that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// Why an answer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownRequest,
    WrongInvocation,
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// By invocation id: one request id may be tried more than once.
    in_flight: HashMap<String, InFlight>,
}

impl State {
    fn find(
        &self,
        source: &Arc<Source>,
        request_id: &str,
        invocation_id: Option<&str>,
    ) -> Result<String, Refusal> {
        let of_request = |flight: &InFlight| {
            flight.request_id == request_id
                && flight.streams.is_none()
                && Arc::ptr_eq(&flight.source, source)
        };
        let found = self.in_flight.iter().find(|(key, flight)| {
            of_request(flight) && invocation_id.is_none_or(|id| id == key.as_str())
        });
        match found {
            Some((key, _)) => Ok(key.clone()),
            None if self.in_flight.values().any(of_request) => Err(Refusal::WrongInvocation),
            None => Err(Refusal::UnknownRequest),
        }
    }

    fn is_busy(&self, source: &Arc<Source>) -> bool {
        // A stream that broke off may not be seen to have ended yet.
        let is_unanswered =
            |flight: &InFlight| flight.streams.is_none() && Arc::ptr_eq(&flight.source, source);
        source.nature().resets_on_timeout && self.in_flight.values().any(is_unanswered)
    }

    fn finish(&mut self, key: &str, end: Piece) -> bool {
        let flight = self.in_flight.remove(key);
        flight.map(|flight| flight.end(end)).is_some()
    }
}

impl InFlight {
    fn end(self, end: Piece) {
        self.timer.abort();
        let _ = self.pieces.send(end);
    }
}

/// The frames of an answer on their way.
#[derive(Debug)]
pub(crate) struct Stream {
    queue: Arc<Queue>,
    key: String,
    pieces: Pieces,
    ended: oneshot::Receiver<()>,
}

impl Stream {
    pub(crate) fn send(&self, data: Bytes) {
        let _ = self.pieces.send(Piece::Data(data));
    }

    /// `false` if the invocation has ended before, as by its deadline.
    pub(crate) fn end(self, end: Piece) -> bool {
        self.queue.state().finish(&self.key, end)
    }

    /// Waits until the invocation has ended otherwise.
    pub(crate) async fn ended(&mut self) {
        // Nothing is ever sent: the other end goes with the invocation.
        let _ = (&mut self.ended).await;
    }
}

impl Queue {
    pub(crate) fn new(clock: SharedClock, random: SharedRandom) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            clock,
            random,
        })
    }

    pub(crate) fn push(&self, waiting: Waiting) {
        self.state().waiting.push_back(waiting);
        // All of them look: one that may not take an event any more must not
        // swallow the only notice.
        self.arrived.notify_waiters();
    }

    /// Waits until an event is there and takes it. If the caller gives up, the
    /// event stays for the next one.
    pub(crate) async fn next(self: &Arc<Self>, source: &Arc<Source>) -> Result<Handed, Busy> {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            // Listen first, look afterwards: nothing slips in between.
            arrived.as_mut().enable();
            if let Some(handed) = self.take(source).transpose() {
                return handed;
            }
            arrived.await;
            // Lets the server see first whether the caller is still connected;
            // if it is not, this future is dropped here with nothing taken.
            tokio::task::yield_now().await;
        }
    }

    fn take(self: &Arc<Self>, source: &Arc<Source>) -> Result<Option<Handed>, Busy> {
        let mut state = self.state();
        if !source.is_serving() {
            return Ok(None);
        }
        // Nobody waits for the reply any more: the invocation is cancelled.
        state.waiting.retain(|waiting| !waiting.pieces.is_closed());
        if !state.waiting.is_empty() && state.is_busy(source) {
            return Err(Busy);
        }
        let Some(waiting) = state.waiting.pop_front() else {
            return Ok(None);
        };
        let invocation_id = id::uuid(&self.random);
        let timeout = waiting.timeout.min(LONGEST);
        let deadline = self.clock.now() + timeout;
        let at = Instant::now();
        let timer = tokio::spawn({
            let queue = Arc::clone(self);
            let invocation_id = invocation_id.clone();
            async move {
                tokio::time::sleep(timeout).await;
                queue.time_out(&invocation_id);
            }
        });
        state.in_flight.insert(
            invocation_id.clone(),
            InFlight {
                request_id: waiting.request_id,
                source: Arc::clone(source),
                pieces: waiting.pieces.clone(),
                timer: timer.abort_handle(),
                streams: None,
            },
        );
        // Whoever waits may have lost interest, here and below; the function
        // does its part all the same.
        let _ = waiting.pieces.send(Piece::Taken {
            invocation_id: invocation_id.clone(),
            at,
            deadline,
        });
        Ok(Some(Handed {
            invocation_id,
            deadline,
            event: waiting.event,
            headers: waiting.headers,
        }))
    }

    /// Ends an invocation with what its function sent.
    pub(crate) fn end(
        &self,
        source: &Arc<Source>,
        request_id: &str,
        invocation_id: Option<&str>,
        end: Piece,
    ) -> Result<(), Refusal> {
        let mut state = self.state();
        let key = state.find(source, request_id, invocation_id)?;
        state.finish(&key, end);
        Ok(())
    }

    /// Notes that the answer to an invocation begins, and gives what the
    /// frames go through.
    pub(crate) fn stream(
        self: &Arc<Self>,
        source: &Arc<Source>,
        request_id: &str,
        invocation_id: Option<&str>,
        headers: HeaderMap,
    ) -> Result<Stream, Refusal> {
        let mut state = self.state();
        let key = state.find(source, request_id, invocation_id)?;
        let flight = state.in_flight.get_mut(&key);
        let flight = flight.ok_or(Refusal::UnknownRequest)?;
        let (open, ended) = oneshot::channel();
        flight.streams = Some(open);
        let pieces = flight.pieces.clone();
        let _ = pieces.send(Piece::Streams(headers));
        Ok(Stream {
            queue: Arc::clone(self),
            key,
            pieces,
            ended,
        })
    }

    fn time_out(&self, invocation_id: &str) {
        let mut state = self.state();
        let Some(flight) = state.in_flight.get(invocation_id) else {
            return;
        };
        if flight.source.nature().resets_on_timeout {
            // Under the lock, so that it takes no other event before it is killed.
            flight.source.retire(Condition::TimedOut);
        }
        state.finish(invocation_id, Piece::End(Reply::TimedOut));
    }

    /// Ends whatever the source was working on: it is gone.
    pub(crate) fn crash(&self, source: &Arc<Source>) {
        let mut state = self.state();
        source.retire(Condition::Gone);
        let lost: Vec<_> = state
            .in_flight
            .extract_if(|_, flight| Arc::ptr_eq(&flight.source, source))
            .collect();
        for (_, flight) in lost {
            flight.end(Piece::End(Reply::Crashed));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
