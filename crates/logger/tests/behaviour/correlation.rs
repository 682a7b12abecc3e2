//! The correlation id: from events, records, and functions of one's own.

use std::{convert::Infallible, io::Write};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use lambda_runtime::{LambdaEvent, LambdaInvocation};
use powertools_core::{
    Extract, Record,
    test_util::{CapturedOutput, TestContext},
};
use powertools_jmespath::ErrorKind;
use powertools_logger::{CorrelationIdPath, LoggerLayer, correlation_id};
use serde::Serialize;
use serde_json::{Value, json};
use tower::{BoxError, service_fn};

use crate::support::{builder, called, event, keys, only};

async fn hello<R>(_: R) -> Result<(), Infallible> {
    tracing::info!(id = correlation_id(), "hello");
    Ok(())
}

fn path(expression: &str) -> CorrelationIdPath {
    CorrelationIdPath::new(expression).unwrap()
}

fn found_in<T: Serialize>(path: CorrelationIdPath, payload: T) -> CapturedOutput {
    let service = service_fn(hello::<LambdaEvent<T>>);
    called(builder().correlation_id(path), event(payload), service)
}

fn id(output: &CapturedOutput) -> Option<Value> {
    only(output).get("correlation_id").cloned()
}

#[test]
fn every_source_that_sends_an_id_has_a_path() {
    let request = json!({"requestContext": {"requestId": "a"}});
    let headers = json!({"headers": {"x-amzn-trace-id": "b"}});
    for (path, event) in [
        (CorrelationIdPath::API_GATEWAY_REST, &request),
        (CorrelationIdPath::API_GATEWAY_HTTP, &request),
        (CorrelationIdPath::APPSYNC_AUTHORIZER, &request),
        (CorrelationIdPath::LAMBDA_FUNCTION_URL, &request),
        (CorrelationIdPath::APPLICATION_LOAD_BALANCER, &headers),
        (CorrelationIdPath::VPC_LATTICE, &headers),
        (
            CorrelationIdPath::APPSYNC_RESOLVER,
            &json!({"request": headers}),
        ),
        (CorrelationIdPath::EVENT_BRIDGE, &json!({"id": "c"})),
        (
            CorrelationIdPath::S3_OBJECT_LAMBDA,
            &json!({"xAmzRequestId": "d"}),
        ),
    ] {
        let name = format!("{path:?}");
        let output = found_in(path, event);
        assert!(id(&output).is_some_and(|id| id.is_string()), "{name}");
        // The handler can read it, and it stands behind the invocation's keys.
        assert_eq!(only(&output)["id"], only(&output)["correlation_id"]);
        assert_eq!(keys(&output)[10], "correlation_id");
    }
}

#[test]
fn typed_payloads_and_trees_are_searched_alike() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Event {
        request_context: Context,
        body: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Context {
        request_id: &'static str,
    }
    let typed = || Event {
        request_context: Context { request_id: "r" },
        body: r#"{"order": {"id": "o-1"}}"#,
    };
    let tree = || serde_json::to_value(typed()).unwrap();
    for (expression, expected) in [
        ("requestContext.requestId", "r"),
        ("powertools_json(body).order.id", "o-1"),
        ("join('-', [requestContext.requestId, 'x'])", "r-x"),
    ] {
        assert_eq!(
            id(&found_in(path(expression), typed())),
            Some(json!(expected))
        );
        assert_eq!(
            id(&found_in(path(expression), tree())),
            Some(json!(expected))
        );
    }
}

#[test]
fn the_value_is_written_as_it_was_found() {
    for value in [
        json!("text"),
        json!(7),
        json!(1.5),
        json!(false),
        json!({"a": [1, null]}),
        json!([]),
        json!("a \"b\"\n"),
    ] {
        for expression in ["id", "not_null(id)"] {
            let output = found_in(path(expression), json!({"id": value}));
            assert_eq!(id(&output), Some(value.clone()), "{expression}");
        }
    }
}

