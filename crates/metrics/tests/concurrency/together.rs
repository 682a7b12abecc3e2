//! Threads, tasks and layers that share an invocation.

use std::{convert::Infallible, thread};

use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, Unit};
use testbed::check::emf::Samples;
use tokio::task::yield_now;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::{
    ALL, check, expected, layer, record,
    support::{Output, builder, key},
};

#[tokio::test]
async fn several_threads_record_into_one_invocation_at_once() {
    const EACH: usize = 500;
    let output = Output::default();
    let handler = service_fn(async |_: LambdaEvent<()>| {
        let metrics = Metrics::current();
        let start = std::sync::Barrier::new(8);
        thread::scope(|scope| {
            for thread in 0..8 {
                let (metrics, start) = (metrics.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    for number in 0..EACH {
                        metrics.add("shared", Unit::Count, number);
                        metrics.add(&format!("m{thread}"), Unit::Count, number);
                        let own = [("thread", &*thread.to_string())];
                        metrics
                            .with_dimensions(own)
                            .add("shared", Unit::Count, number);
                        if number % 100 == thread {
                            // Another thread may just have written everything.
                            metrics.flush().unwrap();
                        }
                    }
                });
            }
        });
        Ok::<_, Infallible>(())
    });
    let layer = builder().output(output.writer()).build().unwrap();
    let event = TestContext::new("r").event(());
    layer.layer(handler).oneshot(event).await.unwrap();
    let mut expected = Samples::new();
    for thread in 0..8 {
        for number in 0..EACH {
            let own = [("thread", &*thread.to_string())];
            expected.add(key([], "shared"), number as f64);
            expected.add(key([], &format!("m{thread}")), number as f64);
            expected.add(key(own, "shared"), number as f64);
        }
    }
    output.samples().assert_same_as(&expected);
}

#[tokio::test]
async fn nested_layers_are_one_and_write_once() {
    let (outer, inner) = (Output::default(), Output::default());
    let layers = ServiceBuilder::new()
        .layer(layer(&outer))
        .layer(layer(&inner))
        .layer(layer(&inner));
    let calls = (0..ALL).map(|number| {
        let handler = service_fn(move |_: LambdaEvent<()>| async move {
            record(number);
            yield_now().await;
            Ok::<_, Infallible>(())
        });
        let event = TestContext::new(&format!("r-{number}")).event(());
        layers.clone().service(handler).oneshot(event)
    });
    join_all(calls).await;
    check(&outer).assert_same_as(&expected(1));
    assert_eq!(inner.text(), "");
}

#[tokio::test]
async fn a_bare_spawn_finds_no_metrics_and_a_handle_taken_along_does() {
    let output = Output::default();
    let layer = layer(&output);
    let of_layer = layer.metrics();
    let handler = service_fn(move |_: LambdaEvent<()>| {
        let of_layer = of_layer.clone();
        async move {
            record(3);
            let metrics = Metrics::current();
            let bare = tokio::spawn(async move {
                let detached = Metrics::current().try_add("m", Unit::Count, 7).is_err();
                metrics.add("m", Unit::Count, 3);
                // The layer's handle finds no invocation here.
                of_layer.add_dimension("own", "0");
                of_layer.add_metadata("meta", 0);
                of_layer.add_metadata("function_request_id", "r-0");
                of_layer.add("m", Unit::Count, 0);
                detached
            });
            assert!(bare.await.unwrap());
            Ok::<_, Infallible>(())
        }
    });
    let call = layer
        .layer(handler)
        .oneshot(TestContext::new("r-3").event(()));
    call.await.unwrap();
    let samples = check(&output);
    assert_eq!(
        samples.values(&key([("env", "p"), ("own", "3")], "m")),
        [(3.0, 2)]
    );
    assert_eq!(
        samples.values(&key([("env", "p"), ("own", "0")], "m")),
        [(0.0, 1)]
    );
}
