//! The answer of a function that streams: a prelude in JSON, eight NUL bytes,
//! the body, and trailers if it failed half-way.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Reply, StreamError, header};

const SEPARATOR: [u8; 8] = [0; 8];
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

pub(crate) fn reply(headers: &HeaderMap, body: Bytes, trailers: Option<&HeaderMap>) -> Reply {
    let error = trailers
        .and_then(from_trailers)
        .or_else(|| from_tail(&body));
    if headers
        .get(CONTENT_TYPE)
        .is_none_or(|value| value.as_bytes() != HTTP_STREAM)
    {
        return Reply::Streamed {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            cookies: Vec::new(),
            body,
            error,
        };
    }
    read(&body, error).unwrap_or_else(|| {
        Reply::error(
            "Runtime.InvalidPrelude",
            "the prelude of the stream cannot be read",
        )
    })
}

fn read(body: &Bytes, error: Option<StreamError>) -> Option<Reply> {
    let end = body
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR)?;
    let prelude: Prelude = serde_json::from_slice(&body[..end]).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &prelude.headers {
        let name = HeaderName::try_from(name).ok()?;
        let several = std::slice::from_ref(value);
        for value in value.as_array().map_or(several, Vec::as_slice) {
            headers.append(name.clone(), HeaderValue::from_str(value.as_str()?).ok()?);
        }
    }
    Some(Reply::Streamed {
        status: StatusCode::from_u16(prelude.status_code).ok()?,
        headers,
        cookies: prelude.cookies,
        body: body.slice(end + SEPARATOR.len()..),
        error,
    })
}

fn from_trailers(trailers: &HeaderMap) -> Option<StreamError> {
    let error_type = trailers.get(header::ERROR_TYPE)?.to_str().ok()?;
    let body = trailers
        .get(header::ERROR_BODY)
        .map_or(&[][..], HeaderValue::as_bytes);
    Some(StreamError {
        error_type: error_type.to_owned(),
        body: decoded(body),
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

    fn http_stream() -> HeaderMap {
        let value = HeaderValue::from_bytes(HTTP_STREAM).unwrap();
        HeaderMap::from_iter([(CONTENT_TYPE, value)])
    }

    #[test]
    fn the_prelude_is_separated_from_the_body() {
        let body = Bytes::from_static(
            b"{\"statusCode\":201,\"headers\":{\"x-a\":[\"1\",\"2\"]},\"cookies\":[\"c=1\"]}\0\0\0\0\0\0\0\0hello",
        );

        let Reply::Streamed {
            status,
            headers,
            cookies,
            body,
            error,
        } = reply(&http_stream(), body, None)
        else {
            panic!("not streamed");
        };

        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(headers.get_all("x-a").iter().count(), 2);
        assert_eq!(cookies, ["c=1"]);
        assert_eq!(body, "hello");
        assert_eq!(error, None);
    }

    #[test]
    fn an_error_is_read_from_trailers_and_from_the_runtimes_tail() {
        let expected = Some(StreamError {
            error_type: "Runtime.StreamError".to_owned(),
            body: Bytes::from_static(b"boom"),
        });
        let trailers = HeaderMap::from_iter([
            (
                header::ERROR_TYPE,
                HeaderValue::from_static("Runtime.StreamError"),
            ),
            (header::ERROR_BODY, HeaderValue::from_static("Ym9vbQ==")),
        ]);
        let tail = b"part\r\nLambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n\
            Lambda-Runtime-Function-Error-Body: Ym9vbQ==\r\n";

        assert_eq!(from_trailers(&trailers), expected);
        assert_eq!(from_tail(tail), expected);
        assert_eq!(from_tail(b"no error\r\n"), None);
    }

    #[test]
    fn a_stream_without_its_prelude_is_an_error() {
        let reply = reply(&http_stream(), Bytes::from_static(b"hello"), None);

        assert!(matches!(reply, Reply::Error { .. }), "{reply:?}");
    }
}
