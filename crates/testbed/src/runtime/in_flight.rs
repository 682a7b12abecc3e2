use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use powertools_local::{Exit, Invoke, Reply, ReplyStream, StreamEnd, StreamHead, Taken};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    exit_text::exit_text,
    inner::Inner,
    ready::{NotReady, Ready},
    report::{Init, Outcome, Report, Status},
};

/// Lambda's limit for an event.
const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// An invocation that goes on. Made by [`Lambda::begin`](super::Lambda::begin).
#[must_use = "dropping it gives the invocation up"]
pub struct InFlight {
    inner: Arc<Inner>,
    request_id: String,
    invoke: Invoke,
    began: Instant,
    taken: Option<Taken>,
    /// It is known whether it was taken.
    is_known: bool,
    state: State,
    _permit: OwnedSemaphorePermit,
}

enum State {
    /// There is no process for it yet.
    Waiting,
    Running {
        ready: Ready,
        stream: Box<ReplyStream>,
    },
    Failed(NotReady),
}

impl InFlight {
    pub(super) async fn begin(
        inner: Arc<Inner>,
        request_id: String,
        invoke: Invoke,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        // The end of the process before is not a part of this invocation.
        inner.host.settled().await;
        let state = if invoke.event().len() > EVENT_LIMIT {
            State::Failed(NotReady::Refused {
                exception: "RequestTooLargeException",
                exit: None,
            })
        } else {
            State::Waiting
        };
        let mut begun = Self {
            inner,
            request_id,
            invoke,
            began: Instant::now(),
            taken: None,
            is_known: false,
            state,
            _permit: permit,
        };
        begun.queue().await;
        begun
    }

    /// Queues the event as soon as there is a function that takes events.
    async fn queue(&mut self) {
        if !matches!(self.state, State::Waiting) {
            return;
        }
        let Inner {
            host, config, api, ..
        } = &*self.inner;
        self.state = match host.ready(&mut self.began).await {
            Ok(ready) => {
                let timeout = if ready.init == Init::Suppressed {
                    config.timeout.saturating_sub(self.began.elapsed())
                } else {
                    config.timeout
                };
                let invoke = self.invoke.clone().request_id(&self.request_id);
                let stream = Box::new(api.invoke_streaming(invoke.timeout(timeout)));
                State::Running { ready, stream }
            }
            Err(failed) => State::Failed(failed),
        };
    }

    /// The request id.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Waits until the function takes the event and gives the id of this attempt; `None` if
    /// it does not come to that.
    pub async fn taken(&mut self) -> Option<&str> {
        let is_on_demand = self.inner.config.is_on_demand();
        while !self.is_known {
            self.queue().await;
            let State::Running { ready, stream } = &mut self.state else {
                return None;
            };
            tokio::select! {
                biased;
                taken = stream.taken() => {
                    self.taken = taken.cloned();
                    self.is_known = true;
                }
                // It went away before it took the event: that is for the next process, whose
                // init is a part of the time. So it is queued again with what is left.
                _ = ready.gone(), if is_on_demand => self.state = State::Waiting,
                _ = ready.gone() => match self.inner.host.ready(&mut self.began).await {
                    Ok(another) => *ready = another,
                    Err(failed) => self.state = State::Failed(failed),
                },
            }
        }
        self.taken.as_ref().map(Taken::invocation_id)
    }

    /// Waits for the prelude; `None` if the function does not stream.
    pub async fn head(&mut self) -> Option<&StreamHead> {
        self.taken().await;
        match &mut self.state {
            State::Running { stream, .. } => stream.head().await,
            State::Waiting | State::Failed(_) => None,
        }
    }

