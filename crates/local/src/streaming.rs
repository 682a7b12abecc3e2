//! The answer of a function that streams: a prelude in JSON, eight NUL bytes,
//! the body, and trailers if it failed half-way.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Reply, StreamError, header};

const SEPARATOR: [u8; 8] = [0; 8];
/// Longer than what API Gateway or a Function URL takes as headers.
const LONGEST_PRELUDE: usize = 1024 * 1024;
const HTTP_STREAM: &[u8] = b"application/vnd.awslambda.http-integration-response";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prelude {
    #[serde(default = "ok")]
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
}

fn ok() -> u16 {
    200
}

/// The first part of a stream, which says how the answer is to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamHead {
    /// The status code of the prelude; 200 if the stream has none.
    pub status: StatusCode,
    /// The headers of the prelude.
    pub headers: HeaderMap,
    /// The values for `set-cookie` of the prelude.
    pub cookies: Vec<String>,
}

impl StreamHead {
    /// The head of a stream without a prelude.
    pub(crate) fn bare() -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            cookies: Vec::new(),
        }
    }

    fn read(prelude: &[u8]) -> Option<Self> {
        let prelude: Prelude = serde_json::from_slice(prelude).ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in &prelude.headers {
            let name = HeaderName::try_from(name).ok()?;
            let several = std::slice::from_ref(value);
            for value in value.as_array().map_or(several, Vec::as_slice) {
                headers.append(name.clone(), HeaderValue::from_str(value.as_str()?).ok()?);
            }
        }
        Some(Self {
            status: StatusCode::from_u16(prelude.status_code).ok()?,
            headers,
            cookies: prelude.cookies,
        })
    }
}

/// Whether a stream with these headers begins with a prelude.
pub(crate) fn has_prelude(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == HTTP_STREAM)
}

/// Cuts the prelude off; `None` if it is not all there, `Some(None)` if it is
/// not one.
#[expect(clippy::option_option, reason = "not yet is something else than never")]
pub(crate) fn cut_prelude(received: &mut BytesMut) -> Option<Option<StreamHead>> {
    let end = received
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR);
    let Some(end) = end else {
        return (received.len() > LONGEST_PRELUDE).then_some(None);
    };
    let prelude = received.split_to(end + SEPARATOR.len());
    Some(StreamHead::read(&prelude[..end]))
}

pub(crate) fn invalid_prelude() -> Reply {
    Reply::error(
        "Runtime.InvalidPrelude",
        "the prelude of the stream cannot be read",
    )
}

/// What went wrong in a stream, by its trailers or its last bytes.
pub(crate) fn error(trailers: Option<&HeaderMap>, tail: &[u8]) -> Option<StreamError> {
    trailers.and_then(from_trailers).or_else(|| from_tail(tail))
}

fn from_trailers(trailers: &HeaderMap) -> Option<StreamError> {
    let error_type = trailers.get(header::ERROR_TYPE)?.to_str().ok()?;
    let body = trailers
        .get(header::ERROR_BODY)
        .map_or(&[][..], HeaderValue::as_bytes);
    Some(StreamError {
        error_type: error_type.to_owned(),
        body: decoded(body),
        in_body: false,
    })
}

/// `lambda_runtime` writes the trailers as the last bytes of the body. They
/// stay there, as they would in Lambda, but the error is seen.
fn from_tail(body: &[u8]) -> Option<StreamError> {
    const TYPE: &str = "Lambda-Runtime-Function-Error-Type: ";
    const BODY: &str = "\r\nLambda-Runtime-Function-Error-Body: ";

    let tail = body.strip_suffix(b"\r\n")?;
    let start = tail
        .windows(TYPE.len())
        .rposition(|window| window == TYPE.as_bytes())?;
    let tail = std::str::from_utf8(&tail[start + TYPE.len()..]).ok()?;
    let (error_type, encoded) = tail.split_once(BODY)?;
    Some(StreamError {
        error_type: error_type.to_owned(),
        body: decoded(encoded.as_bytes()),
        in_body: true,
    })
}

fn decoded(value: &[u8]) -> Bytes {
    BASE64_STANDARD
        .decode(value)
        .map_or_else(|_| Bytes::copy_from_slice(value), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prelude_is_separated_from_the_body() {
        let whole = b"{\"statusCode\":201,\"headers\":{\"x-a\":[\"1\",\"2\"]},\"cookies\":[\"c=1\"]}\0\0\0\0\0\0\0\0hello";
        let mut received = BytesMut::from(&whole[..40]);
        assert_eq!(cut_prelude(&mut received), None);
        received.extend_from_slice(&whole[40..]);

        let head = cut_prelude(&mut received).unwrap().unwrap();

        assert_eq!(head.status, StatusCode::CREATED);
        assert_eq!(head.headers.get_all("x-a").iter().count(), 2);
        assert_eq!(head.cookies, ["c=1"]);
        assert_eq!(received, "hello");
    }

    #[test]
    fn an_error_is_read_from_trailers_and_from_the_runtimes_tail() {
        let expected = |in_body| {
            Some(StreamError {
                error_type: "Runtime.StreamError".to_owned(),
                body: Bytes::from_static(b"boom"),
                in_body,
            })
        };
        let trailers = HeaderMap::from_iter([
            (
                header::ERROR_TYPE,
                HeaderValue::from_static("Runtime.StreamError"),
            ),
            (header::ERROR_BODY, HeaderValue::from_static("Ym9vbQ==")),
        ]);
        let tail = b"part\r\nLambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n\
            Lambda-Runtime-Function-Error-Body: Ym9vbQ==\r\n";

        assert_eq!(from_trailers(&trailers), expected(false));
        assert_eq!(from_tail(tail), expected(true));
        assert_eq!(from_tail(b"no error\r\n"), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_prelude() {
        let mut received = BytesMut::from(&b"{\"statusCode\":7}\0\0\0\0\0\0\0\0"[..]);
        assert_eq!(cut_prelude(&mut received), Some(None));
    }
}
