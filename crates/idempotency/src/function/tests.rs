use std::{cell::Cell, convert::Infallible, rc::Rc};

use super::*;
use crate::{IdempotencyErrorKind, InMemoryStore};

fn config(key: Option<&str>) -> IdempotencyConfig<InMemoryStore> {
    let builder = IdempotencyConfig::builder("id", InMemoryStore::new());
    let builder = match key {
        Some(key) => builder.key(key).require_key(true),
        None => builder,
    };
    builder.build_config().expect("valid settings")
}

/// Runs what returns its own number, twice.
async fn twice<P: Serialize + ?Sized>(key: Option<&str>, payload: &P) -> [u8; 2] {
    let config = config(key);
    let mut answers = [0; 2];
    for (run, answer) in (1..).zip(&mut answers) {
        let call = idempotent(&config, payload, async || Ok::<_, Infallible>(run));
        *answer = call.await.expect("an answer");
    }
    answers
}

#[derive(Serialize)]
struct Order<'a> {
    id: &'a str,
}

#[tokio::test]
async fn borrowed_and_unsized_payloads_run_once() {
    let id = String::from("o-1");
    assert_eq!(twice(None, id.as_str()).await, [1, 1]);
    assert_eq!(twice(Some("id"), &Order { id: &id }).await, [1, 1]);
    assert_eq!(twice(Some("[id]"), &Order { id: &id }).await, [1, 1]);
    assert_eq!(twice(None, &[Cell::new(1)][..]).await, [1, 1]);
}

/// Neither `Send` nor `Sync`.
struct Local(Rc<Cell<u8>>);

impl Serialize for Local {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0.get())
    }
}

fn sendable<T: Send>(future: T) -> T {
    future
}

#[tokio::test]
async fn a_call_is_send_and_does_not_borrow_its_payload() {
    let config = config(None);
    let payload = Local(Rc::new(Cell::new(1)));
    let call = |run: u8| {
        sendable(idempotent(&config, &payload, move || async move {
            Ok::<_, Infallible>(run)
        }))
    };
    let (first, again) = (call(1), call(2));
    payload.0.set(7);
    let changed = call(3);
    drop(payload);
    assert!(matches!(first.await, Ok(1)));
    assert!(matches!(again.await, Ok(1)));
    assert!(matches!(changed.await, Ok(3)));
}

#[tokio::test]
async fn a_payload_without_key_is_refused_when_the_call_is_awaited() {
    let config = config(Some("other"));
    let call = idempotent(&config, &Order { id: "o-1" }, async || {
        Ok::<u8, Infallible>(1)
    });
    let Err(LayerError::Layer(error)) = call.await else {
        panic!("it has no key");
    };
    assert_eq!(error.kind(), IdempotencyErrorKind::MissingKey);
}
