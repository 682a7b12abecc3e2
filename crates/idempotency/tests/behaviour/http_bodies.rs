//! Bodies of requests and answers.

use std::{convert::Infallible, io, sync::atomic::Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use powertools_idempotency::{Answer, IdempotencyLayer, Status};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    Bed, Op, Part, Runs, Scripted, TestStore, Text, ask, background, http_bed, keyed, ms, read,
    secs, text_of,
};

fn keyed_body(parts: impl IntoIterator<Item = Part>) -> Request<Scripted> {
    let request = Request::builder().header("idempotency-key", "k");
    request.body(Scripted::new(parts)).unwrap()
}

/// Answers with the body of the request.
async fn echo(
    runs: &Runs,
    layer: &IdempotencyLayer<TestStore>,
    request: Request<Scripted>,
) -> Result<Response<Scripted>, Infallible> {
    let runs = runs.clone();
    let service = service_fn(move |request: Request<Scripted>| {
        runs.add();
        async { Ok(Response::new(request.into_body())) }
    });
    layer.layer(service).oneshot(request).await
}

const BINARY: &[u8] = b"\x00\xff\xfe";

#[tokio::test]
async fn a_binary_answer_comes_back_as_it_was() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    for _ in 0..2 {
        let answers = |_| Response::new(Text::from(BINARY));
        let answer = ask(&bed.runs, &layer, keyed(""), answers).await;
        assert_eq!(read(answer).await, (200, Bytes::from_static(BINARY)));
    }
    assert_eq!(bed.runs.count(), 1);
    let record = bed.record().await;
    let Some(Answer::Response(json)) = record.answer() else {
        panic!("{record:?}");
    };
    let stored: Value = json.parse().unwrap();
    assert_eq!(stored["body"], "AP/+");
    assert_eq!(stored["isBase64Encoded"], true);
}

#[tokio::test]
async fn a_text_stays_text_on_lambda_first_and_again() {
    use lambda_http::Body;
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    for (method, sent) in [("POST", Body::from("h\u{e9}")), ("PUT", Body::from(BINARY))] {
        bed.store.records.clear();
        for _ in 0..2 {
            let text = sent.clone();
            let service = service_fn(move |_: Request<Body>| {
                let text = text.clone();
                async { Ok::<_, Infallible>(Response::new(text)) }
            });
            let request = Request::builder()
                .method(method)
                .header("idempotency-key", "k");
            let request = request.body(Body::Empty).unwrap();
            let answer = layer.layer(service).oneshot(request).await.unwrap();
            assert_eq!(*answer.body(), sent);
        }
    }
}

