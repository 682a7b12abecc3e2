//! The layer around the handler of a batch's records.

use powertools_core::{LayerError, Record};
use powertools_idempotency::{IdempotencyLayer, Status};
use serde::Serialize;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Answered, Bed, TestStore, own, secs};

#[derive(Serialize)]
struct Message {
    id: &'static str,
    body: u8,
}

async fn handle(
    bed: &Bed,
    layer: &IdempotencyLayer<TestStore>,
    record: Record<Message>,
) -> Answered<u8> {
    let runs = bed.runs.clone();
    let handler = service_fn(move |record: Record<Message>| {
        runs.add();
        async move {
            match record.body {
                0 => Err("empty".to_owned()),
                body => Ok(body),
            }
        }
    });
    layer.layer(handler).oneshot(record).await
}

fn batch(messages: &[(&'static str, u8)]) -> impl Iterator<Item = Record<Message>> {
    let message = |(id, body): &(&'static str, u8)| Message { id, body: *body };
    Record::batch(messages.iter().map(message).collect())
}

#[tokio::test]
async fn each_record_runs_once_and_fails_alone() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    let messages = [("a", 1), ("b", 0), ("a", 2), ("c", 3)];
    let mut answers = Vec::new();
    for record in batch(&messages) {
        answers.push(handle(&bed, &layer, record).await.ok());
    }
    assert_eq!(answers, [Some(1), None, Some(1), Some(3)]);
    assert_eq!(bed.runs.count(), 3);
    assert_eq!(bed.store.records.len(), 2, "the failed one is left out");
    // The batch comes again, as SQS does it: what is done does not run.
    for record in batch(&messages) {
        let index = record.index();
        let answer = handle(&bed, &layer, record).await;
        assert_eq!(answer.is_err(), index == 1);
    }
    assert_eq!(bed.runs.count(), 4);
}

#[tokio::test]
async fn the_handlers_error_is_inner_and_the_layers_own_is_layer() {
    let bed = Bed::default();
    let layer = bed.builder().key("id").build().unwrap();
    let [failing, twin] = [("a", 0), ("a", 1)].map(|message| batch(&[message]).next().unwrap());
    let failed = handle(&bed, &layer, failing).await;
    assert!(matches!(failed, Err(LayerError::Inner(text)) if text == "empty"));
    handle(&bed, &layer, twin.clone()).await.unwrap();
    let key = bed.store.records.keys().pop().unwrap();
    bed.running_elsewhere(&key, secs(9));
    assert!(own(handle(&bed, &layer, twin).await).is_in_progress());
}

#[tokio::test]
async fn the_lease_is_that_of_the_invocation_the_batch_came_in() {
    use powertools_core::test_util::TestContext;
    use powertools_idempotency::Lease;
    let bed = Bed::default();
    let layer = bed.layer();
    let outer = bed.builder().key("nothing").build().unwrap();
    let handles = move || {
        let layer = layer.clone();
        async move {
            let handler = service_fn(|_: Record<Value>| async {
                Ok::<_, String>(Lease::current().unwrap().ends_at())
            });
            let record = Record::batch(vec![json!("m")]).next().unwrap();
            Ok(layer.layer(handler).oneshot(record).await.unwrap())
        }
    };
    let end = crate::support::moment() + secs(5);
    let event = TestContext::new("r").deadline(end).event(json!(1));
    assert_eq!(
        bed.call_with(&outer, event, handles).await.unwrap(),
        Some(end)
    );
    assert_eq!(bed.status().await, Some(Status::Completed));
}
