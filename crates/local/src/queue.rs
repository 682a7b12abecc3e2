//! What waits for a function and what functions are working on. No I/O here;
//! the one task that it starts is the timer of an invocation.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderMap;
use powertools_core::{SharedClock, SharedRandom};
use tokio::{
    sync::{Notify, oneshot, watch},
    task::AbortHandle,
};

use crate::{Reply, id};

/// Far beyond what Lambda allows, and still a time that can be added.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Who asks for events: one process, or anyone who knows the shared address.
#[derive(Debug)]
pub(crate) struct Source {
    function_name: String,
    resets_on_timeout: bool,
    asked: AtomicBool,
    extended: AtomicBool,
    condition: watch::Sender<Condition>,
}

/// Whether a source may still take events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Serving,
    /// Its environment is to be reset.
    TimedOut,
    /// It could not initialise; what it said about that.
    InitError(Bytes),
    /// Its process has ended.
    Gone,
}

impl Source {
    pub(crate) fn new(function_name: impl Into<String>, resets_on_timeout: bool) -> Arc<Self> {
        Arc::new(Self {
            function_name: function_name.into(),
            resets_on_timeout,
            asked: AtomicBool::new(false),
            extended: AtomicBool::new(false),
            condition: watch::Sender::new(Condition::Serving),
        })
    }

    /// Notes that it has initialised: it asked for its first event.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Notes that it registered an extension, so as to be told of its end.
    pub(crate) fn extend(&self) {
        self.extended.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_extended(&self) -> bool {
        self.extended.load(Ordering::Relaxed)
    }

    pub(crate) fn function_name(&self) -> &str {
        &self.function_name
    }

    /// The first reason stays.
    pub(crate) fn retire(&self, reason: Condition) {
        self.condition.send_if_modified(|condition| {
            let serving = *condition == Condition::Serving;
            if serving {
                *condition = reason;
            }
            serving
        });
    }

    pub(crate) fn is_serving(&self) -> bool {
        *self.condition.borrow() == Condition::Serving
    }

    pub(crate) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }
}

/// An invocation that no function has taken yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) reply: oneshot::Sender<Reply>,
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
    reply: oneshot::Sender<Reply>,
    timer: AbortHandle,
}

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
    pub(crate) async fn next(self: &Arc<Self>, source: &Arc<Source>) -> Handed {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            // Listen first, look afterwards: nothing slips in between.
            arrived.as_mut().enable();
            if let Some(handed) = self.take(source) {
                return handed;
            }
            arrived.await;
            // Lets the server see first whether the caller is still connected;
            // if it is not, this future is dropped here with nothing taken.
            tokio::task::yield_now().await;
        }
    }

    fn take(self: &Arc<Self>, source: &Arc<Source>) -> Option<Handed> {
        let mut state = self.state();
        if !source.is_serving() {
            return None;
        }
        let waiting = loop {
            let waiting = state.waiting.pop_front()?;
            // Nobody waits for the reply any more: the invocation is cancelled.
            if !waiting.reply.is_closed() {
                break waiting;
            }
        };
        let invocation_id = id::uuid(&self.random);
        let timeout = waiting.timeout.min(LONGEST);
        let deadline = self.clock.now() + timeout;
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
                reply: waiting.reply,
                timer: timer.abort_handle(),
            },
        );
        Some(Handed {
            invocation_id,
            deadline,
            event: waiting.event,
            headers: waiting.headers,
        })
    }

    /// Ends an invocation with what its function sent.
    pub(crate) fn end(
        &self,
        source: &Arc<Source>,
        request_id: &str,
        invocation_id: Option<&str>,
        reply: Reply,
    ) -> Result<(), Refusal> {
        let mut state = self.state();
        let of_request = |flight: &InFlight| {
            flight.request_id == request_id && Arc::ptr_eq(&flight.source, source)
        };
        let (key, _) = state
            .in_flight
            .iter()
            .find(|(key, flight)| {
                of_request(flight) && invocation_id.is_none_or(|id| id == key.as_str())
            })
            .ok_or_else(|| match state.in_flight.values().any(of_request) {
                true => Refusal::WrongInvocation,
                false => Refusal::UnknownRequest,
            })?;
        let key = key.clone();
        if let Some(flight) = state.in_flight.remove(&key) {
            flight.timer.abort();
            // The caller may have lost interest; the function did its part.
            let _ = flight.reply.send(reply);
        }
        Ok(())
    }

    fn time_out(&self, invocation_id: &str) {
        let mut state = self.state();
        let Some(flight) = state.in_flight.remove(invocation_id) else {
            return;
        };
        if flight.source.resets_on_timeout {
            // Under the lock, so that it takes no other event before it is killed.
            flight.source.retire(Condition::TimedOut);
        }
        let _ = flight.reply.send(Reply::TimedOut);
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
            flight.timer.abort();
            let _ = flight.reply.send(Reply::Crashed);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Arc<Queue> {
        Queue::new(SharedClock::default(), SharedRandom::default())
    }

    fn push(queue: &Queue, request_id: &str) -> oneshot::Receiver<Reply> {
        let (reply, replied) = oneshot::channel();
        queue.push(Waiting {
            request_id: request_id.to_owned(),
            event: Bytes::from_static(b"{}"),
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(60),
            reply,
        });
        replied
    }

    #[tokio::test]
    async fn an_invocation_that_nobody_waits_for_is_skipped() {
        let queue = queue();
        let source = Source::new("test", true);
        drop(push(&queue, "cancelled"));
        let replied = push(&queue, "wanted");

        let handed = queue.next(&source).await;
        queue
            .end(
                &source,
                "wanted",
                Some(&handed.invocation_id),
                Reply::Crashed,
            )
            .unwrap();

        assert_eq!(replied.await.unwrap(), Reply::Crashed);
    }

    #[tokio::test]
    async fn two_attempts_with_one_request_id_are_told_apart() {
        let queue = queue();
        let source = Source::new("test", false);
        let (mut first, second) = (push(&queue, "same"), push(&queue, "same"));
        let _first_id = queue.next(&source).await.invocation_id;
        let second_id = queue.next(&source).await.invocation_id;

        let wrong = queue.end(&source, "same", Some("other"), Reply::Crashed);
        assert_eq!(wrong, Err(Refusal::WrongInvocation));
        queue
            .end(&source, "same", Some(&second_id), Reply::TimedOut)
            .unwrap();

        assert_eq!(second.await.unwrap(), Reply::TimedOut);
        assert!(first.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_source_that_timed_out_takes_no_other_event() {
        let queue = queue();
        let (slow, fresh) = (Source::new("test", true), Source::new("test", true));
        let timed_out = push(&queue, "slow");
        let handed = queue.next(&slow).await;
        queue.time_out(&handed.invocation_id);
        assert_eq!(timed_out.await.unwrap(), Reply::TimedOut);

        let _next = push(&queue, "next");
        assert!(queue.take(&slow).is_none());
        assert!(queue.take(&fresh).is_some());
    }

    #[tokio::test]
    async fn a_crash_ends_only_what_its_own_source_took() {
        let queue = queue();
        let (crashing, healthy) = (Source::new("test", false), Source::new("test", false));
        let lost = push(&queue, "lost");
        queue.next(&crashing).await;
        let mut kept = push(&queue, "kept");
        queue.next(&healthy).await;

        queue.crash(&crashing);

        assert_eq!(lost.await.unwrap(), Reply::Crashed);
        assert!(kept.try_recv().is_err());
    }
}
