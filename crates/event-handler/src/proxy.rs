//! What `lambda_http` makes of a response: text or base64, and how long it becomes.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use lambda_http::Body;

/// As in lambda_http's `response.rs`, whose conversion looks at the headers alone.
const TEXT_PREFIXES: [&str; 5] = [
    "text",
    "application/json",
    "application/javascript",
    "application/xml",
    "application/yaml",
];
const TEXT_SUFFIXES: [&str; 3] = ["+xml", "+yaml", "+json"];
const TEXT_HEADER: &str = "x-lambda-http-content-encoding";

/// The keys of the answer, with room to spare.
const ENVELOPE: usize = 256;
/// Quotes, colon, brackets and comma of a header.
const AROUND_HEADER: usize = 8;
/// `\u0000`
const LONGEST_ESCAPE: usize = 6;
/// U+FFFD, for which `lambda_http` replaces a byte that does not fit the charset.
const LONGEST_REPLACEMENT: usize = 3;

/// The most bytes of a body with which the answer can stay within the limit.
pub(crate) fn room(headers: &HeaderMap, limit: usize) -> usize {
    let room = limit.saturating_sub(around_body(headers));
    if is_text(headers) { room } else { room / 4 * 3 }
}

/// The body as `lambda_http` will send it.
pub(crate) fn encode(headers: &mut HeaderMap, body: Bytes) -> Body {
    if body.is_empty() {
        return Body::Empty;
    }
    let body = Vec::from(body);
    if !is_text(headers) {
        return Body::Binary(body);
    }
    match String::from_utf8(body) {
        Ok(text) => Body::Text(text),
        Err(error) => {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/octet-stream"));
            Body::Binary(error.into_bytes())
        }
    }
}

/// Whether the answer stays within the limit.
pub(crate) fn fits(headers: &HeaderMap, body: &Body, limit: usize) -> bool {
    let room = limit.saturating_sub(around_body(headers));
    let (bytes, beyond_ascii): (&[u8], usize) = match body {
        Body::Text(text) => (text.as_bytes(), 1),
        Body::Binary(bytes) if is_text(headers) => (bytes, LONGEST_REPLACEMENT),
        Body::Binary(bytes) => return bytes.len().div_ceil(3) * 4 <= room,
        _ => return true,
    };
    // Nearly every answer is too short for its escapes to matter.
    bytes.len() <= room / LONGEST_ESCAPE || json_len(bytes, beyond_ascii) <= room
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let content_type = content_type.to_str().unwrap_or_default();
    let media_type = content_type.trim().split(';').next().unwrap_or_default();
    TEXT_PREFIXES
        .iter()
        .any(|prefix| content_type.starts_with(prefix))
        || TEXT_SUFFIXES
            .iter()
            .any(|suffix| media_type.ends_with(suffix))
        || headers.get(TEXT_HEADER).is_some_and(|it| it == "text")
}

/// Twice the headers: a load balancer gets each in two maps, and a value may hold
/// quotes.
fn around_body(headers: &HeaderMap) -> usize {
    let header = |(name, value): (&http::HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + AROUND_HEADER
    };
    ENVELOPE + 2 * headers.iter().map(header).sum::<usize>()
}

/// The length as a JSON string, without its quotes.
fn json_len(text: &[u8], beyond_ascii: usize) -> usize {
    let len = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => LONGEST_ESCAPE,
        0x80.. => beyond_ascii,
        _ => 1,
    };
    text.iter().map(len).sum()
}

#[cfg(test)]
mod tests {
    use lambda_http::IntoResponse;

    use super::*;

    fn headers(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        headers
    }

    #[tokio::test]
    async fn text_and_base64_are_told_apart_as_lambda_http_does() {
        let mut cases: Vec<HeaderMap> = [
            "",
            "text/plain",
            "text/html; charset=utf-8",
            "application/json",
            "application/json;charset=utf-8",
            "application/problem+json",
            "application/problem+json; charset=utf-8",
            "application/javascript",
            "application/xml",
            "application/yaml",
            "image/svg+xml",
            "image/png",
            "application/octet-stream",
            "application/pdf",
            "APPLICATION/JSON",
            " ",
        ]
        .into_iter()
        .map(headers)
        .collect();
        let mut compressed = headers("text/plain");
        compressed.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        cases.push(compressed);
        let mut declared = headers("image/svg");
        declared.insert(TEXT_HEADER, HeaderValue::from_static("text"));
        cases.push(declared);

        for headers in cases {
            let mut response = http::Response::new(Body::from("text"));
            response.headers_mut().extend(headers.clone());
            let theirs = response.into_response().await;
            let ours = encode(&mut headers.clone(), Bytes::from_static(b"text"));
            assert_eq!(&ours, theirs.body(), "{headers:?}");
        }
    }

    #[test]
    fn the_length_of_text_is_that_of_its_json() {
        let text: String = (0..=0x7f_u8)
            .map(char::from)
            .chain("é€😀".chars())
            .collect();
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json_len(text.as_bytes(), 1), json.len() - 2);
    }

    #[test]
    fn what_fits_is_at_most_as_long_as_the_room() {
        for content_type in ["", "image/png"] {
            let headers = headers(content_type);
            for limit in 280..300 {
                let room = room(&headers, limit);
                let fits = |len| {
                    let body = encode(&mut headers.clone(), vec![b'a'; len].into());
                    fits(&headers, &body, limit)
                };
                assert!(fits(room), "{content_type} {limit}");
                assert!(!fits(room + 4), "{content_type} {limit}");
            }
        }
    }
}
