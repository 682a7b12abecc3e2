use std::io;

use super::{
    frame::{ReplyFrame, RequestFrame},
    http, redis,
    request::{Content, Request},
};

/// What a proxy knows of the bytes that go through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// Nothing, as with TLS. Whatever one read from the client gives counts as a request, and
    /// what one read from the server gives next as its reply, whatever it is: the rest of a
    /// handshake, a part of a reply, the reply to something before. So a fault of the reply
    /// does not prove that the server has acted on the request.
    Raw,
    /// HTTP/1.1.
    Http,
    /// Redis, RESP2 and RESP3.
    Redis,
}

impl Protocol {
    /// Whether a request is followed by a reply that has to be waited for.
    pub(super) fn pairs_replies(self) -> bool {
        self != Self::Raw
    }

    pub(super) fn request(self, buffer: &[u8]) -> io::Result<RequestFrame> {
        match self {
            _ if buffer.is_empty() => Ok(RequestFrame::Partial),
            Self::Raw => Ok(RequestFrame::Whole {
                len: buffer.len(),
                content: Content::Raw,
            }),
            Self::Http => http::request(buffer),
            Self::Redis => redis::request(buffer),
        }
    }

    /// How many bytes of the server may be passed on while no reply is waited for. A part of
    /// a push is not among them, because the rest of it may come with the next reply.
    pub(super) fn unasked(self, buffer: &[u8], ended: bool) -> io::Result<usize> {
        if self != Self::Redis || buffer.is_empty() || ended {
            return Ok(buffer.len());
        }
        Ok(match redis::reply(buffer)? {
            ReplyFrame::Interim { len, .. } | ReplyFrame::Whole { len, .. } => len,
            ReplyFrame::Unknown | ReplyFrame::Partial => 0,
        })
    }

    pub(super) fn reply(
        self,
        buffer: &[u8],
        request: &Request,
        ended: bool,
    ) -> io::Result<ReplyFrame> {
        match self {
            _ if buffer.is_empty() => Ok(ReplyFrame::Unknown),
            Self::Raw => Ok(ReplyFrame::Whole {
                len: buffer.len(),
                head: 0,
                ends_connection: false,
            }),
            Self::Http => http::reply(buffer, request.method(), ended),
            Self::Redis => redis::reply(buffer),
        }
    }
}
