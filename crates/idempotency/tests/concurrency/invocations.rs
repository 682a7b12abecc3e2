//! The invocation is found in the handler at each level, and it is its own.

use std::{convert::Infallible, sync::Arc};

use futures_util::future::join_all;
use http::{Request, Response};
use lambda_runtime::LambdaEvent;
use powertools_core::{Invocation, Record, test_util::TestContext};
use powertools_idempotency::{Lease, idempotent};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    ALL,
    support::{Bed, Text, http_bed, read},
};

fn id() -> String {
    Invocation::current()
        .request_id()
        .unwrap_or("none")
        .to_owned()
}

fn context(number: usize) -> TestContext {
    TestContext::new(&format!("r-{number}"))
}

#[tokio::test]
async fn in_the_handler_of_an_event_before_and_after_it_waits() {
    let layer = Bed::default().layer();
    let all = Arc::new(Barrier::new(ALL));
    let calls = (0..ALL).map(|number| {
        let all = Arc::clone(&all);
        let handler = service_fn(move |_: LambdaEvent<Value>| {
            // In `call` itself as well.
            let called = id();
            let all = Arc::clone(&all);
            async move {
                let before = id();
                all.wait().await;
                Ok::<_, String>([called, before, id()])
            }
        });
        let event = context(number).event(json!(number));
        layer.layer(handler).oneshot(event)
    });
    for (number, ids) in join_all(calls).await.into_iter().enumerate() {
        let own = format!("r-{number}");
        assert_eq!(ids.unwrap(), [own.clone(), own.clone(), own]);
    }
}

#[tokio::test]
async fn in_an_http_service() {
    let (_bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let all = Arc::new(Barrier::new(ALL));
    let calls = (0..ALL).map(|number| {
        let all = Arc::clone(&all);
        let service = service_fn(move |request: Request<Text>| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                let of_request = request.extensions().get::<Invocation>().unwrap();
                assert_eq!(*of_request, Invocation::current());
                Ok::<_, Infallible>(Response::new(Text::from(id())))
            }
        });
        let mut request = context(number).http("/", Text::from(""));
        request
            .headers_mut()
            .insert("idempotency-key", number.into());
        layer.layer(service).oneshot(request)
    });
    for (number, answer) in join_all(calls).await.into_iter().enumerate() {
        let (_, body) = read(answer.unwrap()).await;
        assert_eq!(body, format!("r-{number}"));
    }
}

#[tokio::test]
async fn in_a_record_a_function_and_nested_events() {
    let bed = Bed::default();
    let layer = bed.layer();
    let inner = layer.clone();
    let handler = service_fn(move |_: LambdaEvent<Value>| {
        let inner = inner.clone();
        async move {
            let handler = service_fn(|_: Record<Value>| async { Ok::<_, String>(id()) });
            let record = Record::batch(vec![json!("record")]).next().unwrap();
            let of_record = inner.layer(handler).oneshot(record).await.unwrap();
            let run = || async { Ok::<_, String>(id()) };
            let of_function = idempotent(inner.config(), &"function", run).await.unwrap();
            // Another event in the same process is another invocation.
            let handler = service_fn(|_: LambdaEvent<Value>| async { Ok::<_, String>(id()) });
            let nested = context(2).event(json!("nested"));
            let of_nested = inner.layer(handler).oneshot(nested).await.unwrap();
            Ok::<_, String>([of_record, of_function, of_nested, id()])
        }
    });
    let event = context(1).event(json!("outer"));
    let ids = layer.layer(handler).oneshot(event).await.unwrap();
    assert_eq!(ids, ["r-1", "r-1", "r-2", "r-1"]);
    assert_eq!(bed.store.records.len(), 4);
}

#[tokio::test]
async fn in_the_spawned_task_of_core_the_invocation_is_found_and_the_lease_is_not() {
    let bed = Bed::default();
    let handler = service_fn(|_: LambdaEvent<Value>| async {
        let spawned = powertools_core::spawn(async { (id(), Lease::current().is_none()) });
        Ok::<_, String>(spawned.await.unwrap())
    });
    let event = context(1).event(json!(1));
    let (found, no_lease) = bed.layer().layer(handler).oneshot(event).await.unwrap();
    assert_eq!((found.as_str(), no_lease), ("r-1", true));
}

#[tokio::test]
async fn what_the_handler_leaves_is_dropped_inside_of_it() {
    struct Tells(std::sync::mpsc::Sender<String>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(id());
        }
    }
    let (send, told) = std::sync::mpsc::channel();
    let handler = service_fn(move |_: LambdaEvent<Value>| {
        let left = Tells(send.clone());
        async move {
            let _left = left;
            std::future::pending::<Result<Value, String>>().await
        }
    });
    let event = context(1).event(json!(1));
    crate::support::drop_pending(Bed::default().layer().layer(handler).oneshot(event)).await;
    assert_eq!(told.recv().unwrap(), "r-1");
}
