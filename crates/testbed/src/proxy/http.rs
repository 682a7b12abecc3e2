//! Finds where a request or a response of HTTP/1.1 ends (RFC 9112, section 6).

use std::io;

use httparse::{Header, ParserConfig, Status};

use super::{
    frame::{ReplyFrame, RequestFrame, malformed},
    request::{Content, HttpHead},
};

/// More headers than a service sends.
const HEADERS: usize = 128;

pub(super) fn request(buffer: &[u8]) -> io::Result<RequestFrame> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let Status::Complete(at) = head.parse(buffer).map_err(malformed)? else {
        return Ok(RequestFrame::Partial);
    };
    let body = Body::of(head.headers)?.unwrap_or(Body::Length(0));
    let Some(len) = body.end(buffer, at, false)? else {
        return Ok(if has(head.headers, "expect", "100-continue") {
            RequestFrame::AwaitsContinue
        } else {
            RequestFrame::Partial
        });
    };
    let content = Content::Http(HttpHead {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), text(h).into_owned()))
            .collect(),
    });
    Ok(RequestFrame::Whole { len, content })
}

pub(super) fn reply(buffer: &[u8], method: Option<&str>, ended: bool) -> io::Result<ReplyFrame> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let mut parser = ParserConfig::default();
    parser.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = parser.parse_response(&mut head, buffer);
    let Status::Complete(at) = parsed.map_err(malformed)? else {
        return Ok(ReplyFrame::Unknown);
    };
    let status = head.code.unwrap_or_default();
    if (100..200).contains(&status) && status != 101 {
        return Ok(ReplyFrame::Interim {
            len: at,
            is_continue: status == 100,
        });
    }
    let body = if method == Some("HEAD") || matches!(status, 101 | 204 | 304) {
        Body::Length(0)
    } else {
        Body::of(head.headers)?.unwrap_or(Body::UntilEnd)
    };
    let keeps_alive = match head.version {
        Some(0) => has(head.headers, "connection", "keep-alive"),
        _ => !has(head.headers, "connection", "close"),
    };
    Ok(match body.end(buffer, at, ended)? {
        None => ReplyFrame::Partial,
        Some(len) => ReplyFrame::Whole {
            len,
            head: at,
            ends_connection: !keeps_alive || body == Body::UntilEnd,
        },
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
    UntilEnd,
}

impl Body {
    /// `None` where the headers say nothing.
    fn of(headers: &[Header<'_>]) -> io::Result<Option<Self>> {
        if has(headers, "transfer-encoding", "chunked") {
            return Ok(Some(Self::Chunked));
        }
        let lengths: Vec<_> = values(headers, "content-length").map(text).collect();
        // The same length may be said twice, in two headers or in one.
        let mut lengths = lengths.iter().flat_map(|value| value.split(','));
        let Some(length) = lengths.next().map(str::trim) else {
            return Ok(None);
        };
        if lengths.any(|other| other.trim() != length) {
            return Err(malformed("two lengths that differ"));
        }
        Ok(Some(Self::Length(length.parse().map_err(malformed)?)))
    }

    /// Where the body that begins at `start` ends, if that is within the buffer.
    fn end(self, buffer: &[u8], start: usize, ended: bool) -> io::Result<Option<usize>> {
        let end = match self {
            Self::Length(length) => Some(start.saturating_add(length)),
            Self::Chunked => chunks_end(buffer, start)?,
            Self::UntilEnd => ended.then_some(buffer.len()),
        };
        Ok(end.filter(|end| *end <= buffer.len()))
    }
}

/// Goes from chunk to chunk, and then over the trailers up to the empty line.
fn chunks_end(buffer: &[u8], start: usize) -> io::Result<Option<usize>> {
    let mut at = start;
    loop {
        let rest = buffer.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest)
            .map_err(|_| malformed("the size of a chunk is no hexadecimal number"))?;
        let Status::Complete((line, size)) = size else {
            return Ok(None);
        };
        at += line;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).map_err(malformed)?;
        at = at.saturating_add(size).saturating_add(2);
    }
    loop {
        let rest = &buffer[at..];
        let Some(line) = rest.windows(2).position(|end| end == b"\r\n") else {
            return Ok(None);
        };
        at += line + 2;
        if line == 0 {
            return Ok(Some(at));
        }
    }
}

fn values<'h, 'b>(
    headers: &'h [Header<'b>],
    name: &'static str,
) -> impl Iterator<Item = &'h Header<'b>> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
}

