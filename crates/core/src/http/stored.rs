use std::{collections::BTreeMap, error::Error, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        CONNECTION, CONTENT_ENCODING, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
    response::Parts,
};
use serde::{Deserialize, Serialize};

/// An http answer that can be kept and given again, in the shape of API Gateway's
/// proxy integration: the one in which the other Powertools store it.
///
/// ```json
/// {"statusCode":200,"multiValueHeaders":{"content-type":["application/json"]},"body":"{}","isBase64Encoded":false}
/// ```
///
/// A body that is text is kept as text, any other as base64. Headers that belong to
/// one connection are left out. Headers of a kept answer are read from `headers` as
/// well, where other languages put them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredResponse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_method: Option<String>,
    status_code: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Beside those that the `Connection` header names.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

impl StoredResponse {
    /// Keeps an answer whose body has been collected.
    #[must_use]
    pub fn new(parts: &Parts, body: &Bytes) -> Self {
        let text = std::str::from_utf8(body)
            .ok()
            .filter(|_| !parts.headers.contains_key(CONTENT_ENCODING));
        Self {
            http_method: None,
            status_code: parts.status.as_u16(),
            headers: None,
            multi_value_headers: Some(kept_headers(&parts.headers)),
            body: Some(text.map_or_else(|| BASE64_STANDARD.encode(body), ToOwned::to_owned)),
            is_base64_encoded: text.is_none(),
        }
    }

    /// Keeps the method of the request as well, as `httpMethod`.
    #[must_use]
    pub fn with_method(mut self, method: &Method) -> Self {
        self.http_method = Some(method.as_str().to_owned());
        self
    }

    /// The method of the request, if it was kept.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.http_method.as_deref()
    }

    /// The status code.
    #[must_use]
    pub fn status_code(&self) -> u16 {
        self.status_code
    }

    /// The answer again. A body that is text is made of text: `lambda_http` sends any other in
    /// base64.
    ///
    /// # Errors
    ///
    /// What was read is no http answer: a status out of range, a header that no
    /// answer can have, a body that is not base64 although it says so.
    pub fn into_response<B>(self) -> Result<Response<B>, StoredResponseError>
    where
        B: From<String> + From<Vec<u8>>,
    {
        let body: B = match self.body {
            None => String::new().into(),
            Some(body) if self.is_base64_encoded => BASE64_STANDARD
                .decode(body)
                .map_err(|_| StoredResponseError("body is not base64"))?
                .into(),
            Some(body) => body.into(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status_code)
            .map_err(|_| StoredResponseError("status code is out of range"))?;

        let several = self.multi_value_headers.unwrap_or_default();
        // As API Gateway: a name in both is merged, its list wins.
        let single = self.headers.unwrap_or_default().into_iter();
        let single = single
            .filter(|(name, _)| {
                !several
                    .keys()
                    .any(|listed| listed.eq_ignore_ascii_case(name))
            })
            .map(|(name, value)| (name, vec![value]))
            .collect::<Vec<_>>();
        for (name, values) in single.into_iter().chain(several) {
            let name = HeaderName::try_from(name)
                .map_err(|_| StoredResponseError("a header's name is not valid"))?;
            for value in values {
                response
                    .headers_mut()
                    .append(name.clone(), to_value(&value)?);
            }
        }
        Ok(response)
    }
}

impl fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body are payload.
        f.debug_struct("StoredResponse")
            .field("status_code", &self.status_code)
            .finish_non_exhaustive()
    }
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let named_by_connection: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        let hop_by_hop = HOP_BY_HOP.contains(name)
            || name == "keep-alive"
            || named_by_connection
                .iter()
                .any(|listed| listed == name.as_str());
        if !hop_by_hop {
            kept.entry(name.to_string())
                .or_default()
                .push(to_text(value));
        }
    }
    kept
}

/// A header value may hold any bytes. ASCII stays as it is; other bytes become the
/// characters of the same numbers, so that every value can be given back.
fn to_text(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

fn to_value(text: &str) -> Result<HeaderValue, StoredResponseError> {
    const NOT_VALID: StoredResponseError = StoredResponseError("a header's value is not valid");
    let bytes = text
        .chars()
        .map(u8::try_from)
        .collect::<Result<Vec<_>, _>>();
    // Other languages store text that is not Latin-1 as it is.
    let bytes = bytes.unwrap_or_else(|_| text.as_bytes().to_vec());
    HeaderValue::from_bytes(&bytes).map_err(|_| NOT_VALID)
}

/// A stored answer that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponseError(&'static str);

impl fmt::Display for StoredResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stored http response cannot be given again: {}", self.0)
    }
}

