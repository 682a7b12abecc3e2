use std::time::{Duration, UNIX_EPOCH};

use http::Request;
use lambda_http::{Body, RequestExt, request::RequestContext};

use super::*;

fn event(format: EventFormat, request: Request<&[u8]>) -> Value {
    let (parts, body) = request.into_parts();
    let arrival = Arrival {
        parts: &parts,
        body,
        stage: format.default_stage(),
        address: SocketAddr::from(([127, 0, 0, 1], 3000)),
        now: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
        request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        trace_root: "1-6553f100-000000000000000000000000",
    };
    arrival.event(format)
}

/// What a function gets that is written with lambda_http.
fn parsed(event: &Value) -> lambda_http::Request {
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

fn get(uri: &str) -> Request<&[u8]> {
    let request = Request::builder().uri(uri).header("host", "localhost:3000");
    request
        .header("user-agent", "curl/8")
        .body(&[][..])
        .unwrap()
}

const ALL: [EventFormat; 3] = [
    EventFormat::ApiGatewayRest,
    EventFormat::HttpApi,
    EventFormat::FunctionUrl,
];

#[test]
fn a_rest_event_is_one_to_lambda_http_with_the_stage_before_the_path() {
    let event = event(
        EventFormat::ApiGatewayRest,
        get("/greeting?name=J%C3%BCrgen+M"),
    );
    let request = parsed(&event);

    assert!(matches!(
        request.request_context_ref(),
        Some(RequestContext::ApiGatewayV1(_))
    ));
    assert_eq!(request.uri().path(), "/local/greeting");
    assert_eq!(request.uri().authority().unwrap(), "localhost:3000");
    assert_eq!(request.raw_http_path(), "/greeting");
    assert_eq!(
        request.query_string_parameters().first("name"),
        Some("Jürgen M")
    );
    assert_eq!(request.path_parameters().first("proxy"), Some("greeting"));
}

#[test]
fn a_rest_event_has_the_members_of_a_real_one() {
    let event = event(EventFormat::ApiGatewayRest, get("/greeting"));

    assert_eq!(event["resource"], "/{proxy+}");
    assert_eq!(event["path"], "/greeting");
    assert_eq!(event["queryStringParameters"], Value::Null);
    assert_eq!(event["multiValueQueryStringParameters"], Value::Null);
    assert_eq!(event["stageVariables"], Value::Null);
    assert_eq!(event["body"], Value::Null);
    let context = &event["requestContext"];
    assert_eq!(context["path"], "/local/greeting");
    assert_eq!(context["stage"], "local");
    assert_eq!(context["requestTime"], "14/Nov/2023:22:13:20 +0000");
    assert_eq!(context["requestTimeEpoch"], 1_700_000_000_123_u64);
    assert_eq!(context["protocol"], "HTTP/1.1");
    assert_eq!(context["domainName"], "localhost");
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["identity"]["userAgent"], "curl/8");
}

#[test]
fn a_rest_event_keeps_the_path_encoded_and_all_values() {
    let mut request = get("/a%20b/%3Fc?x=1&x=2&flag");
    request.headers_mut().append("x-dup", "1".parse().unwrap());
    request.headers_mut().append("x-dup", "2".parse().unwrap());
    let event = event(EventFormat::ApiGatewayRest, request);

    assert_eq!(event["path"], "/a%20b/%3Fc");
    assert_eq!(
        event["queryStringParameters"],
        json!({ "x": "2", "flag": "" })
    );
    assert_eq!(
        event["multiValueQueryStringParameters"]["x"],
        json!(["1", "2"])
    );
    assert_eq!(event["headers"]["x-dup"], "2");
    assert_eq!(event["multiValueHeaders"]["x-dup"], json!(["1", "2"]));
    assert_eq!(
        parsed(&event).query_string_parameters().all("x"),
        Some(vec!["1", "2"])
    );
}

#[test]
fn the_root_is_a_resource_of_its_own() {
    let event = event(EventFormat::ApiGatewayRest, get("/"));

    assert_eq!(event["resource"], "/");
    assert_eq!(event["pathParameters"], Value::Null);
    assert_eq!(parsed(&event).uri().path(), "/local/");
}

#[test]
fn an_http_api_event_is_one_to_lambda_http() {
    let mut request = get("/orders%2F1?a=1&a=%202");
    request
        .headers_mut()
        .append("cookie", "c=1; d=2".parse().unwrap());
    request.headers_mut().append("x-dup", "1".parse().unwrap());
    request.headers_mut().append("x-dup", "2".parse().unwrap());
    let event = event(EventFormat::HttpApi, request);
    let request = parsed(&event);

    assert!(matches!(
        request.request_context_ref(),
        Some(RequestContext::ApiGatewayV2(_))
    ));
    assert_eq!(
        event["rawPath"], "/orders/1",
        "an HTTP API decodes the path"
    );
    assert_eq!(event["rawQueryString"], "a=1&a=%202");
    assert_eq!(event["queryStringParameters"], json!({ "a": "1, 2" }));
    assert_eq!(event["cookies"], json!(["c=1", "d=2"]));
    assert_eq!(event["headers"]["x-dup"], "1,2");
    assert_eq!(event["requestContext"]["stage"], "$default");
    assert_eq!(request.uri().path(), "/orders/1");
    assert_eq!(request.headers()["cookie"], "c=1; d=2");
}

#[test]
fn a_function_url_event_keeps_the_path_encoded() {
    let event = event(EventFormat::FunctionUrl, get("/a%2Fb"));

    assert_eq!(event["rawPath"], "/a%2Fb");
    assert_eq!(event["requestContext"]["accountId"], "anonymous");
    assert_eq!(event.get("body"), None);
    assert_eq!(event.get("cookies"), None);
    assert_eq!(event.get("queryStringParameters"), None);
    assert_eq!(parsed(&event).uri().path(), "/a%2Fb");
}

#[test]
fn text_travels_as_text_and_anything_else_as_base64() {
    for format in ALL {
        let post = |body, encoding: Option<&str>| {
            let mut request = get("/").map(|_| body);
            *request.method_mut() = http::Method::POST;
            if let Some(encoding) = encoding {
                request
                    .headers_mut()
                    .insert(CONTENT_ENCODING, encoding.parse().unwrap());
            }
            parsed(&event(format, request)).into_body()
        };

        assert_eq!(post(b"{\"a\":1}", None), Body::from("{\"a\":1}"));
        assert_eq!(post(b"\xff\x00", None), Body::from(&b"\xff\x00"[..]));
        assert_eq!(post(b"zipped", Some("gzip")), Body::from(&b"zipped"[..]));
    }
}

#[test]
fn the_service_adds_its_headers_and_drops_those_of_the_connection() {
    for format in ALL {
        let mut request = get("/");
        request
            .headers_mut()
            .insert("x-forwarded-for", "10.0.0.1".parse().unwrap());
        request
            .headers_mut()
            .insert("connection", "keep-alive".parse().unwrap());
        let headers = &event(format, request)["headers"];

        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
        assert_eq!(headers["x-forwarded-port"], "3000");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(
            headers["x-amzn-trace-id"],
            "Root=1-6553f100-000000000000000000000000"
        );
        assert_eq!(headers.get("connection"), None);
    }
}
