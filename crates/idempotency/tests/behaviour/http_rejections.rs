//! What an http caller is told.

use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use powertools_core::test_util::TestContext;
use powertools_idempotency::{
    IdempotencyError, IdempotencyErrorKind as Kind, IdempotencyLayer, StoreErrorKind, TooLarge,
};
use serde_json::{Value, json};

use crate::support::{
    Bed, Fault, Logs, Op, TestStore, Text, ask, http_bed, keyed, moment, ms, read, secs, text_of,
};

/// Status, Retry-After and title of the problem details.
pub(crate) async fn told(response: Response<Text>) -> (u16, Option<String>, Value) {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let retry = response.headers().get("retry-after");
    let retry = retry.map(|value| value.to_str().unwrap().to_owned());
    let (status, body) = read(response).await;
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], "about:blank");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty())
    );
    assert_eq!(problem.as_object().unwrap().len(), 4);
    (status, retry, problem["title"].clone())
}

async fn next(bed: &Bed, layer: &IdempotencyLayer<TestStore>) -> Response<Text> {
    ask(&bed.runs, layer, keyed("body"), |_| text_of("ran")).await
}

const SOON: Option<&str> = Some("1");

fn is(told: &(u16, Option<String>, Value), status: u16, retry: Option<&str>, title: &str) {
    let expected = (status, retry.map(ToOwned::to_owned), json!(title));
    assert_eq!(*told, expected);
}

#[tokio::test]
async fn a_running_call_is_409_with_retry_after() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    next(&bed, &layer).await;
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    is(&told(next(&bed, &layer).await).await, 409, SOON, "Conflict");
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn a_call_whose_key_was_taken_over_is_409() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    next(&bed, &layer).await;
    let key = bed.store.records.keys().pop().unwrap();
    bed.store.records.clear();
    let successor = bed.running_elsewhere(&key, secs(9));
    bed.store.records.clear();
    let records = bed.store.records.clone();
    let (theirs, records_key) = (successor.clone(), key.clone());
    let taken_over = move |_| {
        records.insert(records_key.clone(), theirs.clone());
        text_of("late")
    };
    let answer = ask(&bed.runs, &layer, keyed("body"), taken_over).await;
    is(&told(answer).await, 409, SOON, "Conflict");
    assert_eq!(bed.record().await, successor);
}

#[tokio::test]
async fn another_payload_is_422() {
    let (bed, builder) = http_bed();
    let layer = builder.payload_validation("body").build().unwrap();
    ask(&bed.runs, &layer, keyed("1"), |_| text_of("a")).await;
    let answer = ask(&bed.runs, &layer, keyed("2"), |_| text_of("b")).await;
    is(&told(answer).await, 422, None, "Unprocessable Entity");
    let again = ask(&bed.runs, &layer, keyed("1"), |_| text_of("b")).await;
    assert_eq!(read(again).await, (200, "a".into()));
}

