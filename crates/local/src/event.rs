//! An HTTP request as the event that a service in front of Lambda makes of it.

use std::{borrow::Cow, net::SocketAddr, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONNECTION, CONTENT_ENCODING, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
    request::Parts,
};
use serde_json::{Map, Value, json};

use crate::{arn::ACCOUNT, id::since_epoch};

/// Which service the front imitates, and so which event the function gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EventFormat {
    /// An API Gateway REST API with a Lambda proxy integration on
    /// `/{proxy+}`: payload version 1.0.
    #[default]
    ApiGatewayRest,
    /// An API Gateway HTTP API with the route `$default`: payload version 2.0.
    HttpApi,
    /// A Lambda Function URL: payload version 2.0 as well.
    FunctionUrl,
}

impl EventFormat {
    pub(crate) fn default_stage(self) -> &'static str {
        match self {
            // `$default` does not exist here.
            Self::ApiGatewayRest => "local",
            Self::HttpApi | Self::FunctionUrl => DEFAULT_STAGE,
        }
    }

    /// What to call it in a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiGatewayRest => "API Gateway REST API",
            Self::HttpApi => "API Gateway HTTP API",
            Self::FunctionUrl => "Lambda Function URL",
        }
    }
}

/// The stage that does not show in the path.
pub(crate) const DEFAULT_STAGE: &str = "$default";
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Theirs end at the service in front; they say nothing to a function.
const HOP_BY_HOP: [HeaderName; 4] = [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE];

/// A request and what the front knows about it.
pub(crate) struct Arrival<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
    pub(crate) stage: &'a str,
    /// Where the front listens; a client on the loopback interface has the
    /// same address.
    pub(crate) address: SocketAddr,
    pub(crate) now: SystemTime,
    pub(crate) request_id: &'a str,
    pub(crate) trace_root: &'a str,
}

impl Arrival<'_> {
    pub(crate) fn event(&self, format: EventFormat) -> Value {
        match format {
            EventFormat::ApiGatewayRest => rest(self),
            EventFormat::HttpApi => http_api(self),
            EventFormat::FunctionUrl => function_url(self),
        }
    }

    /// The client's headers and those that the service adds.
    fn headers(&self) -> HeaderMap {
        let mut headers = self.parts.headers.clone();
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        let client = self.address.ip().to_string();
        let chain = match headers.get(&FORWARDED_FOR) {
            Some(before) => format!("{}, {client}", text(before)),
            None => client,
        };
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(FORWARDED_FOR, &chain);
        set(FORWARDED_PORT, &self.address.port().to_string());
        set(FORWARDED_PROTO, "http");
        if !self.parts.headers.contains_key(&TRACE_HEADER) {
            set(TRACE_HEADER, &format!("Root={}", self.trace_root));
        }
        headers
    }

    fn path(&self) -> &str {
        self.parts.uri.path()
    }

    fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    fn user_agent(&self) -> Option<Cow<'_, str>> {
        self.parts.headers.get(USER_AGENT).map(text)
    }

    fn domain_name(&self) -> String {
        let host = self.parts.headers.get(HOST).map(text);
        let host = host.unwrap_or_else(|| self.address.to_string().into());
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
            _ => host.into_owned(),
        }
    }

    /// The body as an event carries it, and whether that is base64.
    fn body(&self) -> (Option<Cow<'_, str>>, bool) {
        if self.body.is_empty() {
            return (None, false);
        }
        match std::str::from_utf8(self.body) {
            Ok(text) if !self.parts.headers.contains_key(CONTENT_ENCODING) => {
                (Some(text.into()), false)
            }
            _ => (Some(BASE64_STANDARD.encode(self.body).into()), true),
        }
    }

    /// As in an access log: `21/Nov/2026:04:02:27 +0000`.
    fn time(&self) -> Option<String> {
        let time = jiff::Timestamp::try_from(self.now).ok()?;
        Some(time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
    }

    fn time_epoch(&self) -> u64 {
        u64::try_from(since_epoch(self.now).as_millis()).unwrap_or(u64::MAX)
    }
}

