//! Tower's contract at every level that the layer is stacked at.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Ready, pending, ready},
    io,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use http::{Request, Response};
use lambda_runtime::LambdaEvent;
use powertools_core::{
    LayerError, Observe, Record,
    test_util::{
        ProbeLayer, StatefulInner, assert_drives_readied_instance, assert_send, assert_sync,
        lambda_event,
    },
};
use powertools_idempotency::{
    Durable, Exchange, IdempotencyBuilder, IdempotencyLayer, ReplayHook, ReplayedRecord, idempotent,
};
use serde_json::{Value, json};
use support::{Bed, Text, host_with, http_bed, keyed, secs};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// Another key each time: a replay would not reach the inner service.
fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn request() -> Request<Text> {
    let request = Request::builder().header("idempotency-key", next());
    request.body(Text::from("body")).unwrap()
}

fn record() -> Record<usize> {
    Record::batch(vec![next()]).next().unwrap()
}

/// One that works, and one that is switched off.
fn layers() -> [IdempotencyLayer<support::TestStore>; 2] {
    let disabled = [("POWERTOOLS_IDEMPOTENCY_DISABLED", "1")];
    let (bed, builder) = http_bed();
    let off = host_with(bed.clock.shared(), disabled);
    let (_, other) = http_bed();
    [builder, other.host(off)].map(|builder| builder.build().unwrap())
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_event_level() {
    for layer in [Bed::default().layer(), layers()[1].clone()] {
        let answer = async |event: LambdaEvent<usize>| Ok::<_, Infallible>(event.payload);
        assert_drives_readied_instance(layer, || lambda_event("1", next()), answer).await;
    }
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_at_the_http_level() {
    for layer in layers() {
        let answer = async |_: Request<Text>| Ok::<_, Infallible>(Response::new(Text::from("")));
        assert_drives_readied_instance(layer, request, answer).await;
    }
}

#[tokio::test]
async fn the_readied_instance_is_the_one_driven_of_records_and_durable_requests() {
    for layer in [Bed::default().layer(), layers()[1].clone()] {
        let answer = async |record: Record<usize>| Ok::<_, Infallible>(*record);
        assert_drives_readied_instance(layer.clone(), record, answer).await;
        let answer = async |_: Durable<LambdaEvent<usize>>| Ok::<_, Infallible>(1);
        let event = || Durable::new(lambda_event("1", next()), false);
        assert_drives_readied_instance(layer, event, answer).await;
    }
}

#[tokio::test]
async fn a_replay_does_not_reach_the_inner_service() {
    let bed = Bed::default();
    let inner =
        StatefulInner::new(|event: LambdaEvent<u8>| ready(Ok::<_, Infallible>(event.payload)));
    let mut service = bed.layer().layer(inner.clone());
    for _ in 0..3 {
        let answer = service.ready().await.unwrap().call(lambda_event("1", 7));
        assert_eq!(answer.await.unwrap(), 7);
    }
    assert_eq!(inner.calls(), 1);
}

/// Gets ready at the third poll, or fails.
#[derive(Clone)]
struct Slow {
    polls: u8,
    fails: bool,
}

impl<R> Service<R> for Slow {
    type Response = Response<Text>;
    type Error = io::Error;
    type Future = Ready<io::Result<Response<Text>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.polls += 1;
        match (self.polls < 3, self.fails) {
            (true, _) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (false, true) => Poll::Ready(Err(io::Error::other("not ready"))),
            (false, false) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _request: R) -> Self::Future {
        ready(Ok(Response::new(Text::from("a"))))
    }
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    let (bed, builder) = http_bed();
    let layer = builder.build().unwrap();
    let mut service = layer.layer(Slow {
        polls: 0,
        fails: false,
    });
    let mut polls = 0;
    std::future::poll_fn(|cx| {
        polls += 1;
        Service::<Request<Text>>::poll_ready(&mut service, cx)
    })
    .await
    .unwrap();
    assert_eq!(polls, 3);
    assert_eq!(
        bed.store.calls(),
        [],
        "nothing is asked of the store before a call"
    );
}

#[tokio::test]
async fn errors_of_readiness_are_forwarded() {
    let (_, builder) = http_bed();
    let layer = builder.build().unwrap();
    let http = layer.layer(Slow {
        polls: 0,
        fails: true,
    });
    let failed: io::Error = http.oneshot(request()).await.unwrap_err();
    assert_eq!(failed.to_string(), "not ready");

    #[derive(Clone)]
    struct Never;
    impl Service<LambdaEvent<u8>> for Never {
        type Response = u8;
        type Error = String;
        type Future = Ready<Result<u8, String>>;
        fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), String>> {
            Poll::Ready(Err("not ready".to_owned()))
        }
        fn call(&mut self, _event: LambdaEvent<u8>) -> Self::Future {
            unreachable!("it is not ready")
        }
    }
    let failed = Bed::default()
        .layer()
        .layer(Never)
        .oneshot(lambda_event("1", 1))
        .await;
    assert!(matches!(failed, Err(LayerError::Inner(text)) if text == "not ready"));
}

fn assert_both<T: Send + Sync>(value: &T) {
    assert_send(value);
    assert_sync(value);
}

/// A hook that is neither `Clone` nor `Debug`.
struct Plain;

impl<Res> ReplayHook<Res> for Plain {
    fn replay(
        &self,
        answer: Res,
        _record: &ReplayedRecord<'_>,
    ) -> Result<Res, Box<dyn std::error::Error + Send + Sync>> {
        Ok(answer)
    }
}

/// With type parameters that have no traits.
fn plain() -> IdempotencyLayer<support::TestStore, Plain, impl Send + Sync> {
    struct NotClone;
    impl<Err> powertools_idempotency::KeepErrors<Err> for NotClone {
        fn keep(&self, _error: &Err) -> Option<String> {
            None
        }
        fn replay(&self, _json: &str) -> Option<Err> {
            None
        }
    }
    let (_, builder): (_, IdempotencyBuilder<_>) = http_bed();
    let builder = builder.replay_hook(Plain).keep_errors(NotClone);
    builder.build().unwrap()
}

/// Holds the auto traits against the layer, at one level.
fn assert_auto_traits<R, Res>(request: R)
where
    R: Exchange<Res, Infallible> + Observe<Res, R::Error> + 'static,
    Res: Send + 'static,
{
    let layer = Bed::default().layer();
    assert_both(&layer);
    let inner = service_fn(|_: R| pending::<Result<Res, Infallible>>());
    let mut service = layer.layer(inner);
    assert_both(&service);
    assert_send(&service.call(request));
}

#[test]
fn layer_and_service_are_send_and_sync_and_the_future_is_send() {
    assert_auto_traits::<_, Value>(lambda_event("1", json!(1)));
    assert_auto_traits::<_, Response<Text>>(keyed(""));
    assert_auto_traits::<_, u8>(record());
    assert_auto_traits::<_, Value>(Durable::new(lambda_event("1", json!(1)), true));
    // Neither the payload nor the answer need be `Sync`.
    assert_auto_traits::<_, u8>(lambda_event("1", Cell::new(1)));
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    assert_both(&config);
    let run = || async { Ok::<_, Infallible>(1_u8) };
    assert_send(&idempotent(&config, &"k", run));
}

#[test]
fn layer_config_and_service_are_clone_and_debug_without_bounds_on_hooks() {
    let layer = plain();
    let clone = layer.clone();
    assert_both(&clone);
    let _ = (layer.config().clone(), format!("{layer:?} {clone:?}"));
    let service = layer.layer(service_fn(|_: Request<Text>| {
        ready(Ok::<_, Infallible>(()))
    }));
    let _ = (service.clone(), format!("{service:?}"));
}

#[tokio::test]
async fn a_clone_shares_the_store_and_does_the_same() {
    let bed = Bed::default();
    let service = bed.layer().layer(service_fn(|event: LambdaEvent<Value>| {
        ready(Ok::<_, Infallible>(json!(event.context.request_id)))
    }));
    let clone = service.clone();
    let first = service.oneshot(lambda_event("one", json!(1))).await;
    let second = clone.oneshot(lambda_event("two", json!(1))).await;
    assert_eq!(first.unwrap(), json!("one"));
    assert_eq!(second.unwrap(), json!("one"));
}

#[tokio::test]
async fn an_observing_layer_around_it_sees_replays_and_refusals() {
    use powertools_core::Outcome;
    let bed = Bed::default();
    let probe = ProbeLayer::default();
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(bed.layer())
        .service_fn(|event: LambdaEvent<u8>| {
            ready(match event.payload {
                0 => Err("no".to_owned()),
                payload => Ok(payload),
            })
        });
    for payload in [1, 1, 0] {
        let _ = service.clone().oneshot(lambda_event("1", payload)).await;
    }
    bed.running_elsewhere(&bed.store.records.keys()[0], secs(9));
    let _ = service.oneshot(lambda_event("1", 1)).await;
    // The answer, the replay, the error, the refusal.
    let outcomes = [Outcome::Ok, Outcome::Ok, Outcome::Fault, Outcome::Fault];
    assert_eq!(probe.outcomes(), outcomes);
}

#[test]
fn a_call_does_nothing_before_it_is_polled() {
    let bed = Bed::default();
    let runs = bed.runs.clone();
    let mut service = bed.layer().layer(service_fn(move |_: LambdaEvent<u8>| {
        runs.add();
        ready(Ok::<_, Infallible>(1))
    }));
    drop(service.call(lambda_event("1", 1)));
    assert_eq!((bed.runs.count(), bed.store.calls().len()), (0, 0));
}

#[tokio::test]
async fn disabled_the_inner_service_is_called_at_once() {
    let [_, off] = layers();
    let bed = Bed::default();
    let runs = bed.runs.clone();
    let mut service = off.layer(service_fn(move |_: LambdaEvent<u8>| {
        runs.add();
        ready(Ok::<_, Infallible>(1))
    }));
    let call = service.call(lambda_event("1", 1));
    assert_eq!(bed.runs.count(), 1);
    assert_eq!(call.await.unwrap(), 1);
}
