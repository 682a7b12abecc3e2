//! Nothing of payloads, keys, answers and errors is in what is said and logged.

use http::{Request, Response};
use lambda_runtime::{Diagnostic, LambdaEvent};
use powertools_core::LayerError;
use powertools_idempotency::{
    Answer, IdempotencyError, IdempotencyLayer, Status, StoreErrorKind, StoredRecord, TooLarge,
};
use serde_json::{Value, json};
use std::fmt::Write;

use crate::support::{
    Answered, Bed, Fault, HOUR, Logs, Op, SECONDS, TestStore, Text, ask, background, chain,
    event_of, http_bed, read, secs,
};

const SECRET: &str = "s3cret";

fn event() -> LambdaEvent<Value> {
    event_of(json!({"id": SECRET, "amount": 1, "body": "{s3cret"}))
}

fn answer() -> Value {
    json!({"card": "s3cret", "n": [SECRET]})
}

/// All that an error shows.
fn shown(error: IdempotencyError) -> String {
    let mut text = chain(&error);
    write!(text, "{:?} {:?}", error.record(), error.key()).unwrap();
    let layer: LayerError<Diagnostic, _> = LayerError::Layer(error);
    let diagnostic = Diagnostic::from(layer);
    write!(
        text,
        "{} {}",
        diagnostic.error_type, diagnostic.error_message
    )
    .unwrap();
    text
}

fn clean(answered: Answered) -> String {
    let text = shown(crate::support::own(answered));
    assert!(!text.contains(SECRET), "{text}");
    text
}

async fn run<H, F>(bed: &Bed, layer: &IdempotencyLayer<TestStore, H, F>) -> Answered
where
    H: powertools_idempotency::ReplayHook<Value>,
    F: powertools_idempotency::KeepErrors<String>,
{
    bed.answer_to(layer, event(), answer()).await
}

#[tokio::test]
async fn not_in_errors_of_the_store() {
    let logs = Logs::install();
    for op in [Op::Claim, Op::Get, Op::Complete] {
        let bed = Bed::default();
        if op == Op::Get {
            bed.store.next(Op::Claim, Fault::Refuses);
        }
        bed.store.fail(op, StoreErrorKind::Unavailable);
        clean(run(&bed, &bed.layer()).await);
    }
    let bed = Bed::default();
    bed.store.fail(Op::Release, StoreErrorKind::Unavailable);
    let fails = || async { Err::<Value, _>(SECRET.to_owned()) };
    clean(bed.call_with(&bed.layer(), event(), fails).await);
    assert!(!logs.text().contains(SECRET), "{}", logs.text());
}

#[tokio::test]
async fn not_in_errors_of_keys_and_expressions() {
    let bed = Bed::default();
    for key in [
        "powertools_json(body)",
        "powertools_base64(body)",
        "abs(body)",
        "sort(body)",
    ] {
        let layer = bed.builder().key(key).build().unwrap();
        clean(run(&bed, &layer).await);
        let layer = bed.builder().payload_validation(key).build().unwrap();
        clean(run(&bed, &layer).await);
    }
    let config = bed.builder().build_config().unwrap();
    let text = shown(config.key_from_json(b"{\"s3cret\": s3cret}").unwrap_err());
    assert!(!text.contains(SECRET), "{text}");
    let identity = config.identify(b"\"s3cret\"").unwrap();
    assert!(!format!("{identity:?} {config:?}").contains(SECRET));
}

#[tokio::test]
async fn not_in_errors_that_show_a_record() {
    let bed = Bed::default();
    let builder = bed.builder().key("id").payload_validation("amount");
    let layer = builder.build().unwrap();
    run(&bed, &layer).await.unwrap();
    let other = event_of(json!({"id": SECRET, "amount": "s3cret"}));
    clean(bed.answer_to(&layer, other, answer()).await);
    let key = bed.store.records.keys().pop().unwrap();
    let hash = bed.record().await.payload_hash().unwrap().to_owned();
    let running = bed
        .running_elsewhere(&key, secs(9))
        .with_payload_hash(hash.clone());
    bed.store.records.insert(key, running);
    let text = clean(run(&bed, &layer).await);
    assert!(!text.contains(&hash), "nor the hash of the payload");
}

