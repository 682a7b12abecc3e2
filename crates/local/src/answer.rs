//! The function's answer as the HTTP response that a service in front of
//! Lambda makes of it.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING},
};
use serde::Deserialize;
use serde_json::Value;

use crate::EventFormat;

/// The response to a buffered answer; `None` if the answer is malformed.
pub(crate) fn response(format: EventFormat, answer: &[u8]) -> Option<Response<Bytes>> {
    match format {
        EventFormat::ApiGatewayRest => rest(answer),
        EventFormat::HttpApi | EventFormat::FunctionUrl => version_2(answer),
    }
}

/// The response to a streamed answer.
pub(crate) fn streamed(
    status: StatusCode,
    mut headers: HeaderMap,
    cookies: &[String],
    body: Bytes,
) -> Option<Response<Bytes>> {
    add_cookies(&mut headers, cookies)?;
    assemble(status, headers, body, "application/octet-stream")
}

/// The response when the function failed, crashed, timed out or gave a
/// malformed answer.
///
/// A REST API and a Function URL say 502, an HTTP API says 500. The 504 of a
/// REST API is about API Gateway's own limit of 29 seconds.
pub(crate) fn failure(format: EventFormat) -> Response<Bytes> {
    match format {
        EventFormat::ApiGatewayRest => message(
            StatusCode::BAD_GATEWAY,
            r#"{"message": "Internal server error"}"#,
        ),
        EventFormat::HttpApi => message(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"message":"Internal Server Error"}"#,
        ),
        EventFormat::FunctionUrl => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
    }
}

/// The response when the request is larger than the service lets through.
pub(crate) fn too_large(format: EventFormat) -> Response<Bytes> {
    let body = match format {
        EventFormat::ApiGatewayRest => r#"{"message":"Request Too Long"}"#,
        EventFormat::HttpApi => r#"{"message":"Request Entity Too Large"}"#,
        EventFormat::FunctionUrl => "Request Entity Too Large",
    };
    message(StatusCode::PAYLOAD_TOO_LARGE, body)
}

