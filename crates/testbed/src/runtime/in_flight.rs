use std::{fmt, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use powertools_core::SharedClock;
use powertools_local::{Exit, Invoke, Reply, ReplyStream, StreamEnd, StreamHead, Taken};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    exit_text::exit_text,
    inner::Inner,
    ready::{NotReady, Ready},
    report::{Init, Outcome, Report, Status},
};

/// An invocation that goes on. Made by [`Lambda::begin`](super::Lambda::begin).
#[must_use = "dropping it gives the invocation up"]
pub struct InFlight {
    inner: Arc<Inner>,
    request_id: String,
    invoke: Invoke,
    began: Instant,
    /// From when the function takes the event.
    timeout: Duration,
    taken: Option<Taken>,
    /// It is known whether it was taken.
    is_known: bool,
    state: State,
    _permit: OwnedSemaphorePermit,
}

enum State {
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
        let began = Instant::now();
        let mut timeout = inner.config.timeout;
        let state = match inner.host.ready(began).await {
            Ok(ready) => {
                if ready.init == Init::Suppressed {
                    timeout = timeout.saturating_sub(began.elapsed());
                }
                let invoke = invoke.clone().request_id(&request_id).timeout(timeout);
                let stream = Box::new(inner.api.invoke_streaming(invoke));
                State::Running { ready, stream }
            }
            Err(failed) => State::Failed(failed),
        };
        Self {
            inner,
            request_id,
            invoke,
            began,
            timeout,
            taken: None,
            is_known: false,
            state,
            _permit: permit,
        }
    }

    /// The request id.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Waits until the function takes the event and gives the id of this attempt; `None` if
    /// it does not come to that.
    pub async fn taken(&mut self) -> Option<&str> {
        while !self.is_known {
            let State::Running { ready, stream } = &mut self.state else {
                return None;
            };
            tokio::select! {
                biased;
                taken = stream.taken() => {
                    self.taken = taken.cloned();
                    self.is_known = true;
                }
                // It went away before it took the event: that is for the next process.
                _ = ready.gone() => match self.inner.host.ready(Instant::now()).await {
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
            State::Failed(_) => None,
        }
    }

    /// What the function streams next; `None` at the end, or if it does not stream.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.taken().await;
        match &mut self.state {
            State::Running { stream, .. } => stream.next().await,
            State::Failed(_) => None,
        }
    }

    /// Waits for the end. What [`next`](Self::next) has given is not in the payload.
    pub async fn report(mut self) -> Report {
        let mut payload = BytesMut::new();
        while let Some(data) = self.next().await {
            payload.extend_from_slice(&data);
        }
        let (pid, init, init_duration, outcome) = match self.state {
            State::Failed(failed) => {
                let (pid, outcome) = fail(failed, &self.request_id, &self.inner);
                let init = if self.inner.config.is_on_demand() {
                    Init::Suppressed
                } else {
                    Init::Cold
                };
                (pid, init, None, outcome)
            }
            State::Running { ready, mut stream } => {
                let head = stream.head().await.cloned();
                let mut outcome = match stream.end().await {
                    StreamEnd::Complete => Outcome::new(Status::Success, payload.freeze()),
                    StreamEnd::Error(error) => Outcome {
                        stream_error: Some(error),
                        ..Outcome::new(Status::Error, payload.freeze())
                    },
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
                (ready.pid(), ready.init, ready.init_duration, outcome)
            }
        };
        let duration = match &self.taken {
            // The deadline tells when it was taken, however late this task hears of it.
            Some(taken) if init != Init::Suppressed => {
                let at = taken.deadline() - self.timeout;
                let now = SharedClock::default().now();
                now.duration_since(at).unwrap_or_default()
            }
            _ => self.began.elapsed(),
        };
        let invocation_id = self.taken.map(|taken| taken.invocation_id().to_owned());
        Report {
            request_id: self.request_id,
            invocation_id,
            invoke: self.invoke,
            pid,
            init,
            init_duration,
            duration,
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
                exit: Some(*exit),
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
