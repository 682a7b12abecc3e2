//! The first look at each level.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use lambda_runtime::LambdaEvent;
use powertools_core::{LayerError, Record, test_util::lambda_event};
use powertools_idempotency::{
    IdempotencyConfig, IdempotencyLayer, InMemoryStore, Replayed, Status, idempotent,
    store::IdempotencyStore,
};
use serde_json::{Value, json};
use tower::{Service, ServiceBuilder, ServiceExt};

#[tokio::test]
async fn event_runs_once() {
    let store = InMemoryStore::new();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let layer = IdempotencyLayer::builder("id", store.clone())
        .local_cache(8)
        .build()
        .unwrap();
    let mut service =
        ServiceBuilder::new()
            .layer(layer)
            .service_fn(move |event: LambdaEvent<Value>| {
                let counted = Arc::clone(&counted);
                async move {
                    counted.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, Infallible>(event.payload)
                }
            });
    for _ in 0..3 {
        let event = lambda_event("r", json!({"a": 1}));
        let answer = service.ready().await.unwrap().call(event).await;
        assert_eq!(answer.unwrap(), json!({"a": 1}));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let key = store.keys().pop().unwrap();
    let record = store.get(&key).await.unwrap().unwrap();
    assert_eq!(record.status(), Status::Completed);
}

#[tokio::test]
async fn http_runs_once() {
    type Body = http_body_util::Full<bytes::Bytes>;
    let layer = IdempotencyLayer::builder("id", InMemoryStore::new())
        .key("headers.\"idempotency-key\"")
        .build()
        .unwrap();
    let mut service =
        ServiceBuilder::new()
            .layer(layer)
            .service_fn(|request: http::Request<Body>| async move {
                Ok::<_, Infallible>(http::Response::new(request.into_body()))
            });
    for run in 0..2 {
        let request = http::Request::builder()
            .header("idempotency-key", "k")
            .body(Body::from("hello"))
            .unwrap();
        let answer = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(answer.extensions().get::<Replayed>().is_some(), run == 1);
    }
}

#[tokio::test]
async fn record_and_function_run_once() {
    let config = IdempotencyConfig::builder("id", InMemoryStore::new())
        .build_config()
        .unwrap();
    let layer = IdempotencyLayer::new(config.clone());
    let service = ServiceBuilder::new()
        .layer(layer)
        .service_fn(|record: Record<String>| async move { Err::<(), _>(record.len()) });
    let record = Record::batch(vec!["one".to_owned()]).next().unwrap();
    let failed = service.oneshot(record).await;
    assert!(matches!(failed, Err(LayerError::Inner(3))));
    assert!(config.store().is_empty());

    let first = idempotent(&config, &"k", || async { Ok::<_, Infallible>(1) }).await;
    let second = idempotent(&config, &"k", || async { Ok::<_, Infallible>(2) }).await;
    assert!(matches!((first, second), (Ok(1), Ok(1))));
}
