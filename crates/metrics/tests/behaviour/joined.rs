//! Calls that join an invocation, one after the other or at once: as records of a batch do.

use std::{convert::Infallible, sync::Arc};

use futures_util::future::{join, ready};
use http::{Request, Response, StatusCode};
use lambda_runtime::LambdaEvent;
use powertools_core::{Host, InvocationScope, test_util::TestContext};
use powertools_metrics::{Metrics, Unit, test_util::CapturedMetrics};
use serde_json::json;
use tokio::sync::Notify;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Bed, bed, builder, host, key, sets};

/// Runs this as the invocation `r-1`, which no metrics layer has begun.
async fn invocation(host: &Host, run: impl AsyncFnOnce()) {
    let mut event = TestContext::new("r-1").event(());
    let scope = InvocationScope::begin(host, &mut event);
    let mut run = Some(run);
    let mut inner = service_fn(|_: LambdaEvent<()>| {
        let run = run.take().unwrap();
        async move {
            run().await;
            Ok::<_, Infallible>(())
        }
    });
    scope.call(&mut inner, event, ()).await.unwrap();
}

#[tokio::test]
async fn a_call_after_the_end_of_another_one_begins_anew() {
    let host = host([]);
    let bed = bed(builder()
        .host(host.clone())
        .capture_request_ids(true)
        .capture_request_metrics(true));
    invocation(&host, async || {
        bed.run(async |metrics| {
            metrics.add_dimension("d", "first");
            metrics.add_dimensions([("e", "first")]);
            metrics.add_metadata("meta", "first");
            metrics.add("m", Unit::Count, 1);
        })
        .await;
        bed.run(async |metrics| {
            metrics.add("m", Unit::Count, 2);
            metrics.add("m", Unit::Count, 3);
        })
        .await;
    })
    .await;
    let [_, first, requests, second] = bed.lines().try_into().unwrap();
    assert_eq!(sets(&first), &json!([["d"], ["e"]]));
    assert_eq!(
        (sets(&second), &second["m"]),
        (&json!([[]]), &json!([2, 3]))
    );
    assert_eq!((second.get("d"), second.get("meta")), (None, None));
    assert_eq!(requests["Requests"], 1);
    for line in [&first, &requests, &second] {
        assert_eq!(line["function_request_id"], "r-1");
    }
}

#[tokio::test]
async fn calls_of_one_invocation_count_its_cold_start_once() {
    let host = host([]);
    let bed = bed(builder().host(host.clone()).capture_cold_start_metric(true));
    let run = async || {
        bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
            .await;
    };
    invocation(&host, async || {
        run().await;
        run().await;
        run().await;
    })
    .await;
    let samples = bed.output.samples();
    assert_eq!(samples.values(&key([], "m")), [(1.0, 3)]);
    assert_eq!(bed.output.text().matches("ColdStart").count(), 2);
    // Another process: the memory may be that of the first.
    invocation(&self::host([]), async || run().await).await;
    assert_eq!(bed.output.text().matches("ColdStart").count(), 4);
}

#[tokio::test]
async fn of_calls_at_once_the_first_begins_and_ends_and_no_value_is_lost() {
    let host = host([]);
    let bed = bed(builder().host(host.clone()).default_dimension("env", "p"));
    let (ended, last) = (Notify::new(), Notify::new());
    let add = |number: u32| {
        let metrics = Metrics::current();
        metrics
            .with_dimensions([("scope", "s")])
            .add("m", Unit::Count, number);
        metrics.add("m", Unit::Count, number);
    };
    let first = async || {
        bed.run(async |_| add(1)).await;
        ended.notify_one();
        // A third one joins while the second goes on.
        bed.run(async |_| {
            add(2);
            last.notified().await;
            add(3);
        })
        .await;
    };
    let second = async || {
        bed.run(async |_| {
            add(10);
            ended.notified().await;
            add(20);
            last.notify_one();
        })
        .await;
    };
    invocation(&host, async || {
        join(second(), first()).await;
    })
    .await;
    let samples = bed.output.samples();
    let all = [1.0, 2.0, 3.0, 10.0, 20.0].map(|value| (value, 1));
    let scope = key([("env", "p"), ("scope", "s")], "m");
    assert_eq!(samples.values(&scope), all);
    assert_eq!(samples.values(&key([("env", "p")], "m")), all);
    assert_eq!(samples.len(), 10);
}

#[tokio::test]
async fn the_status_of_a_nested_http_call_is_not_that_of_the_event() {
    let bed = bed(builder().capture_request_metrics(true));
    let inner = bed.layer.layer(service_fn(|_: Request<()>| {
        let answer = Response::builder().status(StatusCode::BAD_GATEWAY).body(());
        ready(Ok::<_, Infallible>(answer.unwrap()))
    }));
    bed.run(async |_| {
        let request = TestContext::new("r-1").http("/orders", ());
        let answer = inner.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    })
    .await;
    let line = bed.only();
    assert_eq!(sets(&line), &json!([["function_name"]]));
    assert_eq!((&line["Requests"], &line["Faults"]), (&json!(1), &json!(0)));
    assert_eq!(line.get("status"), None);
}

#[tokio::test]
async fn a_sink_is_dropped_with_its_layer_handles_and_invocations() {
    let captured = CapturedMetrics::default();
    let sink = Arc::new(captured.clone());
    let gone = Arc::downgrade(&sink);
    let Bed { layer, .. } = bed(builder().sink(sink));
    let mut taken = None;
    let handler = service_fn(|_: LambdaEvent<()>| {
        taken = Some(Metrics::current());
        ready(Ok::<_, Infallible>(()))
    });
    let handle = layer.metrics();
    handle.add("outside", Unit::Count, 1);
    let call = layer
        .layer(handler)
        .oneshot(TestContext::new("r-1").event(()));
    call.await.unwrap();
    drop(layer);
    assert!(gone.upgrade().is_some());
    drop(handle);
    // What comes late still goes out.
    taken.as_ref().unwrap().add("late", Unit::Count, 1);
    assert_eq!(captured.names(), ["outside", "late"]);
    drop(taken);
    assert!(gone.upgrade().is_none());
}

#[tokio::test]
async fn of_two_layers_beside_each_other_the_settings_of_the_first_hold() {
    let host = host([]);
    let first = bed(builder()
        .service("first")
        .default_dimension("env", "p")
        .capture_request_ids(true));
    let second = bed(builder()
        .namespace("second")
        .service("second")
        .capture_request_metrics(true));
    invocation(&host, async || {
        for bed in [&first, &second] {
            bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
                .await;
        }
    })
    .await;
    assert_eq!(second.output.text(), "");
    let lines = first.lines();
    assert_eq!((lines.len(), &lines[0]), (2, &lines[1]));
    assert_eq!(sets(&lines[0]), &json!([["env", "service"]]));
    // The last that was installed.
    assert_eq!(second.warnings.codes(), ["nested"]);
}
