use std::io;

use super::request::Content;

/// How much of a request is there.
pub(super) enum RequestFrame {
    /// Not all of it.
    Partial,
    /// Not all of it, and the client waits for `100 Continue` before it sends the rest.
    AwaitsContinue,
    /// `len` bytes are one request.
    Whole { len: usize, content: Content },
}

/// How much of a reply is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReplyFrame {
    /// Too little to say what it is.
    Unknown,
    /// `len` bytes that are not the reply but come before it: an interim response or a push.
    Interim { len: usize, is_continue: bool },
    /// The beginning of the reply: it may be passed on, more will come.
    Partial,
    /// `len` bytes are the reply, of which the first `head` are not its body. After it the
    /// connection ends, or not.
    Whole {
        len: usize,
        head: usize,
        ends_connection: bool,
    },
}

/// An error for bytes that the protocol does not allow.
pub(super) fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
