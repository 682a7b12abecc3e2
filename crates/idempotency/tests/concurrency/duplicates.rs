//! The same key, at once.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use http::{Request, Response};
use powertools_core::LayerError;
use powertools_idempotency::{IdempotencyBuilder, IdempotencyLayer, InMemoryStore, Replayed};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL,
    support::{Bed, PausedClock, Runs, TestStore, Text, event, host, keyed, own, secs},
};

/// The owner runs until it is told to end; `during` is what happens meanwhile.
async fn while_it_runs<T>(
    bed: &Bed,
    builder: IdempotencyBuilder<TestStore>,
    during: impl AsyncFnOnce(&IdempotencyLayer<TestStore>, &Notify) -> T,
) -> T {
    let layer = builder.build().unwrap();
    let (runs, goes) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let owner = {
        let (runs, goes) = (Arc::clone(&runs), Arc::clone(&goes));
        bed.call(&layer, move || {
            let (runs, goes) = (Arc::clone(&runs), Arc::clone(&goes));
            async move {
                runs.notify_one();
                goes.notified().await;
                Ok(json!("owner"))
            }
        })
    };
    let others = async {
        runs.notified().await;
        during(&layer, &goes).await
    };
    let (owner, others) = futures_util::future::join(owner, others).await;
    assert_eq!(owner.unwrap(), json!("owner"));
    others
}

#[tokio::test]
async fn while_the_owner_is_held_every_duplicate_is_refused() {
    let bed = Bed::default();
    while_it_runs(&bed, bed.builder(), async |layer, goes| {
        let refused = join_all((0..ALL).map(|_| bed.next(layer))).await;
        for refused in refused {
            assert!(own(refused).is_in_progress());
        }
        goes.notify_one();
    })
    .await;
    assert_eq!(bed.runs.count(), 1);
    assert_eq!(bed.next(&bed.layer()).await.unwrap(), json!("owner"));
}

#[tokio::test(start_paused = true)]
async fn while_the_owner_is_held_every_duplicate_waits_and_gets_its_answer() {
    let bed = Bed::default();
    let builder = bed.builder().host(host(PausedClock::shared()));
    let builder = builder.wait_in_progress(secs(60));
    let answers = while_it_runs(&bed, builder, async |layer, goes| {
        let waiters = join_all((0..ALL).map(|_| bed.next(layer)));
        let lets_go = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            goes.notify_one();
        };
        futures_util::future::join(waiters, lets_go).await.0
    })
    .await;
    for answer in answers {
        assert_eq!(answer.unwrap(), json!("owner"));
    }
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn duplicates_that_start_at_once_on_many_threads_run_the_handler_once() {
    for round in 0..50 {
        let layer = IdempotencyLayer::builder("orders", InMemoryStore::new());
        let layer = layer.local_cache(round % 2 * 8).build().unwrap();
        let runs = Runs::default();
        let start = Arc::new(Barrier::new(ALL));
        let calls = (0..ALL).map(|number| {
            let (runs, start) = (runs.clone(), Arc::clone(&start));
            let handler = service_fn(move |_| {
                runs.add();
                async move {
                    tokio::task::yield_now().await;
                    Ok::<_, String>(json!(number))
                }
            });
            let service = layer.layer(handler);
            tokio::spawn(async move {
                start.wait().await;
                service.oneshot(event()).await
            })
        });
        let answers = join_all(calls).await;
        assert_eq!(runs.count(), 1);
        let mut answered: Vec<Value> = Vec::new();
        for answer in answers {
            match answer.unwrap() {
                Ok(answer) => answered.push(answer),
                Err(LayerError::Layer(error)) => assert!(error.is_in_progress(), "{error}"),
                Err(other) => panic!("{other:?}"),
            }
        }
        let first = answered.first().expect("the owner's");
        assert!(
            answered.iter().all(|answer| answer == first),
            "{answered:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn http_duplicates_that_start_at_once_run_the_service_once() {
    let layer = IdempotencyLayer::builder("orders", InMemoryStore::new());
    let layer = layer.key("headers.\"idempotency-key\"").build().unwrap();
    let runs = Runs::default();
    let start = Arc::new(Barrier::new(ALL));
    let calls = (0..ALL).map(|_| {
        let (runs, start) = (runs.clone(), Arc::clone(&start));
        let service = layer.layer(service_fn(move |_: Request<Text>| {
            runs.add();
            async {
                tokio::task::yield_now().await;
                Ok::<_, std::convert::Infallible>(Response::new(Text::from("once")))
            }
        }));
        tokio::spawn(async move {
            start.wait().await;
            service.oneshot(keyed("")).await.unwrap()
        })
    });
    let mut made = 0;
    for answer in join_all(calls).await {
        let answer = answer.unwrap();
        match answer.status().as_u16() {
            200 => made += usize::from(answer.extensions().get::<Replayed>().is_none()),
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!((runs.count(), made), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn duplicates_of_calls_that_fail_run_one_after_the_other() {
    let layer = IdempotencyLayer::builder("orders", InMemoryStore::new());
    let layer = layer.wait_in_progress(secs(30)).build().unwrap();
    let at_once = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let calls = (0..8).map(|_| {
        let at_once = Arc::clone(&at_once);
        let service = layer.layer(service_fn(move |_| {
            use std::sync::atomic::Ordering::SeqCst;
            let at_once = Arc::clone(&at_once);
            async move {
                assert_eq!(at_once.fetch_add(1, SeqCst), 0, "two owners");
                tokio::task::yield_now().await;
                at_once.fetch_sub(1, SeqCst);
                Err::<Value, _>("declined".to_owned())
            }
        }));
        tokio::spawn(service.oneshot(event()))
    });
    for failed in join_all(calls).await {
        assert_eq!(crate::support::inner(failed.unwrap()), "declined");
    }
    assert!(layer.config().store().is_empty());
}
