//! One test for each sentence of the documentation.

use std::{
    convert::Infallible,
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::Body as AxumBody,
    extract::Request as AxumRequest,
    http::{StatusCode, header::CONTENT_TYPE},
    routing::get,
};
use bytes::Bytes;
use http::{Request, Response};
use lambda_http::{Body, RequestExt, service_fn};
use powertools_core::{
    Host, Invocation, Outcome,
    test_util::{CapturedOutput, ProbeLayer, TestContext, http_request},
};
use powertools_event_handler::{
    BufferBodyLayer, StripStageLayer, method_not_allowed, not_found,
    testing::{self, InvokeError},
};
use serde_json::{Value, json};
use tower::{Service, ServiceBuilder, ServiceExt};

mod support;

use support::{Frames, function_url, http_api, load_balancer, rest};

async fn where_am_i(request: AxumRequest) -> Json<Value> {
    Json(json!({ "path": request.uri().path(), "query": request.uri().query() }))
}

fn router() -> Router {
    Router::new()
        .route("/greeting", get(where_am_i).post(async || "posted"))
        .route("/prod/greeting", get(async || "not stripped"))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

type Function = powertools_event_handler::StripStage<powertools_event_handler::BufferBody<Router>>;

fn function(router: Router) -> Function {
    ServiceBuilder::new()
        .layer(StripStageLayer::new())
        .layer(BufferBodyLayer::new())
        .service(router)
}

async fn invoke(event: Value) -> Value {
    testing::invoke(function(router()), event).await.unwrap()
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// The value of a header in either of the two shapes.
fn header<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let several = &answer["multiValueHeaders"][name][0];
    several.as_str().or(answer["headers"][name].as_str())
}

// --- a Router behind every kind of event ------------------------------------------

#[tokio::test]
async fn a_router_answers_a_rest_api() {
    let answer = invoke(rest("GET", "/greeting", "prod")).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(
        answer["multiValueHeaders"]["content-type"],
        json!(["application/json"])
    );
    assert_eq!(answer["headers"], json!({}));
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(
        body(&answer),
        json!({ "path": "/greeting", "query": "name=Ada" })
    );
}

#[tokio::test]
async fn a_router_answers_an_http_api() {
    let answer = invoke(http_api("GET", "/greeting", "$default")).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(
        body(&answer),
        json!({ "path": "/greeting", "query": "name=Ada" })
    );
}

#[tokio::test]
async fn a_router_answers_a_function_url() {
    let answer = invoke(function_url("GET", "/greeting")).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(
        body(&answer),
        json!({ "path": "/greeting", "query": "name=Ada" })
    );
}

#[tokio::test]
async fn a_router_answers_a_load_balancer() {
    let answer = invoke(load_balancer("GET", "/greeting")).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(body(&answer), json!({ "path": "/greeting", "query": null }));
}

// --- the stage --------------------------------------------------------------------

/// The URI that the inner service sees.
async fn seen_uri(event: Value) -> String {
    let inner = service_fn(async |request: lambda_http::Request| {
        Ok::<_, Infallible>(Response::new(Body::from(request.uri().to_string())))
    });
    let function = ServiceBuilder::new()
        .layer(StripStageLayer::new())
        .service(inner);
    let answer = testing::invoke(function, event).await.unwrap();
    answer["body"].as_str().unwrap().to_owned()
}

const HOST: &str = "https://abc.execute-api.eu-west-1.amazonaws.com";

#[tokio::test]
async fn without_the_layer_lambda_http_leaves_the_stage_in_the_path() {
    let function = ServiceBuilder::new()
        .layer(BufferBodyLayer::new())
        .service(router());
    let answer = testing::invoke(function, rest("GET", "/greeting", "prod"))
        .await
        .unwrap();
    assert_eq!(answer["body"], "not stripped");
}

#[tokio::test]
async fn scheme_host_and_query_stay_as_they_are() {
    let uri = seen_uri(rest("GET", "/greeting", "prod")).await;
    assert_eq!(uri, format!("{HOST}/greeting?name=Ada"));
}

#[tokio::test]
async fn a_path_of_the_stage_alone_becomes_the_root() {
    let uri = seen_uri(rest("GET", "/", "prod")).await;
    assert_eq!(uri, format!("{HOST}/?name=Ada"));
    let uri = seen_uri(http_api("GET", "/prod", "prod")).await;
    assert_eq!(uri, format!("{HOST}/?name=Ada"));
    let uri = seen_uri(http_api("GET", "/prod/", "prod")).await;
    assert_eq!(uri, format!("{HOST}/?name=Ada"));
}

#[tokio::test]
async fn a_stage_that_an_http_api_has_put_there_is_taken_out() {
    let uri = seen_uri(http_api("GET", "/prod/greeting", "prod")).await;
    assert_eq!(uri, format!("{HOST}/greeting?name=Ada"));
    let uri = seen_uri(http_api("GET", "/prod/prod/greeting", "prod")).await;
    assert_eq!(uri, format!("{HOST}/prod/greeting?name=Ada"));
}

#[tokio::test]
async fn the_default_stage_stands_in_no_path() {
    let uri = seen_uri(http_api("GET", "/$default/greeting", "$default")).await;
    assert_eq!(uri, format!("{HOST}/$default/greeting?name=Ada"));
}

#[tokio::test]
async fn a_rest_path_that_begins_as_the_stage_does_is_the_functions_own() {
    let uri = seen_uri(rest("GET", "/prod/greeting", "prod")).await;
    assert_eq!(uri, format!("{HOST}/prod/greeting?name=Ada"));
    let uri = seen_uri(rest("GET", "/prod", "prod")).await;
    assert_eq!(uri, format!("{HOST}/prod?name=Ada"));
    let uri = seen_uri(rest("GET", "/production", "prod")).await;
    assert_eq!(uri, format!("{HOST}/production?name=Ada"));
}

#[tokio::test]
async fn an_escaped_path_stays_escaped() {
    let uri = seen_uri(rest("GET", "/a b/%C3%A9", "prod")).await;
    assert_eq!(uri, format!("{HOST}/a%20b/%C3%A9?name=Ada"));
}

#[tokio::test]
async fn the_raw_path_stays_as_it_is() {
    let inner = service_fn(async |request: lambda_http::Request| {
        Ok::<_, Infallible>(Response::new(Body::from(request.raw_http_path())))
    });
    let function = ServiceBuilder::new()
        .layer(StripStageLayer::new())
        .service(inner);
    let answer = testing::invoke(function, rest("GET", "/greeting", "prod"))
        .await
        .unwrap();
    assert_eq!(answer["body"], "/greeting");
}

#[tokio::test]
async fn a_request_without_a_context_is_passed_on_as_it_is() {
    let inner = service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(Response::new(request.uri().to_string()))
    });
    let function = ServiceBuilder::new()
        .layer(StripStageLayer::new())
        .service(inner);
    let response = function.oneshot(http_request("/prod/x?a=b", ())).await;
    assert_eq!(response.unwrap().into_body(), "/prod/x?a=b");
}

