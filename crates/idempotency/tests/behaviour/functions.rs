//! The function for a part of a handler.

use lambda_runtime::LambdaEvent;
use powertools_core::{LayerError, test_util::TestContext};
use powertools_idempotency::{IdempotencyErrorKind as Kind, Status, idempotent};
use serde::Serialize;
use serde_json::{Value, json};

use crate::support::{Bed, LEASE, MILLIS, Op, Runs, drop_pending, inner, kind, moment, own, secs};

#[derive(Serialize)]
struct Order {
    id: &'static str,
    amount: u8,
}

#[tokio::test]
async fn it_runs_once_for_each_key_of_its_payload() {
    let bed = Bed::default();
    let config = bed.builder().key("id").build_config().unwrap();
    let runs = Runs::default();
    for (id, amount) in [("a", 1), ("a", 2), ("b", 3)] {
        let order = Order { id, amount };
        let run = || async {
            runs.add();
            Ok::<_, String>(amount)
        };
        let answer = idempotent(&config, &order, run).await.unwrap();
        assert_eq!(answer, if id == "a" { 1 } else { 3 });
    }
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn its_lease_is_that_of_the_invocation_it_runs_in() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let outer = bed.builder().key_prefix("outer").build().unwrap();
    let (store, of_inner) = (bed.store.clone(), config.clone());
    let nests = move || {
        let (store, config) = (store.clone(), of_inner.clone());
        async move {
            let run = || async {
                let keys = store.records.keys();
                let key = keys.iter().find(|key| key.starts_with("f.")).unwrap();
                let record = powertools_idempotency::IdempotencyStore::get(&store.records, key);
                let record = record.await.unwrap().unwrap();
                Ok::<_, String>(record.in_progress_expiration().unwrap() - MILLIS)
            };
            Ok(idempotent(&config, &"k", run).await.unwrap())
        }
    };
    let context = TestContext::new("r").deadline(moment() + secs(5));
    let event: LambdaEvent<Value> = context.event(json!(1));
    assert_eq!(bed.call_with(&outer, event, nests).await.unwrap(), 5000);
    // Outside of any it is the configured one.
    let run = || async {
        let key = "f.orders";
        let keys = bed.store.records.keys();
        assert!(keys.iter().any(|found| found.starts_with(key)));
        Ok::<_, String>(powertools_idempotency::Lease::current().unwrap().ends_at())
    };
    let ends = idempotent(&config, &"outside", run).await.unwrap();
    assert_eq!(
        ends,
        Some(moment() + std::time::Duration::from_millis(LEASE as u64))
    );
}

#[tokio::test]
async fn its_own_errors_are_the_layers_and_those_of_the_function_are_inner() {
    let bed = Bed::default();
    let config = bed.builder().require_key(true).build_config().unwrap();
    let fails = || async { Err::<u8, _>("declined".to_owned()) };
    assert_eq!(inner(idempotent(&config, &"k", fails).await), "declined");
    assert_eq!(bed.status().await, None);
    assert_eq!(
        kind(idempotent(&config, &(), fails).await),
        Kind::MissingKey
    );
    let key = config.key_from_json(b"\"k\"").unwrap().unwrap();
    bed.running_elsewhere(&key, secs(9));
    assert!(own(idempotent(&config, &"k", fails).await).is_in_progress());
}

#[tokio::test]
async fn its_function_may_borrow_and_need_not_be_send() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let local = std::rc::Rc::new(std::cell::Cell::new(1));
    let borrowed = &local;
    let run = || async {
        borrowed.set(borrowed.get() + 1);
        tokio::task::yield_now().await;
        Ok::<_, String>(borrowed.get())
    };
    assert_eq!(idempotent(&config, &"k", run).await.unwrap(), 2);
}

#[tokio::test]
async fn dropped_while_it_runs_its_record_is_deleted() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let hangs = || std::future::pending::<Result<u8, String>>();
    drop_pending(idempotent(&config, &"k", hangs)).await;
    assert_eq!(bed.status().await, None);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
}

#[tokio::test]
async fn its_panic_goes_on_and_deletes_the_record() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let panics = || -> std::future::Ready<Result<u8, String>> { panic!("on purpose") };
    let call = crate::support::caught(idempotent(&config, &"k", panics));
    assert!(call.await.is_err());
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn a_config_and_a_layer_of_it_share_keys() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.answer(&layer, json!(1)).await.unwrap();
    let payload = json!({"id": "k"});
    let run = || async { Ok::<_, String>(json!(2)) };
    let answer = idempotent(layer.config(), &payload, run).await;
    assert_eq!(answer.unwrap(), json!(1));
    assert_eq!(bed.status().await, Some(Status::Completed));
}

#[tokio::test]
async fn its_error_needs_no_traits() {
    struct Plain;
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let fails = || async { Err::<(), _>(Plain) };
    let failed = idempotent(&config, &"k", fails).await;
    assert!(matches!(failed, Err(LayerError::Inner(Plain))));
}

#[tokio::test]
async fn called_by_itself_with_its_own_key_it_is_refused() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let again = config.clone();
    let run = || async {
        let run = || async { Ok::<_, String>(1) };
        let inner = idempotent(&again, &"k", run).await;
        assert!(own(inner).is_in_progress());
        Ok::<_, String>(2)
    };
    assert_eq!(idempotent(&config, &"k", run).await.unwrap(), 2);
}
