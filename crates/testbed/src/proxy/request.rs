use std::{fmt, str};

use bytes::Bytes;

/// A request that the proxy has seen, or the beginning of a connection.
#[derive(Clone)]
pub struct Request {
    pub(super) connection: usize,
    pub(super) bytes: Bytes,
    pub(super) content: Content,
}

/// What a protocol has found in the bytes.
#[derive(Clone)]
pub(super) enum Content {
    /// A connection was accepted; no bytes yet.
    Connection,
    Raw,
    Http(HttpHead),
    Redis(Vec<Bytes>),
}

impl Content {
    /// Redis says nothing to an empty command, and it is no request for the rules.
    pub(super) fn gets_no_reply(&self) -> bool {
        matches!(self, Self::Redis(arguments) if arguments.is_empty())
    }
}

#[derive(Clone)]
pub(super) struct HttpHead {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    /// The number of its connection, from 1, counted since the proxy began.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// The request as it came over the wire, in full.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The method of an HTTP request.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.http().map(|head| head.method.as_str())
    }

    /// The path of an HTTP request, with the query.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.http().map(|head| head.path.as_str())
    }

    /// A header of an HTTP request; the name's case does not count.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = &self.http()?.headers;
        let found = headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The name of a Redis command as it was sent.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        str::from_utf8(self.arguments().first()?).ok()
    }

    /// A Redis command and its arguments; empty for other protocols.
    #[must_use]
    pub fn arguments(&self) -> &[Bytes] {
        match &self.content {
            Content::Redis(arguments) => arguments,
            _ => &[],
        }
    }

    /// Whether these bytes occur anywhere in the request.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        bytes.is_empty() || self.bytes.windows(bytes.len()).any(|found| found == bytes)
    }

    /// One line for messages: `POST / DynamoDB_20120810.PutItem`, `SET pt:1:key`.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.content {
            Content::Connection => format!("connection {}", self.connection),
            Content::Raw => format!("{} bytes", self.bytes.len()),
            Content::Http(head) => {
                let target = self.header("x-amz-target").unwrap_or_default();
                format!("{} {} {target}", head.method, head.path)
                    .trim_end()
                    .to_owned()
            }
            Content::Redis(arguments) => {
                let shown: Vec<_> = arguments.iter().take(2).collect();
                let shown: Vec<_> = shown.iter().map(|s| String::from_utf8_lossy(s)).collect();
                shown.join(" ")
            }
        }
    }

    pub(super) fn is_connection(&self) -> bool {
        matches!(self.content, Content::Connection)
    }

    fn http(&self) -> Option<&HttpHead> {
        match &self.content {
            Content::Http(head) => Some(head),
            _ => None,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("connection", &self.connection)
            .field("summary", &self.summary())
            .finish_non_exhaustive()
    }
}
