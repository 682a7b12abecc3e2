//! Different keys, interleaved in one process.

use std::sync::Arc;

use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_idempotency::{IdempotencyStore, Lease, Status};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL,
    support::{Bed, MILLIS, key_of, moment, ms},
};

fn payload(number: usize) -> Value {
    json!({ "id": number })
}

/// With a deadline, a tenant and a request id of its own.
fn event(number: usize) -> LambdaEvent<Value> {
    let left = ms(1000 * (number as u64 + 1));
    let context = TestContext::new(&format!("r-{number}"))
        .tenant_id(&format!("t-{}", number % 8))
        .deadline(moment() + left);
    context.event(payload(number))
}

#[tokio::test]
async fn keys_leases_and_answers_of_calls_that_overlap_never_mix() {
    let bed = Bed::default();
    let layer = bed.layer();
    let all = Arc::new(Barrier::new(ALL));
    let calls = (0..ALL).map(|number| {
        let (all, store) = (Arc::clone(&all), bed.store.records.clone());
        let key = key_of(layer.config(), &payload(number));
        let handler = service_fn(move |_: LambdaEvent<Value>| {
            let (all, store, key) = (Arc::clone(&all), store.clone(), key.clone());
            async move {
                let end = moment() + ms(1000 * (number as u64 + 1));
                let before = Lease::current().unwrap();
                // All of them run now.
                all.wait().await;
                let lease = Lease::current().unwrap();
                assert_eq!(lease.owner(), before.owner());
                assert_eq!(lease.ends_at(), Some(end));
                let record = store.get(&key).await.unwrap().unwrap();
                assert_eq!(record.owner(), lease.owner());
                assert_eq!(
                    record.in_progress_expiration(),
                    Some(MILLIS + 1000 * (number as i64 + 1))
                );
                all.wait().await;
                match number % 4 {
                    0 => Err(format!("declined {number}")),
                    _ => Ok(json!(number)),
                }
            }
        });
        layer.layer(handler).oneshot(event(number))
    });
    let answers = join_all(calls).await;
    for (number, answer) in answers.into_iter().enumerate() {
        let key = key_of(layer.config(), &payload(number));
        let record = bed.store.records.get(&key).await.unwrap();
        if number % 4 == 0 {
            assert_eq!(crate::support::inner(answer), format!("declined {number}"));
            assert_eq!(record, None);
        } else {
            assert_eq!(answer.unwrap(), json!(number));
            assert_eq!(record.unwrap().status(), Status::Completed);
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_releases_its_own_key_alone() {
    let bed = Bed::default();
    let layer = bed.layer();
    let mut calls: Vec<_> = (0..ALL)
        .map(|number| {
            let hangs =
                service_fn(|_: LambdaEvent<Value>| std::future::pending::<Result<Value, String>>());
            Box::pin(layer.layer(hangs).oneshot(event(number)))
        })
        .collect();
    for call in &mut calls {
        assert!(crate::support::polled(call.as_mut()).await.is_none());
    }
    assert_eq!(bed.store.records.len(), ALL);
    // Every second one.
    let mut number = 0;
    calls.retain(|_| {
        number += 1;
        number % 2 == 0
    });
    for _ in 0..ALL {
        crate::support::background().await;
    }
    for number in 0..ALL {
        let key = key_of(layer.config(), &payload(number));
        let record = bed.store.records.get(&key).await.unwrap();
        assert_eq!(record.is_some(), number % 2 == 1, "{number}");
    }
    drop(calls);
}

#[tokio::test]
async fn tenants_that_overlap_with_one_payload_do_not_see_each_other() {
    let bed = Bed::default();
    let layer = bed.builder().tenant_isolation(true).build().unwrap();
    let all = Arc::new(Barrier::new(ALL));
    let calls = (0..ALL).map(|number| {
        let all = Arc::clone(&all);
        let handler = service_fn(move |_: LambdaEvent<Value>| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                Ok::<_, String>(json!(number))
            }
        });
        let context = TestContext::new("r").tenant_id(&number.to_string());
        layer.layer(handler).oneshot(context.event(json!(1)))
    });
    for (number, answer) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), json!(number));
    }
    assert_eq!(bed.store.records.len(), ALL);
}