// --- the JSON fall-backs ----------------------------------------------------------

#[tokio::test]
async fn an_unknown_path_is_a_json_404() {
    for event in [
        rest("GET", "/unknown", "prod"),
        http_api("GET", "/unknown", "$default"),
        function_url("GET", "/unknown"),
    ] {
        let answer = invoke(event).await;
        assert_eq!(answer["statusCode"], 404);
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        assert_eq!(
            answer["body"],
            r#"{"statusCode":404,"message":"Not found"}"#
        );
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_json_405_that_names_the_right_ones() {
    for event in [
        rest("DELETE", "/greeting", "prod"),
        http_api("DELETE", "/greeting", "$default"),
        function_url("DELETE", "/greeting"),
    ] {
        let answer = invoke(event).await;
        assert_eq!(answer["statusCode"], 405);
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        assert_eq!(header(&answer, "allow"), Some("GET,HEAD,POST"));
        assert_eq!(
            answer["body"],
            r#"{"statusCode":405,"message":"Method not allowed"}"#
        );
    }
}

#[tokio::test]
async fn a_route_added_after_the_405_fallback_does_not_have_it() {
    let router = Router::new()
        .method_not_allowed_fallback(method_not_allowed)
        .route("/late", get(async || ""));
    let answer = testing::invoke(function(router), function_url("POST", "/late"))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 405);
    assert_eq!(answer["body"], "");
}

// --- the buffered body ------------------------------------------------------------

const REST: &str = "rest";

/// The answer of a function with this response, behind a REST API, and what it logged.
async fn answered<B>(layer: BufferBodyLayer, response: Response<B>) -> (Value, String)
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let output = CapturedOutput::default();
    let writer = output.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let mut response = Some(response);
    let inner = service_fn(move |_: lambda_http::Request| {
        let response = response.take().unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let function = ServiceBuilder::new().layer(layer).service(inner);
    let answer = testing::invoke(function, rest("GET", "/", REST))
        .await
        .unwrap();
    (answer, output.text())
}

fn response<B>(content_type: &str, body: B) -> Response<B> {
    let response = Response::builder();
    let response = match content_type {
        "" => response,
        _ => response.header(CONTENT_TYPE, content_type),
    };
    response.body(body).unwrap()
}

#[tokio::test]
async fn frames_are_collected_in_order_over_several_polls() {
    let frames = Frames::from([Some(Ok("a")), None, Some(Ok("")), None, Some(Ok("b"))]);
    let (answer, logged) = answered(BufferBodyLayer::new(), response("text/plain", frames)).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["body"], "ab");
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(logged, "");
}

#[tokio::test]
async fn status_and_headers_are_the_services_own() {
    let response = Response::builder()
        .status(201)
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .body(String::from("made"))
        .unwrap();
    let (answer, _) = answered(BufferBodyLayer::new(), response).await;
    assert_eq!(answer["statusCode"], 201);
    assert_eq!(
        answer["multiValueHeaders"],
        json!({ "set-cookie": ["a=1", "b=2"] })
    );
    assert_eq!(answer["body"], "made");
}

#[tokio::test]
async fn an_empty_body_is_an_empty_text() {
    for content_type in ["", "application/json"] {
        let response = response(content_type, String::new());
        let (answer, _) = answered(BufferBodyLayer::new(), response).await;
        assert_eq!(answer["body"], "");
        assert_eq!(answer["isBase64Encoded"], false);
    }
}

#[tokio::test]
async fn a_body_that_is_not_text_is_base64() {
    let png = response("image/png", AxumBody::from(&b"\x89PNG"[..]));
    let (answer, _) = answered(BufferBodyLayer::new(), png).await;
    assert_eq!(answer["body"], "iVBORw==");
    assert_eq!(answer["isBase64Encoded"], true);
}

#[tokio::test]
async fn an_encoded_body_is_base64_whatever_its_type() {
    let mut compressed = response("text/plain", AxumBody::from("text"));
    let gzip = http::HeaderValue::from_static("gzip");
    compressed.headers_mut().insert("content-encoding", gzip);
    let (answer, _) = answered(BufferBodyLayer::new(), compressed).await;
    assert_eq!(answer["body"], "dGV4dA==");
    assert_eq!(answer["isBase64Encoded"], true);
}

#[tokio::test]
async fn bytes_without_a_type_are_an_octet_stream_and_text_stays_without_one() {
    let bytes = response("", AxumBody::from(&b"\xff\x00"[..]));
    let (answer, _) = answered(BufferBodyLayer::new(), bytes).await;
    assert_eq!(answer["body"], "/wA=");
    assert_eq!(answer["isBase64Encoded"], true);
    assert_eq!(
        header(&answer, "content-type"),
        Some("application/octet-stream")
    );
    let (answer, _) = answered(BufferBodyLayer::new(), response("", AxumBody::from("é"))).await;
    assert_eq!(answer["body"], "é");
    assert_eq!(header(&answer, "content-type"), None);
}

const INTERNAL: &str = r#"{"statusCode":500,"message":"Internal server error"}"#;

fn assert_internal_server_error(answer: &Value) {
    assert_eq!(answer["statusCode"], 500);
    assert_eq!(answer["body"], INTERNAL);
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(
        answer["multiValueHeaders"],
        json!({ "content-type": ["application/json"] })
    );
}

#[tokio::test]
async fn a_body_that_fails_is_a_500_whose_reason_is_logged_and_whose_body_is_not() {
    let frames = Frames::from([Some(Ok("s3cret")), None, Some(Err("connection reset"))]);
    let mut failing = response("text/plain", frames);
    let length = http::HeaderValue::from_static("99");
    failing.headers_mut().insert("content-length", length);
    let (answer, logged) = answered(BufferBodyLayer::new(), failing).await;
    assert_internal_server_error(&answer);
    assert!(
        logged.contains("ERROR powertools::event_handler"),
        "{logged}"
    );
    assert!(logged.contains("connection reset"), "{logged}");
    assert!(!logged.contains("s3cret"), "{logged}");
    assert_eq!(logged.lines().count(), 1);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_a_500_whose_limit_is_logged_and_whose_body_is_not() {
    let (answer, logged) = answered(
        BufferBodyLayer::new().limit(1_000),
        response("text/plain", "s3cret".repeat(1_000)),
    )
    .await;
    assert_internal_server_error(&answer);
    assert!(
        logged.contains("ERROR powertools::event_handler"),
        "{logged}"
    );
    assert!(logged.contains("limit=1000"), "{logged}");
    assert!(!logged.contains("s3cret"), "{logged}");
}

#[tokio::test]
async fn a_body_is_read_no_further_than_it_can_fit() {
    struct Counting(Arc<Mutex<usize>>);
    impl http_body::Body for Counting {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            let mut frames = self.0.lock().unwrap();
            *frames += 1;
            let frame = http_body::Frame::data(Bytes::from_static(&[b'a'; 100]));
            Poll::Ready((*frames < 100).then_some(Ok(frame)))
        }
    }
    // Some 300 bytes are for headers, and base64 has room for three quarters of the rest.
    for (content_type, most) in [("text/plain", 7), ("image/png", 6)] {
        let frames = Arc::new(Mutex::new(0));
        let long = response(content_type, Counting(Arc::clone(&frames)));
        let (answer, _) = answered(BufferBodyLayer::new().limit(1_000), long).await;
        assert_internal_server_error(&answer);
        assert_eq!(*frames.lock().unwrap(), most);
    }
}

/// Whether Lambda would take an answer with this body, and whether the layer gives it.
async fn kept(limit: usize, response: Response<AxumBody>) -> bool {
    let (answer, _) = answered(BufferBodyLayer::new().limit(limit), response).await;
    let kept = answer["statusCode"] == 200;
    assert!(!kept || answer.to_string().len() <= limit, "too long");
    kept
}

#[tokio::test]
async fn the_limit_counts_text_with_its_escapes() {
    assert!(kept(2_000, response("text/plain", "a".repeat(1_600).into())).await);
    assert!(!kept(2_000, response("text/plain", "\"".repeat(1_600).into())).await);
    assert!(!kept(2_000, response("text/plain", "\u{1}".repeat(400).into())).await);
}

#[tokio::test]
async fn the_limit_counts_other_bytes_as_base64() {
    assert!(kept(2_000, response("image/png", vec![0; 1_200].into())).await);
    assert!(!kept(2_000, response("image/png", vec![0; 1_600].into())).await);
    // Found to be no text only once it is there.
    assert!(!kept(2_000, response("", vec![0xff; 1_600].into())).await);
}

#[tokio::test]
async fn the_limit_counts_bytes_that_lambda_http_replaces() {
    assert!(!kept(2_000, response("text/plain", vec![0xff; 1_000].into())).await);
}

#[tokio::test]
async fn the_limit_counts_headers() {
    let mut large = response("text/plain", AxumBody::from("a".repeat(1_200)));
    let value = http::HeaderValue::from_str(&"b".repeat(800)).unwrap();
    large.headers_mut().insert("x-large", value);
    assert!(!kept(2_000, large).await);
}

#[tokio::test]
async fn the_limit_is_lambdas_own_unless_it_is_set() {
    let megabytes = |n: usize| response("text/plain", "a".repeat(n * 1024 * 1024));
    for layer in [BufferBodyLayer::new(), BufferBodyLayer::default()] {
        let (answer, _) = answered(layer, megabytes(5)).await;
        assert_eq!(answer["statusCode"], 200);
        let (answer, _) = answered(layer, megabytes(6)).await;
        assert_eq!(answer["statusCode"], 500);
    }
}

#[tokio::test]
async fn trailers_are_dropped() {
    struct WithTrailers(u8);
    impl http_body::Body for WithTrailers {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            self.0 += 1;
            Poll::Ready(match self.0 {
                1 => Some(Ok(http_body::Frame::data(Bytes::from_static(b"text")))),
                2 => Some(Ok(http_body::Frame::trailers(http::HeaderMap::new()))),
                _ => None,
            })
        }
    }
    let response = response("text/plain", WithTrailers(0));
    let (answer, _) = answered(BufferBodyLayer::new(), response).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["body"], "text");
}

