//! The function in process: an event in, the answer out.

use greeting_api::{function, idempotency, metrics};
use powertools::{
    event_handler::testing,
    idempotency::InMemoryStore,
    logger::{CorrelationIdPath, LoggerLayer},
};
use powertools_core::{ColdStart, Env, Host, test_util::CapturedOutput};
use powertools_metrics::test_util::CapturedMetrics;
use serde_json::{Value, json};
use tracing_subscriber::{Registry, layer::SubscriberExt};

const REST: &str = include_str!("../events/rest.json");
const HTTP_API: &str = include_str!("../events/http-api.json");
const FUNCTION_URL: &str = include_str!("../events/function-url.json");

const EVENTS: [&str; 3] = [REST, HTTP_API, FUNCTION_URL];

/// An event with another method and path.
fn event(event: &str, method: &str, path: &str) -> Value {
    let mut event: Value = serde_json::from_str(event).unwrap();
    if event["version"] == "2.0" {
        let stage = event["requestContext"]["stage"].as_str().unwrap();
        let path = match stage {
            "$default" => path.to_owned(),
            stage => format!("/{stage}{path}"),
        };
        event["requestContext"]["http"] = json!({ "method": method, "path": path });
        event["rawPath"] = json!(path);
    } else {
        event["httpMethod"] = json!(method);
        event["path"] = json!(path);
    }
    event
}

/// An event that asks for a greeting, with an idempotency key if it is not empty.
fn post(service: &str, key: &str, body: &str) -> Value {
    let mut event = event(service, "POST", "/greeting");
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
        event["headers"][name] = json!(value);
        if event["version"] != "2.0" {
            event["multiValueHeaders"][name] = json!([value]);
        }
    }
    event["body"] = json!(body);
    event
}

/// What the function answers and logs.
async fn invoke(event: &Value) -> (Value, Vec<Value>) {
    let (answer, lines, _) = measure(event).await;
    (answer, lines)
}

/// What the function answers, logs and measures, in a process that is new.
async fn measure(event: &Value) -> (Value, Vec<Value>, CapturedMetrics) {
    measure_with(&InMemoryStore::new(), "r-1", event).await
}

/// The same for this request, with these records.
async fn measure_with(
    store: &InMemoryStore,
    request_id: &str,
    event: &Value,
) -> (Value, Vec<Value>, CapturedMetrics) {
    let output = CapturedOutput::default();
    let host = Host::default()
        .with_env(Env::from_iter([("POWERTOOLS_SERVICE_NAME", "greetings")]))
        .with_cold_start(ColdStart::unused());
    let logger = LoggerLayer::builder()
        .host(host.clone())
        .output(output.writer())
        .correlation_id(CorrelationIdPath::API_GATEWAY_REST)
        .build()
        .unwrap();
    let captured = CapturedMetrics::default();
    let metrics = metrics().host(host).sink(captured.clone()).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    let _guard = tracing::subscriber::set_default(subscriber);
    let context = testing::context(request_id);
    let idempotency = idempotency(store.clone()).build().unwrap();
    let function = function(logger, metrics, idempotency);
    let answer = testing::invoke_with_context(function, event, context).await;
    (answer.unwrap(), output.json(), captured)
}

/// The value of a header in either of the two shapes.
fn header<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let several = &answer["multiValueHeaders"][name][0];
    several.as_str().or(answer["headers"][name].as_str())
}