/// Whether one of the comma separated values of a header is this one.
fn has(headers: &[Header<'_>], name: &'static str, value: &str) -> bool {
    values(headers, name).any(|header| {
        text(header)
            .split(',')
            .any(|part| part.trim().eq_ignore_ascii_case(value))
    })
}

fn text<'h>(header: &'h Header<'_>) -> std::borrow::Cow<'h, str> {
    String::from_utf8_lossy(header.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request_len(bytes: &str) -> Option<usize> {
        match request(bytes.as_bytes()).unwrap() {
            RequestFrame::Whole { len, .. } => Some(len),
            RequestFrame::Partial | RequestFrame::AwaitsContinue => None,
        }
    }

    /// However it is cut, a message is whole at its end and not before.
    fn ends_at_its_end(message: &str) {
        for cut in 1..message.len() {
            assert_eq!(request_len(&message[..cut]), None, "{cut}");
        }
        assert_eq!(request_len(message), Some(message.len()));
        let two = format!("{message}{message}");
        assert_eq!(request_len(&two), Some(message.len()));
    }

    #[test]
    fn a_request_without_a_length_has_no_body() {
        ends_at_its_end("GET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    }

    #[test]
    fn a_length_ends_a_request() {
        ends_at_its_end("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    }

    #[test]
    fn the_line_after_the_trailers_ends_a_chunked_request() {
        ends_at_its_end(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\
             A;x=y\r\n0123\r\n\r\n89\r\n0\r\nx-a: b\r\nx-c: d\r\n\r\n",
        );
    }

    #[test]
    fn a_request_that_expects_a_continue_waits_for_it_and_for_no_more() {
        let head = "PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
        let frame = request(head.as_bytes()).unwrap();
        assert!(matches!(frame, RequestFrame::AwaitsContinue));
        let frame = request(format!("{head}ab").as_bytes()).unwrap();
        assert!(matches!(frame, RequestFrame::Whole { .. }));
    }

    fn whole(len: usize, head: usize, ends_connection: bool) -> ReplyFrame {
        ReplyFrame::Whole {
            len,
            head,
            ends_connection,
        }
    }

    #[test]
    fn a_reply_to_head_has_a_length_and_no_body() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
        let len = bytes.len();
        assert_eq!(
            reply(bytes, Some("HEAD"), false).unwrap(),
            whole(len, len, false)
        );
        assert_eq!(
            reply(bytes, Some("GET"), false).unwrap(),
            ReplyFrame::Partial
        );
    }

    #[test]
    fn no_content_and_not_modified_have_no_body() {
        for status in [204, 304] {
            let bytes = format!("HTTP/1.1 {status} X\r\n\r\n");
            let len = bytes.len();
            let frame = reply(bytes.as_bytes(), Some("GET"), false).unwrap();
            assert_eq!(frame, whole(len, len, false));
        }
    }

    #[test]
    fn a_reply_without_a_length_ends_with_its_connection() {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\nabc";
        assert_eq!(
            reply(bytes, Some("GET"), false).unwrap(),
            ReplyFrame::Partial
        );
        assert_eq!(
            reply(bytes, Some("GET"), true).unwrap(),
            whole(22, 19, true)
        );
    }

    #[test]
    fn an_interim_response_is_no_reply() {
        let frame = reply(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1", None, false).unwrap();
        let expected = ReplyFrame::Interim {
            len: 28,
            is_continue: false,
        };
        assert_eq!(frame, expected);
    }

    #[test]
    fn close_is_read_from_the_header_and_from_the_version() {
        for (head, ends) in [
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n", true),
            ("HTTP/1.0 200 OK\r\n", true),
            ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", false),
        ] {
            let bytes = format!("{head}content-length: 0\r\n\r\n");
            let frame = reply(bytes.as_bytes(), Some("GET"), false).unwrap();
            assert_eq!(frame, whole(bytes.len(), bytes.len(), ends));
        }
    }

    #[test]
    fn what_is_no_http_is_an_error() {
        assert!(request(b"\x16\x03\x01\x02\x00\x01\x00").is_err());
        assert!(reply(b"+OK\r\n", Some("GET"), false).is_err());
    }
    #[test]
    fn a_length_may_be_said_twice_but_not_in_two_ways() {
        let head = "HTTP/1.1 200 OK\r\n";
        for lengths in [
            "content-length: 2, 2\r\n",
            "content-length: 2\r\nContent-Length: 2\r\n",
        ] {
            let bytes = format!("{head}{lengths}\r\nok");
            let frame = reply(bytes.as_bytes(), Some("GET"), false).unwrap();
            assert_eq!(frame, whole(bytes.len(), bytes.len() - 2, false));
        }
        let bytes = format!("{head}content-length: 2, 3\r\n\r\nok");
        assert!(reply(bytes.as_bytes(), Some("GET"), false).is_err());
    }

    #[test]
    fn a_header_of_a_reply_may_go_on_in_the_next_line() {
        let bytes = b"HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 2\r\n\r\nok";
        let frame = reply(bytes, Some("GET"), false).unwrap();
        assert_eq!(frame, whole(bytes.len(), bytes.len() - 2, false));
    }
}