#[test]
fn an_event_without_the_path_with_null_or_with_something_else_has_no_id() {
    for event in [
        json!({}),
        json!({"detail": null}),
        json!({"detail": {"id": null}}),
        json!({"detail": "text"}),
        json!({"detail": [1]}),
        json!("text"),
        json!(null),
        json!([1]),
    ] {
        for expression in ["detail.id", "not_null(detail.id)"] {
            assert_eq!(id(&found_in(path(expression), &event)), None, "{event}");
        }
    }
}

#[test]
fn an_expression_that_fails_on_an_event_leaves_it_without_an_id() {
    for event in [json!({}), json!({"body": "not json"}), json!({"body": 7})] {
        let output = found_in(path("powertools_json(body).id"), event);
        assert_eq!(id(&output), None);
        assert_eq!(only(&output)["message"], "hello");
    }
}

#[test]
fn a_gzip_bomb_leaves_the_event_without_an_id() {
    for (size, expected) in [(10, Some("0".repeat(10))), (64 * 1024 * 1024, None)] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&b"0".repeat(size)).unwrap();
        let body = BASE64_STANDARD.encode(gzip.finish().unwrap());
        let bomb = path("powertools_base64_gzip(body)");
        let found = id(&found_in(bomb, json!({"body": body})));
        assert_eq!(found, expected.map(Value::from));
    }
}

#[test]
fn an_expression_that_is_broken_is_an_error_when_built() {
    for (expression, kind) in [
        ("a.", ErrorKind::Syntax),
        ("", ErrorKind::EmptyExpression),
        ("nope(a)", ErrorKind::UnknownFunction),
        ("powertools_json(a, b)", ErrorKind::Arity),
        (&"(".repeat(100_000), ErrorKind::TooLong),
        (&"[".repeat(1000), ErrorKind::TooDeep),
    ] {
        let error = CorrelationIdPath::new(expression).unwrap_err();
        assert_eq!(error.kind(), kind, "{expression:.20}");
    }
}

#[test]
fn a_payload_that_cannot_be_serialized_has_no_id() {
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    for expression in ["id", "not_null(id)"] {
        assert_eq!(id(&found_in(path(expression), map.clone())), None);
    }
}

#[test]
fn an_id_of_more_than_1_kib_is_cut() {
    let long = "a".repeat(5000);
    for expression in ["id", "not_null(id)"] {
        let output = found_in(path(expression), json!({"id": long}));
        let id = id(&output).unwrap();
        let id = id.as_str().unwrap();
        assert!(
            id.len() <= 1024 + 24 && id.ends_with("…[cut]"),
            "{}",
            id.len()
        );
    }
    let own = builder().correlation_id(move |_: &LambdaEvent<()>| Some("b".repeat(5000)));
    let output = called(own, event(()), service_fn(hello));
    let id = id(&output).unwrap();
    assert!(id.as_str().unwrap().len() < 1100, "{id}");
    assert!(id.as_str().unwrap().ends_with("…[cut]"), "{id}");
}

#[test]
fn at_the_runtime_level_the_raw_event_is_searched() {
    let found = |body: &'static str, path: CorrelationIdPath| {
        let request = TestContext::new("r-1").invocation(body);
        let service = service_fn(async |invocation: LambdaInvocation| {
            hello(invocation).await.map_err(BoxError::from)
        });
        id(&called(builder().correlation_id(path), request, service))
    };
    let event = r#"{"id": "first", "id": "last", "n": {"a": 1}}"#;
    assert_eq!(
        found(event, CorrelationIdPath::EVENT_BRIDGE),
        Some(json!("last"))
    );
    assert_eq!(found(event, path("n")), Some(json!({"a": 1})));
    for no_json in ["", "{", "not json", "{} trailing"] {
        assert_eq!(found(no_json, CorrelationIdPath::EVENT_BRIDGE), None);
        assert_eq!(found(no_json, path("not_null(id)")), None);
    }
}

