//! All the ends of an invocation, between those of others.

use std::{future::pending, sync::Arc};

use lambda_runtime::LambdaEvent;
use powertools_core::{InvocationExt, spawn, spawn_blocking, test_util::TestContext};
use powertools_metrics::{Metrics, Unit};
use tokio::{
    sync::{Barrier, Notify},
    task::{JoinSet, yield_now},
};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL, check, expected, layer, record,
    support::{Output, caught, key},
};

#[derive(Clone, Copy, PartialEq)]
enum End {
    Ok,
    Err,
    Panic,
    Dropped,
}

const ENDS: [End; 4] = [End::Ok, End::Err, End::Panic, End::Dropped];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_invocations_keep_apart_however_they_end() {
    let output = Output::default();
    let layer = layer(&output);
    let barrier = Arc::new(Barrier::new(ALL));
    let mut calls = JoinSet::new();
    for number in 0..ALL {
        let (barrier, end) = (Arc::clone(&barrier), ENDS[number % ENDS.len()]);
        let ready = Arc::new(Notify::new());
        let told = Arc::clone(&ready);
        let handler = service_fn(move |_: LambdaEvent<()>| {
            let (barrier, told) = (Arc::clone(&barrier), Arc::clone(&told));
            async move {
                record(number);
                barrier.wait().await;
                let metrics = Metrics::current();
                metrics.add("m", Unit::Count, number);
                let scope = metrics.with_dimensions([("scope", "s")]);
                scope.add("m in scope", Unit::Count, number);
                barrier.wait().await;
                let task = spawn(async move {
                    yield_now().await;
                    Metrics::current().add("m", Unit::Count, number);
                });
                let blocking =
                    spawn_blocking(move || Metrics::current().add("m", Unit::Count, number));
                let joined = tokio::spawn(
                    async move { Metrics::current().add("m", Unit::Count, number) }.in_invocation(),
                );
                task.await.unwrap();
                blocking.await.unwrap();
                joined.await.unwrap();
                barrier.wait().await;
                match end {
                    End::Ok => Ok(number),
                    End::Err => Err(number),
                    End::Panic => panic!("on purpose"),
                    End::Dropped => {
                        told.notify_one();
                        pending().await
                    }
                }
            }
        });
        let event = TestContext::new(&format!("r-{number}")).event(());
        let call = layer.layer(handler).oneshot(event);
        calls.spawn(async move {
            tokio::select! {
                ended = caught(call) => match (end, ended) {
                    (End::Ok, Ok(Ok(answer))) => assert_eq!(answer, number),
                    (End::Err, Ok(Err(error))) => assert_eq!(error, number),
                    (End::Panic, Err(_)) => {}
                    _ => panic!("{number} ended as another"),
                },
                () = ready.notified() => assert!(end == End::Dropped),
            }
        });
    }
    while let Some(ended) = calls.join_next().await {
        ended.unwrap();
    }
    let mut all = expected(5);
    for number in 0..ALL {
        let dimensions = [("env", "p"), ("own", &*number.to_string()), ("scope", "s")];
        all.add(key(dimensions, "m in scope"), number as f64);
    }
    check(&output)
        .ignoring_time()
        .assert_same_as(&all.ignoring_time());
    assert_eq!(output.json().len(), 2 * ALL);
}
