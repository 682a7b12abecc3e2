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
    /// what one read from the server gives next as its reply.
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