fn message(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let content_type = if body.starts_with('{') {
        "application/json"
    } else {
        "text/plain"
    };
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Nothing is mandatory, and nothing else is allowed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RestAnswer {
    #[serde(default)]
    status_code: Option<Value>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

fn rest(answer: &[u8]) -> Option<Response<Bytes>> {
    let answer: RestAnswer = serde_json::from_slice(answer).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers.iter().flatten() {
        let value = header_value(value).filter(|_| !value.is_number())?;
        headers.insert(HeaderName::try_from(name).ok()?, value);
    }
    for (name, values) in answer.multi_value_headers.iter().flatten() {
        let name = HeaderName::try_from(name).ok()?;
        // The values of a name that stands in both are those from here.
        headers.remove(&name);
        for value in values {
            headers.append(name.clone(), header_value(value)?);
        }
    }
    let status = answer
        .status_code
        .map_or(Some(StatusCode::OK), |code| status(&code))?;
    let body = body(answer.body, answer.is_base64_encoded)?;
    assemble(status, headers, body, "application/json")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version2Answer {
    status_code: Value,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

fn version_2(answer: &[u8]) -> Option<Response<Bytes>> {
    let Some(value) = serde_json::from_slice::<Value>(answer)
        .ok()
        .filter(is_complete)
    else {
        return inferred(answer);
    };
    let answer: Version2Answer = serde_json::from_value(value).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers.iter().flatten() {
        headers.insert(HeaderName::try_from(name).ok()?, header_value(value)?);
    }
    add_cookies(&mut headers, answer.cookies.as_deref().unwrap_or_default())?;
    let body = body(answer.body, answer.is_base64_encoded)?;
    assemble(
        status(&answer.status_code)?,
        headers,
        body,
        "text/plain;charset=UTF-8",
    )
}

fn is_complete(answer: &Value) -> bool {
    answer.get("statusCode").is_some()
}

/// Without a status code the whole answer is the body of a 200; a string is
/// taken out of its quotes.
fn inferred(answer: &[u8]) -> Option<Response<Bytes>> {
    let body = match serde_json::from_slice::<String>(answer) {
        Ok(text) => Bytes::from(text),
        Err(_) => Bytes::copy_from_slice(answer),
    };
    assemble(StatusCode::OK, HeaderMap::new(), body, "application/json")
}

fn status(code: &Value) -> Option<StatusCode> {
    let code = match code {
        Value::String(digits) => digits.parse().ok()?,
        code => u16::try_from(code.as_u64()?).ok()?,
    };
    // The 1xx are the server's own business.
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => HeaderValue::from_str(text).ok(),
        Value::Bool(_) | Value::Number(_) => HeaderValue::from_str(&value.to_string()).ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn body(body: Option<String>, is_base64: Option<bool>) -> Option<Bytes> {
    let body = body.unwrap_or_default();
    if is_base64 == Some(true) {
        return BASE64_STANDARD.decode(body).ok().map(Bytes::from);
    }
    Some(body.into())
}

fn add_cookies(headers: &mut HeaderMap, cookies: &[String]) -> Option<()> {
    for cookie in cookies {
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).ok()?);
    }
    Some(())
}

fn assemble(
    status: StatusCode,
    mut headers: HeaderMap,
    body: Bytes,
    default_content_type: &'static str,
) -> Option<Response<Bytes>> {
    // The server frames the body itself.
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
        .entry(CONTENT_TYPE)
        .or_insert_with(|| HeaderValue::from_static(default_content_type));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use EventFormat::{ApiGatewayRest, FunctionUrl, HttpApi};

    fn answered(format: EventFormat, answer: &str) -> Response<Bytes> {
        response(format, answer.as_bytes()).expect(answer)
    }

    fn values<'a>(response: &'a Response<Bytes>, name: &str) -> Vec<&'a str> {
        response
            .headers()
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    #[test]
    fn both_header_maps_of_a_rest_answer_count_and_the_multi_value_one_wins() {
        let response = answered(
            ApiGatewayRest,
            r#"{"statusCode":201,"headers":{"X-A":"1","X-B":"single"},
                "multiValueHeaders":{"x-b":["2","3"],"set-cookie":["c=1","d=2"]},"body":"hello"}"#,
        );

        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(values(&response, "x-a"), ["1"]);
        assert_eq!(values(&response, "x-b"), ["2", "3"]);
        assert_eq!(values(&response, "set-cookie"), ["c=1", "d=2"]);
        assert_eq!(values(&response, "content-type"), ["application/json"]);
        assert_eq!(response.body(), "hello");
    }

    #[test]
    fn nothing_is_mandatory_in_a_rest_answer() {
        let response = answered(ApiGatewayRest, "{}");

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), "");
    }

    #[test]
    fn a_malformed_rest_answer_is_refused() {
        for answer in [
            "",
            "null",
            "\"text\"",
            r#"{"statusCode":200,"message":"an unknown member"}"#,
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":{"not":"a string"}}"#,
            r#"{"statusCode":200,"headers":{"x-count":1}}"#,
            r#"{"statusCode":200,"headers":{"a b":"1"}}"#,
            r#"{"statusCode":200,"multiValueHeaders":{"x-a":"1"}}"#,
            r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#,
        ] {
            assert!(
                response(ApiGatewayRest, answer.as_bytes()).is_none(),
                "{answer}"
            );
        }
    }

    #[test]
    fn base64_is_decoded() {
        for format in [ApiGatewayRest, HttpApi, FunctionUrl] {
            let response = answered(
                format,
                r#"{"statusCode":"200","body":"/wA=","isBase64Encoded":true}"#,
            );
            assert_eq!(response.body(), &b"\xff\x00"[..]);
        }
    }

    #[test]
    fn cookies_of_a_version_2_answer_become_set_cookie() {
        let response = answered(
            HttpApi,
            r#"{"statusCode":200,"headers":{"x-a":"1"},"multiValueHeaders":{},
                "cookies":["c=1","d=2"],"body":null}"#,
        );

        assert_eq!(values(&response, "set-cookie"), ["c=1", "d=2"]);
        assert_eq!(values(&response, "x-a"), ["1"]);
        assert_eq!(
            values(&response, "content-type"),
            ["text/plain;charset=UTF-8"]
        );
    }

    #[test]
    fn a_version_2_answer_without_a_status_code_is_the_body() {
        for (answer, body) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#""hello""#, "hello"),
            ("[1]", "[1]"),
        ] {
            let response = answered(FunctionUrl, answer);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.body(), body);
            assert_eq!(values(&response, "content-type"), ["application/json"]);
        }
    }

    #[test]
    fn a_malformed_version_2_answer_is_refused() {
        for answer in [
            r#"{"statusCode":1000}"#,
            r#"{"statusCode":200,"body":{"not":"a string"}}"#,
            r#"{"statusCode":200,"cookies":"c=1"}"#,
        ] {
            assert!(response(HttpApi, answer.as_bytes()).is_none(), "{answer}");
        }
    }

    #[test]
    fn the_framing_of_the_body_is_the_servers() {
        let response = answered(
            ApiGatewayRest,
            r#"{"statusCode":200,"headers":{"Content-Length":"999","Transfer-Encoding":"chunked"}}"#,
        );

        assert!(response.headers().get("content-length").is_none());
        assert!(response.headers().get("transfer-encoding").is_none());
    }
}