#[tokio::test]
async fn an_error_of_the_service_is_its_own() {
    let inner = service_fn(async |_: Request<()>| Err::<Response<String>, _>("mine"));
    let service = ServiceBuilder::new()
        .layer(BufferBodyLayer::new())
        .service(inner);
    let error = service.oneshot(http_request("/", ())).await.unwrap_err();
    assert_eq!(error, "mine");
}

/// A body that tells in which invocation it was polled.
struct Telling(bool);

impl http_body::Body for Telling {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(None);
        }
        let invocation = Invocation::current();
        let id = invocation.request_id().unwrap_or("none").to_owned();
        Poll::Ready(Some(Ok(http_body::Frame::data(id.into()))))
    }
}

async fn body_tells<S>(mut service: S) -> Body
where
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible>,
{
    let request = TestContext::new("r-1").http("/", ());
    let ready = service.ready().await.unwrap();
    ready.call(request).await.unwrap().into_body()
}

#[tokio::test]
async fn the_body_is_collected_in_the_invocation_of_a_layer_outside() {
    let inner =
        service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Telling(false))));
    let outside = ServiceBuilder::new()
        .layer(ProbeLayer::new(Host::default()))
        .layer(BufferBodyLayer::new())
        .service(inner);
    assert_eq!(body_tells(outside).await, Body::from("r-1"));
    let inside = ServiceBuilder::new()
        .layer(BufferBodyLayer::new())
        .layer(ProbeLayer::new(Host::default()))
        .service(inner);
    assert_eq!(body_tells(inside).await, Body::from("none"));
}

