//! Answers come back as they were, or not at all.

use powertools_core::LayerError;
use powertools_idempotency::{
    Answer, IdempotencyErrorKind as Kind, Status, StoredRecord, idempotent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Bed, HOUR, Op, SECONDS, background, key, kind, ms, own, secs};

#[tokio::test]
async fn falsy_answers_are_replayed_as_they_were() {
    for answer in [
        json!(0),
        json!(false),
        json!(""),
        json!([]),
        json!({}),
        json!(null),
    ] {
        let bed = Bed::default();
        let layer = bed.layer();
        for _ in 0..2 {
            let given = bed.answer(&layer, answer.clone()).await.unwrap();
            assert_eq!(given, answer);
        }
        assert_eq!(bed.runs.count(), 1, "{answer}");
    }
}

/// Runs twice, and gives what came back.
async fn twice<T>(answer: T) -> T
where
    T: Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    let bed = Bed::default();
    let layer = bed.layer();
    let mut last = None;
    for _ in 0..2 {
        let answer = answer.clone();
        let gives = move || std::future::ready(Ok(answer.clone()));
        last = Some(bed.call(&layer, gives).await.unwrap());
    }
    assert_eq!(bed.runs.count(), 1);
    last.unwrap()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    Named { a: u8, b: Option<String> },
}

#[tokio::test]
async fn typed_answers_come_back_as_the_same_type() {
    let () = twice(()).await;
    assert_eq!(twice(None::<u8>).await, None);
    assert_eq!(twice(i64::MIN).await, i64::MIN);
    assert_eq!(twice(u64::MAX).await, u64::MAX);
    assert_eq!(
        twice("h\u{e9} \u{1f600} \u{0} \"".to_owned()).await,
        "h\u{e9} \u{1f600} \u{0} \""
    );
    let float = 0.100_000_000_000_000_02_f64;
    assert_eq!(twice(float).await.to_bits(), float.to_bits());
    assert_eq!(twice(Shape::Unit).await, Shape::Unit);
    let named = Shape::Named { a: 1, b: None };
    assert_eq!(twice(named.clone()).await, named);
    assert_eq!(twice((1_u8, [true, false])).await, (1, [true, false]));
}

/// Cannot be written as JSON.
#[derive(Debug, Deserialize)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not this"))
    }
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_an_error_and_the_call_has_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    let error = own(bed.call(&layer, || async { Ok(Unwritable) }).await);
    assert_eq!(error.kind(), Kind::Unstorable);
    assert!(error.has_run());
    assert_eq!(error.key(), Some(key(&layer).as_str()));
    background().await;
    // Only the lease lets it run again.
    assert_eq!(bed.store.calls(), [Op::Claim]);
    assert_eq!(bed.status().await, Some(Status::InProgress));
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(secs(15 * 60) + ms(1));
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn what_is_stored_but_no_answer_of_this_handler_is_an_error_that_runs_nothing() {
    let bed = Bed::default();
    let layer = bed.layer();
    for json in ["{", "", "\"text\"", "{\"a\": \"b\"}", "1 2"] {
        let record = StoredRecord::new(Status::Completed, SECONDS + HOUR)
            .with_answer(Answer::Response(json.into()));
        bed.store.records.insert(key(&layer), record.clone());
        let numbers = || async { Ok(vec![1_u8]) };
        let error = own(bed.call(&layer, numbers).await);
        assert_eq!(error.kind(), Kind::UnreadableAnswer, "{json}");
        assert_eq!(bed.record().await, record, "it is left alone");
    }
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_record_of_another_language_without_an_answer_stands_for_null() {
    let bed = Bed::default();
    let layer = bed.layer();
    let record = StoredRecord::new(Status::Completed, SECONDS + HOUR);
    bed.store.records.insert(key(&layer), record);
    assert_eq!(bed.next(&layer).await.unwrap(), Value::Null);
    let nothing = || async { Ok(None::<u8>) };
    assert_eq!(bed.call(&layer, nothing).await.unwrap(), None);
    let number = || async { Ok(1_u8) };
    assert_eq!(kind(bed.call(&layer, number).await), Kind::UnreadableAnswer);
}

#[tokio::test]
async fn a_reference_to_an_overflow_store_that_is_not_there_is_an_answer_that_was_not_kept() {
    let bed = Bed::default();
    let layer = bed.layer();
    let record = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Overflow("bucket/k".into()));
    bed.store.records.insert(key(&layer), record.clone());
    let error = own(bed.next(&layer).await);
    assert_eq!(error.kind(), Kind::ResponseOmitted);
    assert_eq!(error.record(), Some(&record));
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn the_first_call_gets_its_own_answer_and_not_what_was_stored() {
    /// Loses a part when it is written.
    #[derive(Serialize, Deserialize)]
    struct Partly {
        kept: u8,
        #[serde(skip)]
        lost: u8,
    }
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let call = || async {
        let run = || async { Ok::<_, String>(Partly { kept: 1, lost: 2 }) };
        match idempotent(&config, &"k", run).await {
            Ok(partly) => [partly.kept, partly.lost],
            Err(LayerError::Layer(error)) => panic!("{error}"),
            Err(_) => panic!("the handler's error"),
        }
    };
    assert_eq!(call().await, [1, 2]);
    assert_eq!(call().await, [1, 0]);
}
