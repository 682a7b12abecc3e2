//! Events as the services send them, and bodies that a test decides on.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use serde_json::{Value, json};

/// An event of a REST API, with this stage.
pub(crate) fn rest(method: &str, path: &str, stage: &str) -> Value {
    json!({
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": { "Host": "abc.execute-api.eu-west-1.amazonaws.com", "X-Forwarded-Proto": "https" },
        "multiValueHeaders": {
            "Host": ["abc.execute-api.eu-west-1.amazonaws.com"],
            "X-Forwarded-Proto": ["https"]
        },
        "queryStringParameters": { "name": "Ada" },
        "multiValueQueryStringParameters": { "name": ["Ada"] },
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "httpMethod": method,
            "identity": { "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0" },
            "path": format!("/{stage}{path}"),
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1_583_798_639_428_i64,
            "resourcePath": "/{proxy+}",
            "stage": stage
        },
        "body": null,
        "isBase64Encoded": false
    })
}

/// An event of an HTTP API, with the path as API Gateway sends it.
pub(crate) fn http_api(method: &str, raw_path: &str, stage: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": "name=Ada",
        "headers": { "host": "abc.execute-api.eu-west-1.amazonaws.com", "x-forwarded-proto": "https" },
        "queryStringParameters": { "name": "Ada" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "timeEpoch": 1_583_348_638_390_i64
        },
        "isBase64Encoded": false
    })
}

/// An event of a Function URL.
pub(crate) fn function_url(method: &str, path: &str) -> Value {
    let mut event = http_api(method, path, "$default");
    let domain = json!("abc.lambda-url.eu-west-1.on.aws");
    event["requestContext"]["domainName"] = domain.clone();
    event["headers"]["host"] = domain;
    event
}

/// An event of a load balancer.
pub(crate) fn load_balancer(method: &str, path: &str) -> Value {
    json!({
        "requestContext": {
            "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1" }
        },
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": { "host": "lb.example.com" },
        "body": "",
        "isBase64Encoded": false
    })
}

/// A body of these frames; `Err` fails it, and `None` leaves it pending once.
#[derive(Debug, Default)]
pub(crate) struct Frames(VecDeque<Option<Result<Bytes, &'static str>>>);

impl<const N: usize> From<[Option<Result<&'static str, &'static str>>; N]> for Frames {
    fn from(frames: [Option<Result<&'static str, &'static str>>; N]) -> Self {
        let bytes = |frame: Result<&'static str, _>| frame.map(Bytes::from);
        Self(frames.into_iter().map(|frame| frame.map(bytes)).collect())
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.pop_front() {
            Some(None) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Some(frame)) => Poll::Ready(Some(frame.map(Frame::data))),
            None => Poll::Ready(None),
        }
    }
}
