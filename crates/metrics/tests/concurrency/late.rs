//! What comes late, and what is left.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use powertools_core::{spawn, test_util::TestContext};
use powertools_metrics::{Metrics, Unit};
use serde_json::json;
use tokio::{
    sync::Barrier,
    task::{JoinSet, yield_now},
};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL, check, expected, layer, record,
    support::{MILLIS, Output, builder, moment, sets},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_task_that_outlives_its_invocation_writes_into_no_other() {
    let output = Output::default();
    let own = layer(&output);
    let late = Arc::new(Barrier::new(ALL + 1));
    let mut tasks = JoinSet::new();
    for number in 0..ALL {
        let (taken, given) = tokio::sync::oneshot::channel();
        let mut taken = Some(taken);
        let late = Arc::clone(&late);
        let handler = service_fn(move |_: LambdaEvent<()>| {
            record(number);
            let late = Arc::clone(&late);
            let task = spawn(async move {
                late.wait().await;
                late.wait().await;
                Metrics::current().add("m", Unit::Count, number);
            });
            taken.take().unwrap().send(task).unwrap();
            async { Ok::<_, Infallible>(()) }
        });
        let event = TestContext::new(&format!("r-{number}")).event(());
        own.layer(handler).oneshot(event).await.unwrap();
        tasks.spawn(async move { given.await.unwrap().await.unwrap() });
    }
    check(&output).assert_same_as(&expected(1));
    late.wait().await;
    // Others run, and may have the memory of those that have ended.
    let others = Output::default();
    let other = layer(&others);
    let calls = (0..ALL).map(|number| {
        let late = Arc::clone(&late);
        let handler = service_fn(move |_: LambdaEvent<()>| {
            let late = Arc::clone(&late);
            async move {
                record(number);
                if number == 0 {
                    late.wait().await;
                }
                yield_now().await;
                Ok::<_, Infallible>(())
            }
        });
        other
            .layer(handler)
            .oneshot(TestContext::new(&format!("r-{number}")).event(()))
    });
    join_all(calls).await;
    tasks.join_all().await;
    check(&others).assert_same_as(&expected(1));
    check(&output).assert_same_as(&expected(2));
    assert_eq!(output.json().len(), 2 * ALL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_the_earlier_invocations_is_left_for_the_later_ones() {
    for round in 0..3 {
        let output = Output::default();
        // Other settings each time: the memory is shared by all layers.
        let layer = builder()
            .service(format!("s{round}"))
            .output(output.writer())
            .build()
            .unwrap();
        let mut calls = JoinSet::new();
        let barrier = Arc::new(Barrier::new(ALL));
        for number in 0..ALL {
            let barrier = Arc::clone(&barrier);
            let handler = service_fn(move |_: LambdaEvent<()>| {
                let barrier = Arc::clone(&barrier);
                async move {
                    let metrics = Metrics::current();
                    barrier.wait().await;
                    if round < 2 {
                        metrics.add_dimensions([("left set", "v")]);
                        metrics.set_default_dimensions([("left", "v")]);
                        metrics.set_timestamp(moment() - Duration::from_secs(9));
                        metrics.add_metadata("left meta", 1);
                        metrics.at(moment()).add("left", Unit::Count, 1);
                        metrics.clear();
                    }
                    metrics.add(&format!("m{number}"), Unit::Count, 1);
                    Ok::<_, Infallible>(())
                }
            });
            let event = TestContext::new("r").event(());
            calls.spawn(layer.layer(handler).oneshot(event));
        }
        calls.join_all().await;
        let lines = output.json();
        assert_eq!(lines.len(), ALL);
        for line in lines.iter().filter(|_| round == 2) {
            assert_eq!(line.as_object().unwrap().len(), 3, "{line}");
            assert_eq!(sets(line), &json!([["service"]]));
            assert_eq!(
                (&line["service"], &line["_aws"]["Timestamp"]),
                (&json!("s2"), &json!(MILLIS))
            );
        }
    }
}