#[tokio::test]
async fn a_layer_outside_sees_a_failed_body_as_a_fault() {
    let probe = ProbeLayer::new(Host::default());
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Frames::from([Some(Err("reset"))])))
    });
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(BufferBodyLayer::new())
        .service(inner);
    let response = service.oneshot(http_request("/", ())).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(probe.outcomes(), [Outcome::Fault]);
}

// --- the test harness -------------------------------------------------------------

async fn request_id(request: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    let context = request.lambda_context();
    let config = &context.env_config;
    let told = json!([context.request_id, config.function_name, config.memory]);
    Ok(Response::new(told.to_string().into()))
}

#[tokio::test]
async fn an_event_is_text_or_a_value() {
    let event = function_url("GET", "/");
    let text = event.to_string();
    for answer in [
        testing::invoke(service_fn(request_id), event).await,
        testing::invoke(service_fn(request_id), text.as_str()).await,
        testing::invoke(service_fn(request_id), text).await,
    ] {
        assert_eq!(answer.unwrap()["body"], r#"["test","test",128]"#);
    }
}

#[tokio::test]
async fn the_context_can_be_given() {
    let context = testing::context("r-7");
    let event = function_url("GET", "/");
    let answer = testing::invoke_with_context(service_fn(request_id), event, context).await;
    assert_eq!(answer.unwrap()["body"], r#"["r-7","test",128]"#);
}

#[test]
fn a_test_context_has_an_arn_and_no_deadline() {
    let context = testing::context("r-7");
    assert_eq!(
        context.invoked_function_arn,
        "arn:aws:lambda:eu-west-1:123456789012:function:test"
    );
    assert_eq!(context.deadline, 0);
    assert_eq!(context.xray_trace_id, None);
}

#[tokio::test]
async fn an_event_that_lambda_http_does_not_know_is_a_typed_error() {
    for event in [r#"{"Records":[]}"#, "{", ""] {
        let error = testing::invoke(service_fn(request_id), event)
            .await
            .unwrap_err();
        assert!(error.is_event());
        assert_eq!(error.to_string(), "event is none that lambda_http knows");
        assert!(error.source().is_some());
        assert!(error.into_service().is_none());
    }
}

#[tokio::test]
async fn an_error_of_the_service_comes_back_as_it_is() {
    let failing = service_fn(async |_: lambda_http::Request| {
        Err::<Response<Body>, _>(lambda_http::Error::from("mine"))
    });
    let error: InvokeError<_> = testing::invoke(failing, function_url("GET", "/"))
        .await
        .unwrap_err();
    assert!(!error.is_event());
    assert_eq!(error.to_string(), "service failed");
    assert_eq!(error.into_service().unwrap().to_string(), "mine");
}

#[tokio::test]
async fn an_answer_without_json_is_a_typed_error() {
    let inner = service_fn(async |_: lambda_http::Request| {
        let mut response = Response::new(Body::Empty);
        let value = http::HeaderValue::from_bytes(b"\xff").unwrap();
        response.headers_mut().insert("x-bytes", value);
        Ok::<_, Infallible>(response)
    });
    let error = testing::invoke(inner, function_url("GET", "/"))
        .await
        .unwrap_err();
    assert!(error.is_response());
    assert_eq!(error.to_string(), "answer cannot be written as JSON");
}