fn rest(arrival: &Arrival<'_>) -> Value {
    let headers = arrival.headers();
    let parameters = parameters(arrival.query());
    let (body, is_base64) = arrival.body();
    let method = arrival.parts.method.as_str();
    let path = arrival.path();
    // `/{proxy+}` does not match the root, which is a resource of its own.
    let (resource, proxy) = match path.trim_start_matches('/') {
        "" => ("/", Value::Null),
        proxy => ("/{proxy+}", json!({ "proxy": proxy })),
    };
    json!({
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": last_values(&several_values(&headers)),
        "multiValueHeaders": several_values(&headers),
        "queryStringParameters": unless_empty(last_values(&parameters)),
        "multiValueQueryStringParameters": unless_empty(parameters),
        "pathParameters": proxy,
        "stageVariables": null,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "deploymentId": "local",
            "domainName": arrival.domain_name(),
            "domainPrefix": "local",
            "extendedRequestId": arrival.request_id.get(..15),
            "httpMethod": method,
            "identity": {
                "accessKey": null,
                "accountId": null,
                "caller": null,
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": arrival.address.ip().to_string(),
                "user": null,
                "userAgent": arrival.user_agent(),
                "userArn": null,
            },
            "path": format!("/{}{path}", arrival.stage),
            "protocol": format!("{:?}", arrival.parts.version),
            "requestId": arrival.request_id,
            "requestTime": arrival.time(),
            "requestTimeEpoch": arrival.time_epoch(),
            "resourceId": "local",
            "resourcePath": resource,
            "stage": arrival.stage,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

fn http_api(arrival: &Arrival<'_>) -> Value {
    // Unlike the other two, an HTTP API hands over the decoded path, and a
    // named stage is part of it.
    let decoded = percent_encoding::percent_decode_str(arrival.path()).decode_utf8_lossy();
    let path = match arrival.stage {
        DEFAULT_STAGE => decoded.into_owned(),
        stage => format!("/{stage}{decoded}"),
    };
    version_2(arrival, &path, ACCOUNT)
}

fn function_url(arrival: &Arrival<'_>) -> Value {
    version_2(arrival, arrival.path(), "anonymous")
}

fn version_2(arrival: &Arrival<'_>, path: &str, account: &str) -> Value {
    let mut headers = arrival.headers();
    let cookies: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| {
            text(value)
                .split("; ")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    headers.remove(COOKIE);
    let (body, is_base64) = arrival.body();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": arrival.query(),
        "headers": joined_values(&several_values(&headers)),
        "requestContext": {
            "accountId": account,
            "apiId": "local",
            "domainName": arrival.domain_name(),
            "domainPrefix": "local",
            "http": {
                "method": arrival.parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", arrival.parts.version),
                "sourceIp": arrival.address.ip().to_string(),
                "userAgent": arrival.user_agent(),
            },
            "requestId": arrival.request_id,
            "routeKey": "$default",
            "stage": arrival.stage,
            "time": arrival.time(),
            "timeEpoch": arrival.time_epoch(),
        },
        "isBase64Encoded": is_base64,
    });
    // Version 2.0 leaves out what is not there.
    if let Some(body) = body {
        event["body"] = body.into();
    }
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    let parameters = parameters(arrival.query());
    if !parameters.is_empty() {
        event["queryStringParameters"] = joined_values(&parameters).into();
    }
    event
}

/// Names with all their values: arrays of strings.
type Several = Map<String, Value>;

fn several_values(headers: &HeaderMap) -> Several {
    let values = |name| {
        headers
            .get_all(name)
            .iter()
            .map(text)
            .map(Value::from)
            .collect()
    };
    headers
        .keys()
        .map(|name| (name.as_str().to_owned(), Value::Array(values(name))))
        .collect()
}

/// The decoded parameters of a query string.
fn parameters(query: &str) -> Several {
    let mut several = Several::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let values = several
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    several
}

fn last_values(several: &Several) -> Map<String, Value> {
    let last = |values: &Value| values.as_array().and_then(|values| values.last()).cloned();
    several
        .iter()
        .map(|(name, values)| (name.clone(), last(values).unwrap_or_default()))
        .collect()
}

fn joined_values(several: &Several) -> Map<String, Value> {
    let joined = |values: &Value| {
        let values = values
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        values.collect::<Vec<_>>().join(",")
    };
    several
        .iter()
        .map(|(name, values)| (name.clone(), joined(values).into()))
        .collect()
}

fn unless_empty(map: Map<String, Value>) -> Value {
    if map.is_empty() {
        Value::Null
    } else {
        map.into()
    }
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