#[tokio::test]
async fn a_body_is_read_only_if_an_expression_needs_it() {
    for (key, validation) in [
        ("headers.\"idempotency-key\"", ""),
        ("httpMethod", "path"),
        ("headers.\"idempotency-key\"", "queryStringParameters.a"),
    ] {
        let bed = Bed::default();
        let builder = bed.builder().key(key).payload_validation(validation);
        let layer = builder.build().unwrap();
        // It would fail.
        let request = keyed_body([Part::Fails("not read")]);
        let polls = request.body().polls();
        let ignores = service_fn(|_: Request<Scripted>| async {
            Ok::<_, Infallible>(Response::new(Scripted::default()))
        });
        let answer = layer.layer(ignores).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(polls.load(Ordering::SeqCst), 0, "{key} {validation}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_is_passed_on_untouched() {
    let (_bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let request = keyed_body([Part::Data(b"a"), Part::Data(BINARY)]);
    let polls = request.body().polls();
    let service = service_fn(move |request: Request<Scripted>| {
        assert_eq!(polls.load(Ordering::SeqCst), 0);
        async {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(Response::new(Scripted::from(body.to_vec())))
        }
    });
    let answer = layer.layer(service).oneshot(request).await.unwrap();
    assert_eq!(
        read(answer).await,
        (200, Bytes::from_static(b"a\x00\xff\xfe"))
    );
}

#[tokio::test]
async fn a_body_that_is_read_is_passed_on_as_it_was() {
    for expression in ["body", "isBase64Encoded", "@", "[body, path]"] {
        for parts in [[&b"{\"id\""[..], b": 1}"], [b"\xff", BINARY], [b"", b""]] {
            let bed = Bed::default();
            // A body alone may be missing.
            let layer = bed.builder().key(expression).build().unwrap();
            let whole = Bytes::from(parts.concat());
            let request = keyed_body(parts.map(Part::Data));
            let answer = echo(&bed.runs, &layer, request).await.unwrap();
            assert_eq!(read(answer).await, (200, whole), "{expression}");
            assert_eq!(bed.runs.count(), 1);
        }
    }
}

#[tokio::test]
async fn headers_and_extensions_of_the_request_are_passed_on() {
    let bed = Bed::default();
    let layer = bed.builder().key("body").build().unwrap();
    let mut request = keyed("text");
    request.extensions_mut().insert(7_u8);
    let answers = |request: Request<Text>| {
        assert_eq!(request.headers()["idempotency-key"], "k");
        assert_eq!(request.extensions().get(), Some(&7_u8));
        assert_eq!(request.method(), "POST");
        text_of("a")
    };
    ask(&bed.runs, &layer, request, answers).await;
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn bodies_that_differ_are_different_keys() {
    let bed = Bed::default();
    let layer = bed
        .builder()
        .key("powertools_json(body).id")
        .build()
        .unwrap();
    for (body, runs) in [
        (r#"{"id":1}"#, 1),
        (r#"{"id":2}"#, 2),
        (r#"{ "id": 1, "a": 0 }"#, 2),
    ] {
        ask(&bed.runs, &layer, keyed(body), |_| text_of("a")).await;
        assert_eq!(bed.runs.count(), runs, "{body}");
    }
}

#[tokio::test]
async fn a_body_that_fails_is_400_and_runs_nothing() {
    let bed = Bed::default();
    let layer = bed.builder().key("body").build().unwrap();
    let request = keyed_body([Part::Data(b"a"), Part::Fails("reset")]);
    let answer = echo(&bed.runs, &layer, request).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn an_answer_in_parts_is_collected_before_it_is_sent_on() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let request = keyed_body([Part::Data(b"one "), Part::Data(b"two")]);
    let answer = echo(&bed.runs, &layer, request).await.unwrap();
    assert_eq!(
        bed.status().await,
        Some(Status::Completed),
        "before it is read"
    );
    assert_eq!(read(answer).await, (200, "one two".into()));
    let again = echo(&bed.runs, &layer, keyed_body([])).await.unwrap();
    assert_eq!(read(again).await, (200, "one two".into()));
}

#[tokio::test]
async fn an_answer_that_is_not_kept_is_not_collected() {
    let (bed, builder) = http_bed();
    let layer = builder.keep_status(|_| false).build().unwrap();
    let request = keyed_body([Part::Data(b"a"), Part::Hangs]);
    let polls = request.body().polls();
    echo(&bed.runs, &layer, request).await.unwrap();
    assert_eq!(polls.load(Ordering::SeqCst), 0);
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn an_answer_whose_body_fails_is_500_and_leaves_the_record_to_its_lease() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let request = keyed_body([Part::Data(b"a"), Part::Fails("reset")]);
    let answer = echo(&bed.runs, &layer, request).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(!answer.headers().contains_key("retry-after"));
    background().await;
    assert_eq!(bed.store.calls(), [Op::Claim]);
    assert_eq!(bed.status().await, Some(Status::InProgress));
    bed.clock.advance(secs(15 * 60));
    let refused = echo(&bed.runs, &layer, keyed_body([])).await.unwrap();
    assert_eq!(refused.status(), 409);
    assert_eq!(bed.runs.count(), 1);
    bed.clock.advance(ms(1));
    let again = echo(&bed.runs, &layer, keyed_body([Part::Data(b"b")])).await;
    assert_eq!(read(again.unwrap()).await, (200, "b".into()));
}

#[tokio::test]
async fn the_error_of_the_service_is_its_own_and_lets_the_call_run_again() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    for unreleased in [false, true] {
        if unreleased {
            bed.store
                .fail(Op::Release, powertools_idempotency::StoreErrorKind::Other);
        }
        let fails = service_fn(|_: Request<Text>| async {
            Err::<Response<Text>, _>(io::Error::other("mine"))
        });
        let failed: Result<_, io::Error> = layer.layer(fails).oneshot(keyed("")).await;
        assert_eq!(failed.unwrap_err().to_string(), "mine");
        let left = unreleased.then_some(Status::InProgress);
        assert_eq!(bed.status().await, left);
    }
}

#[tokio::test]
async fn a_final_error_of_the_service_is_given_again_as_its_own() {
    let (bed, builder) = http_bed();
    let layer = builder.final_errors(|error: &String| error == "gone");
    let layer = layer.build().unwrap();
    for _ in 0..2 {
        let runs = bed.runs.clone();
        let fails = service_fn(move |_: Request<Text>| {
            runs.add();
            async { Err::<Response<Text>, _>("gone".to_owned()) }
        });
        let failed: Result<_, String> = layer.layer(fails).oneshot(keyed("")).await;
        assert_eq!(failed.unwrap_err(), "gone");
    }
    assert_eq!(bed.runs.count(), 1);
}