#[tokio::test]
async fn every_service_gets_the_greeting() {
    for service in EVENTS {
        let (answer, _) = invoke(&event(service, "GET", "/greeting")).await;
        assert_eq!(answer["statusCode"], 200);
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        assert_eq!(answer["body"], r#"{"message":"hello"}"#);
        assert_eq!(answer["isBase64Encoded"], false);
    }
}

#[tokio::test]
async fn the_events_as_they_stand_get_the_greeting() {
    for service in EVENTS {
        let (answer, _) = invoke(&serde_json::from_str(service).unwrap()).await;
        assert_eq!(answer["statusCode"], 200);
    }
}

#[tokio::test]
async fn any_other_path_is_a_json_404() {
    for service in EVENTS {
        for path in ["/", "/greetings", "/greeting/", "/prod"] {
            let (answer, lines) = invoke(&event(service, "GET", path)).await;
            assert_eq!(answer["statusCode"], 404, "{path}");
            assert_eq!(header(&answer, "content-type"), Some("application/json"));
            assert_eq!(
                answer["body"],
                r#"{"statusCode":404,"message":"Not found"}"#
            );
            assert!(lines.is_empty());
        }
    }
}

#[tokio::test]
async fn any_other_method_is_a_json_405() {
    for service in EVENTS {
        for method in ["PUT", "DELETE", "OPTIONS"] {
            let (answer, lines) = invoke(&event(service, method, "/greeting")).await;
            assert_eq!(answer["statusCode"], 405, "{method}");
            assert_eq!(header(&answer, "content-type"), Some("application/json"));
            assert_eq!(header(&answer, "allow"), Some("GET,HEAD,POST"));
            assert_eq!(
                answer["body"],
                r#"{"statusCode":405,"message":"Method not allowed"}"#
            );
            assert!(lines.is_empty());
        }
    }
}

#[tokio::test]
async fn the_handlers_line_carries_the_invocation() {
    for service in EVENTS {
        let (_, lines) = invoke(&event(service, "GET", "/greeting")).await;
        let [line] = lines.try_into().unwrap();
        assert_eq!(line["message"], "greeting requested");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["service"], "greetings");
        assert_eq!(line["cold_start"], true);
        assert_eq!(line["function_request_id"], "r-1");
        assert_eq!(line["function_name"], "test");
        assert_eq!(line["greeting"], "hello");
        let expected = &serde_json::from_str::<Value>(service).unwrap()["requestContext"];
        assert_eq!(line.get("correlation_id"), expected.get("requestId"));
    }
}