impl Error for StoredResponseError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(response: http::response::Builder, body: &'static [u8]) -> StoredResponse {
        let (parts, ()) = response.body(()).unwrap().into_parts();
        StoredResponse::new(&parts, &Bytes::from_static(body))
    }

    fn json(stored: &StoredResponse) -> String {
        serde_json::to_string(stored).unwrap()
    }

    #[test]
    fn the_shape_is_that_of_the_proxy_integration() {
        let answer = Response::builder()
            .status(201)
            .header("content-type", "application/json");
        assert_eq!(
            json(&stored(answer, b"{\"a\":1}")),
            r#"{"statusCode":201,"multiValueHeaders":{"content-type":["application/json"]},"body":"{\"a\":1}","isBase64Encoded":false}"#
        );
    }

    #[test]
    fn the_method_is_kept_where_it_is_given() {
        let kept = stored(Response::builder(), b"").with_method(&Method::PUT);
        assert!(json(&kept).starts_with(r#"{"httpMethod":"PUT","statusCode":200,"#));
        let again: StoredResponse = serde_json::from_str(&json(&kept)).unwrap();
        assert_eq!(again.method(), Some("PUT"));
        assert_eq!(stored(Response::builder(), b"").method(), None);
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let answer = Response::builder()
            .status(404)
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .header(
                "x-bytes",
                HeaderValue::from_bytes(b"caf\xe9 \xc3\xa9").unwrap(),
            );
        let kept = json(&stored(answer, b"gone"));
        let kept: StoredResponse = serde_json::from_str(&kept).unwrap();
        let again: Response<Bytes> = kept.into_response().unwrap();
        assert_eq!(again.status(), 404);
        let cookies: Vec<_> = again.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(again.headers()["x-bytes"].as_bytes(), b"caf\xe9 \xc3\xa9");
        assert_eq!(again.body(), "gone");
    }

    #[test]
    fn a_body_that_is_no_text_or_is_encoded_is_base64() {
        let binary = stored(Response::builder(), b"\xff\x00");
        assert!(json(&binary).contains(r#""body":"/wA=","isBase64Encoded":true"#));
        let again: Response<Bytes> = binary.into_response().unwrap();
        assert_eq!(again.body().as_ref(), b"\xff\x00");

        let encoded = stored(
            Response::builder().header("content-encoding", "br"),
            b"text",
        );
        assert!(json(&encoded).contains(r#""isBase64Encoded":true"#));
    }

    #[test]
    fn headers_of_one_connection_are_left_out() {
        let answer = Response::builder()
            .header("connection", "keep-alive, X-Mine")
            .header("keep-alive", "timeout=5")
            .header("transfer-encoding", "chunked")
            .header("x-mine", "1")
            .header("x-kept", "2");
        let again: Response<Bytes> = stored(answer, b"").into_response().unwrap();
        let names: Vec<_> = again.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-kept"]);
    }

    #[test]
    fn answers_of_other_languages_are_read() {
        let python = r#"{"statusCode":200,"headers":{"Content-Type":"text/plain","X-Both":"1"},
            "multiValueHeaders":{"x-both":["2","3"]},"body":null}"#;
        let kept: StoredResponse = serde_json::from_str(python).unwrap();
        let again: Response<Bytes> = kept.into_response().unwrap();
        assert_eq!(again.headers()["content-type"], "text/plain");
        let both: Vec<_> = again.headers().get_all("x-both").iter().collect();
        assert_eq!(both, ["2", "3"]);
        assert!(again.body().is_empty());
    }

    #[test]
    fn what_is_no_answer_is_a_typed_error_without_the_payload() {
        for bad in [
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":"s3cret!","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"headers":{"s3cret name":"1"}}"#,
            r#"{"statusCode":200,"headers":{"a":"s3cret\n"}}"#,
        ] {
            let kept: StoredResponse = serde_json::from_str(bad).unwrap();
            let error = kept.into_response::<Bytes>().unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