#[tokio::test]
async fn a_missing_key_where_one_is_required_is_400() {
    let (bed, builder) = http_bed();
    let layer = builder.require_key(true).build().unwrap();
    let answer = ask(&bed.runs, &layer, Request::new(Text::from("")), |_| {
        text_of("a")
    })
    .await;
    is(&told(answer).await, 400, None, "Bad Request");
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_400() {
    let bed = Bed::default();
    let layer = bed
        .builder()
        .key("powertools_json(body).id")
        .build()
        .unwrap();
    let answer = ask(&bed.runs, &layer, keyed("no json"), |_| text_of("a")).await;
    is(&told(answer).await, 400, None, "Bad Request");
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_missing_tenant_is_400() {
    let (bed, builder) = http_bed();
    let layer = builder.tenant_isolation(true).build().unwrap();
    is(
        &told(next(&bed, &layer).await).await,
        400,
        None,
        "Bad Request",
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_is_413() {
    let bed = Bed::default();
    let layer = bed.builder().key("body").max_body_len(4).build().unwrap();
    let answer = ask(&bed.runs, &layer, keyed("12345"), |_| text_of("a")).await;
    is(&told(answer).await, 413, None, "Payload Too Large");
    let fits = ask(&bed.runs, &layer, keyed("1234"), |_| text_of("a")).await;
    assert_eq!(fits.status(), 200);
}

#[tokio::test]
async fn a_store_that_fails_when_nothing_has_run_is_503_with_retry_after() {
    for op in [Op::Claim, Op::Get] {
        let (bed, builder) = http_bed();
        let layer = builder.build().unwrap();
        if op == Op::Get {
            bed.store.next(Op::Claim, Fault::Refuses);
        }
        bed.store.fail(op, StoreErrorKind::Throttled);
        is(
            &told(next(&bed, &layer).await).await,
            503,
            SOON,
            "Service Unavailable",
        );
        assert_eq!(bed.runs.count(), 0);
    }
    let (bed, builder) = http_bed();
    for _ in 0..3 {
        bed.store.next(Op::Claim, Fault::Refuses);
    }
    let layer = builder.build().unwrap();
    is(
        &told(next(&bed, &layer).await).await,
        503,
        SOON,
        "Service Unavailable",
    );
}

#[tokio::test]
async fn a_service_that_has_run_and_whose_answer_is_not_kept_is_500_without_retry_after() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    bed.store.fail(Op::Complete, StoreErrorKind::Throttled);
    let answer = told(next(&bed, &layer).await).await;
    is(&answer, 500, None, "Internal Server Error");
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn a_request_whose_time_is_over_before_it_could_run_is_503_with_retry_after() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let clock = bed.clock.clone();
    let late = Fault::after(move || clock.advance(secs(4)));
    bed.store.next(Op::Claim, late);
    let context = TestContext::new("r").deadline(moment() + secs(3)).build();
    let mut request = keyed("body");
    request.extensions_mut().insert(context);
    let answer = ask(&bed.runs, &layer, request, |_| text_of("ran")).await;
    is(&told(answer).await, 503, SOON, "Service Unavailable");
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
}

#[tokio::test]
async fn a_release_that_fails_leaves_the_services_own_answer_and_warns() {
    let logs = Logs::install();
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    bed.store.fail(Op::Release, StoreErrorKind::Unavailable);
    let answers = |_| {
        let answer = Response::builder().status(500);
        answer.body(Text::from("mine")).unwrap()
    };
    let answer = ask(&bed.runs, &layer, keyed(""), answers).await;
    assert_eq!(read(answer).await, (500, "mine".into()));
    let [warning] = logs.warnings().try_into().unwrap();
    assert!(warning.contains("left to its lease"), "{warning}");
    assert_eq!(next(&bed, &layer).await.status(), 409);
    bed.clock.advance(secs(15 * 60) + ms(1));
    assert_eq!(next(&bed, &layer).await.status(), 200);
}

#[tokio::test]
async fn what_is_left_is_500() {
    // No key expression.
    let bed = Bed::default();
    let plain = bed.layer();
    is(
        &told(next(&bed, &plain).await).await,
        500,
        None,
        "Internal Server Error",
    );
    assert_eq!(bed.runs.count(), 0);
    // An answer that is too large, and one that was left out.
    let (bed, builder) = http_bed();
    bed.store.limit(8);
    let layer = builder.build().unwrap();
    is(
        &told(next(&bed, &layer).await).await,
        500,
        None,
        "Internal Server Error",
    );
    let (bed, builder) = http_bed();
    bed.store.limit(8);
    let layer = builder.too_large(TooLarge::OmitResponse).build().unwrap();
    assert_eq!(next(&bed, &layer).await.status(), 200);
    is(
        &told(next(&bed, &layer).await).await,
        500,
        None,
        "Internal Server Error",
    );
    // A record that is no answer.
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    next(&bed, &layer).await;
    let key = bed.store.records.keys().pop().unwrap();
    for json in ["1", "{\"statusCode\": 99}", "{}"] {
        let record = bed.record().await;
        let answer = powertools_idempotency::Answer::Response(json.into());
        bed.store
            .records
            .insert(key.clone(), record.with_answer(answer));
        is(
            &told(next(&bed, &layer).await).await,
            500,
            None,
            "Internal Server Error",
        );
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn each_can_be_replaced_and_none_leaves_the_usual_one() {
    let (bed, builder) = http_bed();
    let replaces = |error: &IdempotencyError| {
        let body = match error.kind() {
            Kind::InProgress => "wait",
            Kind::Claim => "later",
            _ => return None,
        };
        let answer = Response::builder().status(418).header("x-mine", "1");
        Some(answer.body(Bytes::from(body)).unwrap())
    };
    let layer = builder
        .rejection(replaces)
        .require_key(true)
        .build()
        .unwrap();
    next(&bed, &layer).await;
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    let refused = next(&bed, &layer).await;
    assert_eq!(refused.headers()["x-mine"], "1");
    assert!(!refused.headers().contains_key("retry-after"));
    assert_eq!(read(refused).await, (418, "wait".into()));
    bed.store.fail(Op::Claim, StoreErrorKind::Throttled);
    assert_eq!(read(next(&bed, &layer).await).await, (418, "later".into()));
    let missing = ask(&bed.runs, &layer, Request::new(Text::from("")), |_| {
        text_of("a")
    })
    .await;
    is(&told(missing).await, 400, None, "Bad Request");
}
