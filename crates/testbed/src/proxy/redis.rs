//! Finds where a Redis command or a reply ends, in RESP2 and RESP3.
//!
//! Values are not decoded, lengths are enough: so one scanner reads both versions without
//! knowing which one a connection has agreed on.

use std::io;

use bytes::Bytes;

use super::{
    frame::{ReplyFrame, RequestFrame, malformed},
    request::Content,
};

pub(super) fn request(buffer: &[u8]) -> io::Result<RequestFrame> {
    let found = if buffer.starts_with(b"*") {
        command(buffer)?
    } else {
        inline(buffer)
    };
    Ok(match found {
        None => RequestFrame::Partial,
        Some((len, arguments)) => RequestFrame::Whole {
            len,
            content: Content::Redis(arguments),
        },
    })
}

pub(super) fn reply(buffer: &[u8]) -> io::Result<ReplyFrame> {
    let is_push = buffer.starts_with(b">");
    Ok(match value_end(buffer)? {
        None if is_push => ReplyFrame::Unknown,
        None => ReplyFrame::Partial,
        Some(len) if is_push => ReplyFrame::Interim {
            len,
            is_continue: false,
        },
        Some(len) => ReplyFrame::Whole {
            len,
            head: 0,
            ends_connection: false,
        },
    })
}

/// A command as clients send it: an array of bulk strings.
fn command(buffer: &[u8]) -> io::Result<Option<(usize, Vec<Bytes>)>> {
    let Some((line, mut at)) = line(buffer, 0) else {
        return Ok(None);
    };
    let count = number(&line[1..])?.unwrap_or(0);
    let mut arguments = Vec::new();
    for _ in 0..count {
        let Some((line, start)) = self::line(buffer, at) else {
            return Ok(None);
        };
        let Some((b'$', length)) = line.split_first() else {
            return Err(malformed("a command holds something else than strings"));
        };
        let length = number(length)?.unwrap_or(0);
        let end = start.saturating_add(length);
        at = end.saturating_add(2);
        if at > buffer.len() {
            return Ok(None);
        }
        arguments.push(Bytes::copy_from_slice(&buffer[start..end]));
    }
    Ok(Some((at, arguments)))
}

/// A command as people type it: one line, words and spaces.
fn inline(buffer: &[u8]) -> Option<(usize, Vec<Bytes>)> {
    let end = buffer.iter().position(|byte| *byte == b'\n')? + 1;
    let words = buffer[..end].split(u8::is_ascii_whitespace);
    let arguments = words
        .filter(|word| !word.is_empty())
        .map(Bytes::copy_from_slice);
    Some((end, arguments.collect()))
}

/// Where the value at the beginning of the buffer ends, with all that is nested in it.
fn value_end(buffer: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    let mut missing = 1_usize;
    while missing > 0 {
        let Some((line, next)) = line(buffer, at) else {
            return Ok(None);
        };
        let Some((kind, rest)) = line.split_first() else {
            return Err(malformed("a value without a type"));
        };
        at = next;
        missing -= 1;
        match kind {
            // Strings, errors and verbatim text: so many bytes and the end of a line.
            b'$' | b'!' | b'=' => {
                if let Some(length) = number(rest)? {
                    at = at.saturating_add(length).saturating_add(2);
                }
            }
            b'*' | b'~' | b'>' => missing = missing.saturating_add(number(rest)?.unwrap_or(0)),
            b'%' => missing = missing.saturating_add(2 * number(rest)?.unwrap_or(0)),
            // Attributes stand before the value that they belong to.
            b'|' => missing = missing.saturating_add(2 * number(rest)?.unwrap_or(0) + 1),
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {}
            other => return Err(malformed(format!("no type of Redis: byte {other}"))),
        }
    }
    Ok((at <= buffer.len()).then_some(at))
}

/// The line that begins at `at`, and where the next one begins.
fn line(buffer: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = buffer.get(at..)?;
    let len = rest.windows(2).position(|end| end == b"\r\n")?;
    Some((&rest[..len], at + len + 2))
}

/// A count or a length; `None` for the -1 of RESP2's nulls.
fn number(digits: &[u8]) -> io::Result<Option<usize>> {
    if digits == b"-1" {
        return Ok(None);
    }
    // A bound keeps nonsense from overflowing; Redis itself stops at 512 MiB.
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<u32>().ok())
        .and_then(|number| usize::try_from(number).ok())
        .map(Some)
        .ok_or_else(|| malformed("a length that is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(len: usize) -> ReplyFrame {
        ReplyFrame::Whole {
            len,
            head: 0,
            ends_connection: false,
        }
    }

    #[test]
    fn every_type_of_reply_ends_at_its_end() {
        for message in [
            "+OK\r\n",
            "-LOADING wait\r\n",
            ":1\r\n",
            "$-1\r\n",
            "$0\r\n\r\n",
            "$5\r\na\r\nbc\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*2\r\n*1\r\n:1\r\n$1\r\na\r\n",
            "_\r\n",
            ",1.5\r\n",
            "#t\r\n",
            "(3492890328409238509324850943850943825024385\r\n",
            "!5\r\nERR x\r\n",
            "=7\r\ntxt:abc\r\n",
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
            "~2\r\n:1\r\n:2\r\n",
            "|1\r\n+ttl\r\n:3600\r\n:42\r\n",
        ] {
            for cut in 1..message.len() {
                let frame = reply(&message.as_bytes()[..cut]).unwrap();
                assert_eq!(frame, ReplyFrame::Partial, "{message:?} cut at {cut}");
            }
            let two = format!("{message}{message}");
            assert_eq!(
                reply(two.as_bytes()).unwrap(),
                whole(message.len()),
                "{message:?}"
            );
        }
    }

    #[test]
    fn a_push_is_no_reply() {
        let push = ">2\r\n+invalidate\r\n*1\r\n+a\r\n";
        let expected = ReplyFrame::Interim {
            len: push.len(),
            is_continue: false,
        };
        assert_eq!(
            reply(format!("{push}+OK\r\n").as_bytes()).unwrap(),
            expected
        );
        assert_eq!(reply(&push.as_bytes()[..9]).unwrap(), ReplyFrame::Unknown);
    }

    fn arguments(bytes: &[u8]) -> Option<(usize, Vec<Bytes>)> {
        match request(bytes).unwrap() {
            RequestFrame::Whole {
                len,
                content: Content::Redis(arguments),
            } => Some((len, arguments)),
            _ => None,
        }
    }

    #[test]
    fn a_command_is_found_inside_a_pipeline() {
        let command = b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n";
        for cut in 1..command.len() {
            assert_eq!(arguments(&command[..cut]), None, "{cut}");
        }
        let expected = vec![Bytes::from("GET"), Bytes::from("a\r\nb")];
        let pipeline = [&command[..], b"*1\r\n$4\r\nPING\r\n"].concat();
        assert_eq!(arguments(&pipeline), Some((command.len(), expected)));
    }

    #[test]
    fn a_command_may_be_typed() {
        let expected = vec![Bytes::from("SET"), Bytes::from("a"), Bytes::from("1")];
        assert_eq!(arguments(b"SET  a 1\r\nGET"), Some((10, expected)));
        assert_eq!(arguments(b"SET a"), None);
    }

    #[test]
    fn what_is_no_redis_is_an_error() {
        assert!(reply(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(request(b"*1\r\n:1\r\n").is_err());
        assert!(request(b"*x\r\n").is_err());
    }
}