#[tokio::test]
async fn greetings_and_cold_starts_are_counted() {
    for service in EVENTS {
        let (_, _, captured) = measure(&event(service, "GET", "/greeting")).await;
        let greetings = captured.metric("Greetings");
        assert_eq!(greetings.values(), [1.0]);
        let set = [("service".to_owned(), "greetings".to_owned())];
        assert_eq!(greetings.iter().next().unwrap().dimension_sets(), [set]);
        assert_eq!(captured.metric("ColdStart").values(), [1.0]);
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    for service in EVENTS {
        let (_, _, captured) = measure(&event(service, "GET", "/greeting")).await;
        for name in ["Requests", "Faults", "Latency"] {
            let metric = captured
                .metric(name)
                .with_dimension("route", "GET /greeting");
            assert_eq!(metric.with_dimension("status", "2xx").count(), 1, "{name}");
        }
        let (_, _, captured) = measure(&event(service, "GET", "/nowhere")).await;
        let requests = captured.metric("Requests").with_dimension("status", "4xx");
        assert_eq!(requests.values(), [1.0]);
        assert_eq!(requests.iter().next().unwrap().dimension("route"), None);
        assert_eq!(captured.metric("Greetings").count(), 0);
    }
}

const ADA: &str = r#"{"name": "Ada"}"#;

#[tokio::test]
async fn a_greeting_is_made() {
    for service in EVENTS {
        let (answer, lines, captured) = measure(&post(service, "1", ADA)).await;
        assert_eq!(answer["statusCode"], 201);
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        assert_eq!(answer["body"], r#"{"id":"r-1","message":"hello Ada"}"#);
        let [line] = lines.try_into().unwrap();
        assert_eq!(line["message"], "greeting made");
        assert_eq!(captured.metric("Greetings").values(), [1.0]);
        let requests = captured.metric("Requests");
        assert_eq!(
            requests.with_dimension("route", "POST /greeting").values(),
            [1.0]
        );
    }
}

#[tokio::test]
async fn a_repeated_key_gets_the_same_answer_and_makes_nothing() {
    for service in EVENTS {
        let store = InMemoryStore::new();
        let (first, ..) = measure_with(&store, "r-1", &post(service, "1", ADA)).await;
        let (again, lines, captured) = measure_with(&store, "r-2", &post(service, "1", ADA)).await;
        assert_eq!(again, first);
        assert!(lines.is_empty(), "{lines:?}");
        assert_eq!(captured.metric("Greetings").count(), 0);
        // The request is counted as any other.
        assert_eq!(
            captured
                .metric("Requests")
                .with_dimension("status", "2xx")
                .values(),
            [1.0]
        );

        let (other, ..) = measure_with(&store, "r-3", &post(service, "2", ADA)).await;
        assert_eq!(other["body"], r#"{"id":"r-3","message":"hello Ada"}"#);
    }
}

#[tokio::test]
async fn a_repeated_key_with_another_body_is_a_422() {
    for service in EVENTS {
        let store = InMemoryStore::new();
        measure_with(&store, "r-1", &post(service, "1", ADA)).await;
        let grace = post(service, "1", r#"{"name": "Grace"}"#);
        let (answer, lines, captured) = measure_with(&store, "r-2", &grace).await;
        assert_eq!(answer["statusCode"], 422);
        assert_eq!(
            problem(&answer),
            "the payload does not match the stored record for this idempotency key"
        );
        assert!(lines.is_empty(), "{lines:?}");
        assert_eq!(captured.metric("Greetings").count(), 0);
    }
}

#[tokio::test]
async fn a_missing_key_is_a_400() {
    for service in EVENTS {
        let (answer, lines, captured) = measure(&post(service, "", ADA)).await;
        assert_eq!(answer["statusCode"], 400);
        assert_eq!(problem(&answer), "the request has no idempotency key");
        assert!(lines.is_empty(), "{lines:?}");
        assert_eq!(captured.metric("Greetings").count(), 0);
    }
}

/// The detail of an answer with problem details.
fn problem(answer: &Value) -> String {
    assert_eq!(
        header(answer, "content-type"),
        Some("application/problem+json")
    );
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["status"], answer["statusCode"]);
    body["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_that_is_refused_may_be_corrected_with_the_same_key() {
    for service in EVENTS {
        let store = InMemoryStore::new();
        for (body, status) in [("{", 400), ("{}", 422)] {
            let (answer, ..) = measure_with(&store, "r-1", &post(service, "1", body)).await;
            assert_eq!(answer["statusCode"], status);
            assert_eq!(header(&answer, "content-type"), Some("application/json"));
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(body["statusCode"], status);
            assert!(
                body["message"].as_str().unwrap().starts_with("Failed to "),
                "{body}"
            );
        }
        let (answer, ..) = measure_with(&store, "r-2", &post(service, "1", ADA)).await;
        assert_eq!(answer["statusCode"], 201);
    }
}

#[tokio::test]
async fn a_body_without_its_type_is_a_415() {
    for service in EVENTS {
        let mut event = post(service, "1", ADA);
        event["headers"]["content-type"] = json!("text/plain");
        event["multiValueHeaders"]["content-type"] = json!(["text/plain"]);
        let (answer, _) = invoke(&event).await;
        assert_eq!(answer["statusCode"], 415);
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
    }
}

#[test]
fn the_runtime_takes_the_function() {
    let logger = LoggerLayer::builder()
        .correlation_id(CorrelationIdPath::API_GATEWAY_REST)
        .build()
        .unwrap();
    // Creating the future is the check; running it would need a Runtime API.
    let metrics = metrics().build().unwrap();
    let idempotency = idempotency(InMemoryStore::new()).build().unwrap();
    let function = function(logger, metrics, idempotency);
    drop(lambda_http::run_concurrent(function));
}