#[tokio::test]
async fn not_in_errors_of_what_is_stored() {
    let logs = Logs::install();
    let bed = Bed::default();
    let layer = bed.builder().local_cache(8).final_errors(|_: &String| true);
    let layer = layer.build().unwrap();
    let key = {
        run(&bed, &layer).await.unwrap();
        bed.store.records.keys().pop().unwrap()
    };
    for stored in [
        Answer::Response("s3cret".into()),
        Answer::Response("{\"s3cret\": s3cret".into()),
        Answer::Error("{\"s3cret\": 1}".into()),
        Answer::Overflow("s3cret".into()),
    ] {
        layer.config().clear_cache();
        let record = StoredRecord::new(Status::Completed, SECONDS + HOUR).with_answer(stored);
        assert!(!format!("{record:?}").contains(SECRET));
        bed.store.records.insert(key.clone(), record);
        clean(run(&bed, &layer).await);
    }
    // Of another type.
    let record = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("\"s3cret\"".into()));
    bed.store.records.insert(key, record);
    layer.config().clear_cache();
    let number = || async { Ok(1_u8) };
    let text = shown(crate::support::own(
        bed.call_with(&layer, event(), number).await,
    ));
    assert!(!text.contains(SECRET), "{text}");
    assert!(!logs.text().contains(SECRET), "{}", logs.text());
}

#[tokio::test]
async fn not_in_errors_of_answers_and_policies() {
    let logs = Logs::install();
    let bed = Bed::default();
    bed.store.limit(4);
    clean(run(&bed, &bed.layer()).await);
    let bed = Bed::default();
    bed.store.limit(4);
    let builder = bed.builder().too_large(TooLarge::OmitResponse);
    let layer = builder.build().unwrap();
    run(&bed, &layer).await.unwrap();
    clean(run(&bed, &layer).await);
    // Keys without a record, drops, panics.
    let keyless = bed.builder().key("nothing").build().unwrap();
    run(&bed, &keyless).await.unwrap();
    let layer = bed.builder().key_prefix("drop").build().unwrap();
    bed.store.fail(Op::Release, StoreErrorKind::Unavailable);
    let hangs = std::future::pending::<Result<Value, String>>;
    crate::support::drop_pending(bed.call_with(&layer, event(), hangs)).await;
    background().await;
    assert!(!logs.text().is_empty());
    assert!(!logs.text().contains(SECRET), "{}", logs.text());
}

#[tokio::test]
async fn not_in_answers_of_the_layer_and_its_lines_at_the_http_level() {
    let logs = Logs::install();
    let request = || {
        let request = Request::builder().uri("/s3cret?s3cret=s3cret");
        let request = request.header("idempotency-key", SECRET);
        request.body(Text::from("{s3cret")).unwrap()
    };
    let answers = |_: Request<Text>| Response::new(Text::from(SECRET));
    for (op, expected) in [(Op::Claim, 503), (Op::Complete, 500)] {
        let (bed, builder) = http_bed();
        bed.store.fail(op, StoreErrorKind::Unavailable);
        let layer = builder.build().unwrap();
        let answer = ask(&bed.runs, &layer, request(), answers).await;
        assert!(!format!("{answer:?}").contains(SECRET));
        let (status, body) = read(answer).await;
        assert_eq!(status, expected);
        assert!(!String::from_utf8_lossy(&body).contains(SECRET), "{body:?}");
    }
    let bed = Bed::default();
    for (key, expected) in [
        ("powertools_json(body)", 400),
        ("headers.\"idempotency-key\"", 409),
    ] {
        let layer = bed.builder().key(key).build().unwrap();
        if expected == 409 {
            ask(&bed.runs, &layer, request(), answers).await;
            bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
        }
        let answer = ask(&bed.runs, &layer, request(), answers).await;
        let (status, body) = read(answer).await;
        assert_eq!(status, expected);
        assert!(!String::from_utf8_lossy(&body).contains(SECRET), "{body:?}");
    }
    assert!(!logs.text().is_empty());
    assert!(!logs.text().contains(SECRET), "{}", logs.text());
}