#[test]
fn a_record_of_a_batch_has_an_id_of_its_own() {
    let records = Record::batch(vec![json!({"id": "a"}), json!({"id": 2}), json!({})]);
    let ids: Vec<_> = records
        .map(|record| {
            let keyed = builder().correlation_id(CorrelationIdPath::EVENT_BRIDGE);
            id(&called(keyed, record, service_fn(hello::<Record<Value>>)))
        })
        .collect();
    assert_eq!(ids, [Some(json!("a")), Some(json!(2)), None]);
}

#[test]
fn a_function_of_ones_own_needs_no_serialize() {
    struct Event {
        order: &'static str,
    }
    let own = |event: &LambdaEvent<Event>| {
        (!event.payload.order.is_empty()).then(|| event.payload.order.to_owned())
    };
    for (order, expected) in [("o \"1\"", Some(json!("o \"1\""))), ("", None)] {
        let keyed = builder().correlation_id(own);
        let output = called(keyed, event(Event { order }), service_fn(hello));
        assert_eq!(id(&output), expected);
    }
}

#[test]
fn what_an_extractor_of_ones_own_writes_is_checked() {
    #[derive(Clone)]
    struct Raw(&'static [u8]);
    impl<R> Extract<R> for Raw {
        fn extract(&self, _: &R) -> Option<String> {
            None
        }
        fn extract_json(&self, _: &R, json: &mut Vec<u8>) -> bool {
            json.extend_from_slice(self.0);
            true
        }
    }
    for (json, expected) in [
        (&b"{\"a\":\n 1}"[..], Some(json!({"a": 1}))),
        (b" \"text\" ", Some(json!("text"))),
        (br#""\u00e9\n""#, Some(json!("é\n"))),
        (br#"{"cookie": "s3cret"}"#, Some(json!({"cookie": "***"}))),
        (b"not json", None),
        (b"", None),
        (b"\"a\" \"b\"", None),
        (b"\"\xff\"", None),
        (b"null", None),
    ] {
        let output = called(
            builder().correlation_id(Raw(json)),
            event(()),
            service_fn(hello),
        );
        assert_eq!(id(&output), expected, "{}", json.escape_ascii());
    }
    // Half a character, which no reader of JSON text takes.
    let output = called(
        builder().correlation_id(Raw(br#""\ud800""#)),
        event(()),
        service_fn(hello),
    );
    assert_eq!(only(&output)["message"], "hello");
}

#[test]
fn the_path_does_not_lead_to_what_is_hidden() {
    let payload = json!({"headers": {"Authorization": "s3cret"}, "deep": {"cookie": "s3cret"}});
    for expression in ["headers.Authorization", "deep", "not_null(deep)"] {
        let output = found_in(path(expression), &payload);
        assert!(!output.text().contains("s3cret"), "{}", output.text());
        assert!(output.text().contains("***"), "{}", output.text());
    }
}

#[test]
fn names_on_the_list_are_hidden_within_the_id() {
    let keyed = builder().redact(["card"]).correlation_id(path("order"));
    let payload = json!({"order": {"id": 1, "card": "s3cret"}});
    let output = called(keyed, event(payload), service_fn(hello));
    assert_eq!(id(&output), Some(json!({"id": 1, "card": "***"})));
}

#[test]
fn an_invocation_that_has_none_does_not_have_that_of_the_one_before() {
    let output = crate::support::logged(
        builder().correlation_id(CorrelationIdPath::EVENT_BRIDGE),
        |logger: &LoggerLayer<_>| {
            use tower::{Layer, ServiceExt};
            for payload in [json!({"id": "a"}), json!({})] {
                let service = logger.layer(service_fn(hello::<LambdaEvent<Value>>));
                crate::support::block_on(service.oneshot(event(payload))).unwrap();
            }
        },
    );
    let [first, second] = output.json().try_into().unwrap();
    assert_eq!(first["correlation_id"], "a");
    assert_eq!(second.get("correlation_id"), None);
}