    /// What the function streams next; `None` at the end, or if it does not stream.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.taken().await;
        match &mut self.state {
            State::Running { stream, .. } => stream.next().await,
            State::Waiting | State::Failed(_) => None,
        }
    }

    /// Waits for the end. What [`next`](Self::next) has given is not in the payload.
    pub async fn report(mut self) -> Report {
        let mut payload = BytesMut::new();
        while let Some(data) = self.next().await {
            payload.extend_from_slice(&data);
        }
        let (pid, init, init_duration, ended, outcome) = match self.state {
            State::Waiting => unreachable!("it was queued to read its end"),
            State::Failed(failed) => {
                let (pid, outcome) = fail(failed, &self.request_id, &self.inner);
                let init = match outcome.exception {
                    Some(_) if outcome.exit.is_none() => Init::Warm,
                    _ if self.inner.config.is_on_demand() => Init::Suppressed,
                    _ => Init::Cold,
                };
                (pid, init, None, Instant::now(), outcome)
            }
            State::Running { ready, mut stream } => {
                let head = stream.head().await.cloned();
                let end = stream.end().await;
                // The end of the process is not a part of it.
                let ended = Instant::now();
                let mut outcome = match end {
                    StreamEnd::Complete => Outcome::new(Status::Success, payload.freeze()),
                    StreamEnd::Error(error) => {
                        let status = if error.is_in_body() {
                            Status::Success
                        } else {
                            Status::Error
                        };
                        Outcome {
                            stream_error: Some(error),
                            ..Outcome::new(status, payload.freeze())
                        }
                    }
                    StreamEnd::Reply(reply) => reported(reply),
                    StreamEnd::TimedOut => {
                        if self.inner.config.workers == 1 {
                            self.inner.host.retire(&ready);
                        }
                        timed_out(&self.request_id, &self.inner)
                    }
                    _ => {
                        self.inner.host.retire(&ready);
                        crashed(ready.gone().await, &self.request_id)
                    }
                };
                outcome.head = head;
                (ready.pid(), ready.init, ready.init_duration, ended, outcome)
            }
        };
        let from = match &self.taken {
            Some(taken) if init != Init::Suppressed => taken.at().into(),
            _ => self.began,
        };
        let invocation_id = self.taken.map(|taken| taken.invocation_id().to_owned());
        Report {
            request_id: self.request_id,
            invocation_id,
            invoke: self.invoke,
            pid,
            init,
            init_duration,
            duration: ended.saturating_duration_since(from),
            outcome,
        }
    }
}

fn reported(reply: Reply) -> Outcome {
    match reply {
        Reply::Response { body, .. } => Outcome::new(Status::Success, body),
        Reply::Error { body, .. } => Outcome::new(Status::Error, body),
        other => unreachable!("not the end of a reply that is whole: {other:?}"),
    }
}

fn timed_out(request_id: &str, inner: &Inner) -> Outcome {
    let seconds = inner.config.timeout.as_secs_f64();
    let text = format!("Task timed out after {seconds:.2} seconds");
    Outcome::error(Status::Timeout, "Sandbox.Timedout", request_id, &text)
}

fn crashed(exit: Exit, request_id: &str) -> Outcome {
    let outcome = if let Some(error) = exit.init_error() {
        // The function's own words.
        Outcome::new(Status::Error, error.clone())
    } else {
        let error_type = exit.extension_error().unwrap_or("Runtime.ExitError");
        let text = exit_text(exit.status());
        Outcome::error(Status::Error, error_type, request_id, &text)
    };
    Outcome {
        exit: Some(exit),
        ..outcome
    }
}

fn fail(failed: NotReady, request_id: &str, inner: &Inner) -> (Option<u32>, Outcome) {
    match failed {
        NotReady::Ended { exit, pid } => (pid, crashed(*exit, request_id)),
        NotReady::TimedOut { pid } => (pid, timed_out(request_id, inner)),
        NotReady::Refused { exception, exit } => {
            let outcome = Outcome {
                exception: Some(exception),
                exit: exit.map(|exit| *exit),
                ..Outcome::new(Status::Error, Bytes::new())
            };
            (None, outcome)
        }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
