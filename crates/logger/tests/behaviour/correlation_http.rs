//! The correlation id of an http request.

use std::convert::Infallible;

use http::{Request, Response};
use powertools_logger::CorrelationIdPath;
use serde_json::{Value, json};
use tower::service_fn;

use crate::support::{builder, called, only};

fn found_in(path: CorrelationIdPath, request: Request<()>) -> Option<Value> {
    let service = service_fn(async |_: Request<()>| {
        tracing::info!("hello");
        Ok::<_, Infallible>(Response::new(()))
    });
    let output = called(builder().correlation_id(path), request, service);
    only(&output).get("correlation_id").cloned()
}

fn path(expression: &str) -> CorrelationIdPath {
    CorrelationIdPath::new(expression).unwrap()
}

fn request() -> http::request::Builder {
    Request::get("/orders/7?id=q&id=r")
        .header("X-Order", "first")
        .header("x-order", "last")
        .header("x-amzn-trace-id", "Root=1-2-3")
}

fn plain() -> Request<()> {
    request().body(()).unwrap()
}

#[test]
fn headers_are_found_by_their_names_in_lower_case_and_the_last_counts() {
    assert_eq!(
        found_in(path("headers.\"x-order\""), plain()),
        Some(json!("last"))
    );
    assert_eq!(found_in(path("headers.\"X-Order\""), plain()), None);
    assert_eq!(found_in(path("headers.\"not there\""), plain()), None);
    assert_eq!(
        found_in(CorrelationIdPath::APPLICATION_LOAD_BALANCER, plain()),
        Some(json!("Root=1-2-3"))
    );
}

#[test]
fn all_of_the_view_but_the_body_is_found() {
    for (expression, expected) in [
        ("httpMethod", json!("GET")),
        ("path", json!("/orders/7")),
        ("multiValueHeaders.\"x-order\"", json!(["first", "last"])),
        ("multiValueHeaders.\"x-order\"[0]", json!("first")),
        ("queryStringParameters.id", json!("r")),
        ("multiValueQueryStringParameters.id", json!(["q", "r"])),
        (
            "join('', [headers.\"x-order\", path])",
            json!("last/orders/7"),
        ),
        ("isBase64Encoded", json!(false)),
    ] {
        assert_eq!(
            found_in(path(expression), plain()),
            Some(expected),
            "{expression}"
        );
    }
    assert_eq!(found_in(path("body"), plain()), None);
}

#[test]
fn a_header_that_is_no_ascii_is_shown_as_it_can_be() {
    let request = Request::get("/")
        .header("x-order", &b"a\xe9"[..])
        .body(())
        .unwrap();
    assert_eq!(
        found_in(path("headers.\"x-order\""), request),
        Some(json!("a\u{fffd}"))
    );
}

#[test]
fn a_header_of_more_than_1_kib_is_cut() {
    let request = Request::get("/")
        .header("x-order", "a".repeat(2000))
        .body(())
        .unwrap();
    let id = found_in(path("headers.\"x-order\""), request).unwrap();
    assert_eq!(id, "a".repeat(1024) + "…[cut]");
}

#[test]
fn a_header_that_is_hidden_is_hidden_here_too() {
    for name in ["authorization", "cookie", "x-api-key"] {
        let request = Request::get("/").header(name, "s3cret").body(()).unwrap();
        let id = found_in(path(&format!("headers.\"{name}\"")), request);
        assert_eq!(id, Some(json!("***")), "{name}");
    }
}

#[test]
fn a_request_without_a_context_has_no_request_id() {
    assert_eq!(found_in(CorrelationIdPath::API_GATEWAY_REST, plain()), None);
}

#[cfg(feature = "lambda-http")]
#[test]
fn the_request_id_is_found_in_the_request_context_of_each_kind() {
    use lambda_http::{
        aws_lambda_events::apigw::{
            ApiGatewayProxyRequestContext, ApiGatewayV2httpRequestContext,
            ApiGatewayWebsocketProxyRequestContext,
        },
        request::RequestContext,
    };

    let mut rest = ApiGatewayProxyRequestContext::default();
    rest.request_id = Some("rest".to_owned());
    rest.stage = Some("prod".to_owned());
    let mut http = ApiGatewayV2httpRequestContext::default();
    http.request_id = Some("http".to_owned());
    let mut socket = ApiGatewayWebsocketProxyRequestContext::default();
    socket.request_id = Some("socket".to_owned());
    for (context, expected) in [
        (RequestContext::ApiGatewayV1(rest.clone()), Some("rest")),
        (RequestContext::ApiGatewayV2(http), Some("http")),
        (RequestContext::WebSocket(socket), Some("socket")),
        (
            RequestContext::ApiGatewayV1(ApiGatewayProxyRequestContext::default()),
            None,
        ),
    ] {
        let request = request().extension(context).body(()).unwrap();
        let id = found_in(CorrelationIdPath::API_GATEWAY_HTTP, request);
        assert_eq!(id, expected.map(Value::from));
    }
    // And everything else of it through the view.
    let request = request()
        .extension(RequestContext::ApiGatewayV1(rest))
        .body(())
        .unwrap();
    assert_eq!(
        found_in(path("requestContext.stage"), request),
        Some(json!("prod"))
    );
}
