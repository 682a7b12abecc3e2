use std::{
    fmt,
    time::{Instant, SystemTime},
};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::{
    Reply, StreamError,
    queue::Piece,
    streaming::{self, StreamHead},
};

/// An error that `lambda_runtime` writes into the body is looked for in so many
/// of its last bytes.
const TAIL: usize = 1024 * 1024;

/// An invocation and its answer, seen while they happen. Made by
/// [`RuntimeApi::invoke_streaming`](crate::RuntimeApi::invoke_streaming).
///
/// Dropping it cancels the invocation as long as no function has taken the
/// event; later it only loses the answer.
///
/// ```no_run
/// use powertools_local::{Invoke, RuntimeApi, StreamEnd};
///
/// # async fn test(api: RuntimeApi) {
/// let mut reply = api.invoke_streaming(Invoke::new("{}"));
/// while let Some(data) = reply.next().await {
///     println!("{} bytes", data.len());
/// }
/// assert!(matches!(reply.end().await, StreamEnd::Complete));
/// # }
/// ```
#[must_use = "dropping it cancels the invocation"]
pub struct ReplyStream {
    pieces: mpsc::UnboundedReceiver<Piece>,
    taken: Option<Taken>,
    head: Option<StreamHead>,
    /// Received, and not given out: the rest of the prelude, or data.
    received: BytesMut,
    in_prelude: bool,
    end: Option<StreamEnd>,
    tail: BytesMut,
}

/// When a function took the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    invocation_id: String,
    at: Instant,
    deadline: SystemTime,
}

impl Taken {
    /// The id of this attempt, other than that of any retry.
    #[must_use]
    pub fn invocation_id(&self) -> &str {
        &self.invocation_id
    }

    /// When the function took it.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// When the invocation times out.
    #[must_use]
    pub fn deadline(&self) -> SystemTime {
        self.deadline
    }
}

/// What ended an answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// The function streamed all of it.
    Complete,
    /// The function streamed a part and then said that it failed. What it wrote
    /// into the body about that, Lambda most likely does not see:
    /// [`StreamError::is_in_body`].
    Error(StreamError),
    /// The function answered as a whole or failed; if it had begun to stream,
    /// it broke off or sent too much.
    Reply(Reply),
    /// The deadline passed.
    TimedOut,
    /// The function's process ended.
    Crashed,
}

impl ReplyStream {
    pub(crate) fn new(pieces: mpsc::UnboundedReceiver<Piece>) -> Self {
        Self {
            pieces,
            taken: None,
            head: None,
            received: BytesMut::new(),
            in_prelude: false,
            end: None,
            tail: BytesMut::new(),
        }
    }

    /// Waits until a function takes the event; `None` if none ever will.
    pub async fn taken(&mut self) -> Option<&Taken> {
        while self.taken.is_none() && self.step().await {}
        self.taken.as_ref()
    }

    /// Waits for the prelude; `None` if the function does not stream.
    pub async fn head(&mut self) -> Option<&StreamHead> {
        while self.head.is_none() && self.step().await {}
        self.head.as_ref()
    }

    /// What comes next after the prelude, as it arrives; `None` at the end, or
    /// if the function does not stream.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.head.is_some() && !self.received.is_empty() {
                return Some(self.received.split().freeze());
            }
            if !self.step().await {
                return None;
            }
        }
    }

    /// Waits for the end and leaves out what was not asked for.
    pub async fn end(mut self) -> StreamEnd {
        while self.next().await.is_some() {}
        self.end.unwrap_or(StreamEnd::Crashed)
    }

    /// Waits for the end and puts all of it together.
    pub async fn collect(mut self) -> Reply {
        let mut body = BytesMut::new();
        while let Some(data) = self.next().await {
            body.extend_from_slice(&data);
        }
        let head = self.head.take().unwrap_or_else(StreamHead::bare);
        let error = match self.end().await {
            StreamEnd::Complete => None,
            StreamEnd::Error(error) => Some(error),
            StreamEnd::Reply(reply) => return reply,
            StreamEnd::TimedOut => return Reply::TimedOut,
            StreamEnd::Crashed => return Reply::Crashed,
        };
        Reply::Streamed {
            status: head.status,
            headers: head.headers,
            cookies: head.cookies,
            body: body.freeze(),
            error,
        }
    }

    /// Takes the next piece; `false` if there is none.
    async fn step(&mut self) -> bool {
        if self.end.is_some() {
            return false;
        }
        // The queue sends an end before it lets go of a sender.
        let piece = self.pieces.recv().await;
        match piece.unwrap_or(Piece::End(Reply::Crashed)) {
            Piece::Taken {
                invocation_id,
                at,
                deadline,
            } => {
                self.taken = Some(Taken {
                    invocation_id,
                    at: at.into_std(),
                    deadline,
                });
            }
            Piece::Streams(headers) if streaming::has_prelude(&headers) => {
                self.in_prelude = true;
            }
            Piece::Streams(_) => self.head = Some(StreamHead::bare()),
            Piece::Data(data) => self.receive(&data),
            Piece::Streamed(trailers) => {
                let error = streaming::error(trailers.as_ref(), &self.tail);
                self.end = Some(match error {
                    _ if self.in_prelude => StreamEnd::Reply(streaming::invalid_prelude()),
                    Some(error) => StreamEnd::Error(error),
                    None => StreamEnd::Complete,
                });
            }
            Piece::End(Reply::TimedOut) => self.end = Some(StreamEnd::TimedOut),
            Piece::End(Reply::Crashed) => self.end = Some(StreamEnd::Crashed),
            Piece::End(reply) => self.end = Some(StreamEnd::Reply(reply)),
        }
        true
    }

    fn receive(&mut self, data: &[u8]) {
        self.received.extend_from_slice(data);
        if self.in_prelude {
            match streaming::cut_prelude(&mut self.received) {
                None => return,
                Some(Some(head)) => {
                    self.head = Some(head);
                    self.in_prelude = false;
                }
                Some(None) => {
                    self.end = Some(StreamEnd::Reply(streaming::invalid_prelude()));
                    return;
                }
            }
            self.tail.extend_from_slice(&self.received);
        } else {
            self.tail.extend_from_slice(data);
        }
        let too_much = self.tail.len().saturating_sub(TAIL);
        let _ = self.tail.split_to(too_much);
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}
