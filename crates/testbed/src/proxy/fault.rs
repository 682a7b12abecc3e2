use std::time::Duration;

use super::answer::Answer;

/// What a [`Rule`](super::Rule) does to a request.
#[derive(Debug, Clone)]
pub struct Fault(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Refuse(Duration),
    Reset,
    Close,
    Hang,
    DelayRequest(Duration),
    DelayReply(Duration),
    Drip { bytes: usize, pause: Duration },
    Truncate,
    Answer(Answer),
    DropReply(LostReply),
    Duplicate(Kept),
    DuplicateReply,
}

/// What the client sees in place of a reply that [`Fault::drop_reply`] has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReply {
    /// The connection ends in order (FIN).
    Close,
    /// The connection breaks (RST).
    Reset,
    /// Nothing: the connection stays open until the client gives up or
    /// [`Proxy::release`](super::Proxy::release) is called, which closes it.
    Silence,
}

/// Which of the server's two replies the client gets after [`Fault::duplicate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// The reply to the first delivery: the client sees nothing of the second.
    First,
    /// The reply to the second delivery, for instance a condition that fails on what the
    /// first one wrote.
    Second,
}

impl Fault {
    /// The server goes away for a time: the port is closed, so that connecting is refused,
    /// and every open connection is reset. The request does not reach the server. With
    /// [`Duration::MAX`] only [`Proxy::accept`](super::Proxy::accept) ends it.
    ///
    /// [`Proxy::refuse`](super::Proxy::refuse) does the same by hand.
    #[must_use]
    pub fn refuse(time: Duration) -> Self {
        Self(Kind::Refuse(time))
    }

    /// The connection breaks (RST). The request does not reach the server.
    #[must_use]
    pub fn reset() -> Self {
        Self(Kind::Reset)
    }

    /// The connection ends in order (FIN) without a reply. The request does not reach the
    /// server.
    #[must_use]
    pub fn close() -> Self {
        Self(Kind::Close)
    }

    /// Nothing happens, until the client gives up or the rule is released. The request
    /// does not reach the server; once released by [`Proxy::release`](super::Proxy::release)
    /// or because its rule is taken away, it does, if the client still waits. A client that
    /// has closed its side by then, or was killed, waits no more.
    #[must_use]
    pub fn hang() -> Self {
        Self(Kind::Hang)
    }

    /// The request reaches the server after a time, also if the client has given up by then:
    /// the late arrival of a request that was sent again long since. Only a reset by the proxy
    /// ([`refuse`](super::Proxy::refuse),
    /// [`reset_connections`](super::Proxy::reset_connections)) stops it.
    #[must_use]
    pub fn delay_request(time: Duration) -> Self {
        Self(Kind::DelayRequest(time))
    }

    /// The server acts at once and its reply reaches the client after a time.
    #[must_use]
    pub fn delay_reply(time: Duration) -> Self {
        Self(Kind::DelayReply(time))
    }

    /// The server acts and its reply comes in pieces of `bytes` with a pause after each.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0.
    #[must_use]
    pub fn drip(bytes: usize, pause: Duration) -> Self {
        assert!(bytes > 0, "a reply cannot drip in pieces of no bytes");
        Self(Kind::Drip { bytes, pause })
    }

    /// The server acts; its reply comes with its head in full and half of its body, then the
    /// connection ends in order (FIN). A reply without a body is cut in half.
    #[must_use]
    pub fn truncate() -> Self {
        Self(Kind::Truncate)
    }

    /// The proxy answers; the request does not reach the server and the connection lives on.
    #[must_use]
    pub fn answer(answer: Answer) -> Self {
        Self(Kind::Answer(answer))
    }

    /// The server acts and its reply, read in full, is thrown away: the case in which the
    /// client cannot know whether it has written. With
    /// [`Protocol::Raw`](super::Protocol::Raw) what is thrown away may be less than a reply, and
    /// the server may not have acted yet.
    #[must_use]
    pub fn drop_reply(seen: LostReply) -> Self {
        Self(Kind::DropReply(seen))
    }

    /// The request is delivered twice, one after the other on the same connection, and the
    /// server acts twice. The client gets one reply.
    #[must_use]
    pub fn duplicate(kept: Kept) -> Self {
        Self(Kind::Duplicate(kept))
    }

    /// The server acts once and its reply is sent twice over the wire.
    #[must_use]
    pub fn duplicate_reply() -> Self {
        Self(Kind::DuplicateReply)
    }

    /// Whether it makes sense before a request has come.
    pub(super) fn acts_on_a_connection(&self) -> bool {
        matches!(
            self.0,
            Kind::Refuse(_) | Kind::Reset | Kind::Close | Kind::Hang | Kind::DelayRequest(_)
        )
    }
}
