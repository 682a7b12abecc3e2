//! What the tests share: a clock that can be moved, a store that can go wrong, a handler that
//! counts its runs.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "each target uses a part; a test may panic"
)]

mod body;
mod http;
mod logs;
mod stores;

use std::{
    any::Any,
    fmt::Debug,
    future::poll_fn,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

pub(crate) use body::{Part, Scripted};
pub(crate) use http::{Text, ask, http_bed, keyed, read, text_of};
use lambda_runtime::LambdaEvent;
pub(crate) use logs::{Logs, chain};
use powertools_core::{
    Clock, ColdStart, Env, Host, LayerError, SharedClock,
    test_util::{ManualClock, TestContext},
};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyConfig, IdempotencyError, IdempotencyErrorKind,
    IdempotencyLayer, IdempotencyStore, KeepErrors, ReplayHook, Status, StoredRecord,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
pub(crate) use stores::{Bucket, Fault, Op, TestStore};
use tower::{Layer, ServiceExt, service_fn};

/// 2023-11-14T22:13:20.500Z
pub(crate) const MILLIS: i64 = 1_700_000_000_500;
pub(crate) const SECONDS: i64 = MILLIS / 1000;
/// The default lease.
pub(crate) const LEASE: i64 = 15 * 60 * 1000;
/// The default expiry, in seconds.
pub(crate) const HOUR: i64 = 3600;

pub(crate) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + ms(MILLIS as u64)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The function `f`.
pub(crate) fn host(clock: SharedClock) -> Host {
    host_with(clock, [("AWS_LAMBDA_FUNCTION_NAME", "f")])
}

pub(crate) fn host_with<const N: usize>(clock: SharedClock, env: [(&str, &str); N]) -> Host {
    Host::default()
        .with_clock(clock)
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(env))
}

/// A clock that moves with tokio's paused time.
#[derive(Debug)]
pub(crate) struct PausedClock {
    start: tokio::time::Instant,
}

impl PausedClock {
    /// It shows [`moment`] now.
    pub(crate) fn shared() -> SharedClock {
        SharedClock::new(Self {
            start: tokio::time::Instant::now(),
        })
    }
}

impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        moment() + self.start.elapsed()
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// How often a handler has run. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// The answer of an event's handler under the layer.
pub(crate) type Answered<Res = Value> = Result<Res, LayerError<String, IdempotencyError>>;

pub(crate) struct Bed {
    pub(crate) clock: ManualClock,
    pub(crate) store: TestStore,
    pub(crate) runs: Runs,
}

impl Default for Bed {
    fn default() -> Self {
        Self {
            clock: ManualClock::at(moment()),
            store: TestStore::default(),
            runs: Runs::default(),
        }
    }
}

impl Bed {
    /// The id `orders` in the function `f`, and the whole payload as key.
    pub(crate) fn builder(&self) -> IdempotencyBuilder<TestStore> {
        let builder = IdempotencyLayer::builder("orders", self.store.clone());
        builder.host(host(self.clock.shared()))
    }

    pub(crate) fn layer(&self) -> IdempotencyLayer<TestStore> {
        self.builder().build().unwrap()
    }

    /// Calls a handler with the usual event.
    pub(crate) async fn call<Res, Fut, H, F>(
        &self,
        layer: &IdempotencyLayer<TestStore, H, F>,
        run: impl Fn() -> Fut + Clone + Send + 'static,
    ) -> Answered<Res>
    where
        Res: Serialize + DeserializeOwned + Send + 'static,
        Fut: Future<Output = Result<Res, String>> + Send + 'static,
        H: ReplayHook<Res>,
        F: KeepErrors<String>,
    {
        self.call_with(layer, event(), run).await
    }

    pub(crate) async fn call_with<T, Res, Fut, St, H, F>(
        &self,
        layer: &IdempotencyLayer<St, H, F>,
        event: LambdaEvent<T>,
        run: impl Fn() -> Fut + Clone + Send + 'static,
    ) -> Answered<Res>
    where
        T: Serialize + Send + 'static,
        Res: Serialize + DeserializeOwned + Send + 'static,
        Fut: Future<Output = Result<Res, String>> + Send + 'static,
        St: IdempotencyStore,
        H: ReplayHook<Res>,
        F: KeepErrors<String>,
    {
        let runs = self.runs.clone();
        let handler = service_fn(move |_: LambdaEvent<T>| {
            runs.add();
            run()
        });
        layer.layer(handler).oneshot(event).await
    }

    /// Calls a handler that gives this answer.
    pub(crate) async fn answer<H, F>(
        &self,
        layer: &IdempotencyLayer<TestStore, H, F>,
        answer: Value,
    ) -> Answered
    where
        H: ReplayHook<Value>,
        F: KeepErrors<String>,
    {
        self.answer_to(layer, event(), answer).await
    }

    pub(crate) async fn answer_to<St, H, F>(
        &self,
        layer: &IdempotencyLayer<St, H, F>,
        event: LambdaEvent<Value>,
        answer: Value,
    ) -> Answered
    where
        St: IdempotencyStore,
        H: ReplayHook<Value>,
        F: KeepErrors<String>,
    {
        let answer = move || {
            let answer = answer.clone();
            async { Ok(answer) }
        };
        self.call_with(layer, event, answer).await
    }

    /// Calls a handler that fails.
    pub(crate) async fn fail<H, F>(
        &self,
        layer: &IdempotencyLayer<TestStore, H, F>,
        error: &'static str,
    ) -> Answered
    where
        H: ReplayHook<Value>,
        F: KeepErrors<String>,
    {
        self.call(layer, move || async move { Err(error.to_owned()) })
            .await
    }

    /// What the next call gets: its own answer if it runs.
    pub(crate) async fn next<H, F>(&self, layer: &IdempotencyLayer<TestStore, H, F>) -> Answered
    where
        H: ReplayHook<Value>,
        F: KeepErrors<String>,
    {
        self.answer(layer, json!("ran again")).await
    }

    pub(crate) async fn status(&self) -> Option<Status> {
        self.store.only().await.map(|record| record.status())
    }

    pub(crate) async fn record(&self) -> StoredRecord {
        self.store.only().await.expect("a record")
    }

    /// Somebody else's call runs for so long from now.
    pub(crate) fn running_elsewhere(&self, key: &str, lease: Duration) -> StoredRecord {
        let end = self.clock.now() + lease;
        let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let record = StoredRecord::new(Status::InProgress, SECONDS + HOUR)
            .with_in_progress_expiration(i64::try_from(end.as_millis()).unwrap())
            .with_owner("somebody else");
        self.store.records.insert(key, record.clone());
        record
    }
}

/// The payload `{"id": "k"}`.
pub(crate) fn event() -> LambdaEvent<Value> {
    event_of(json!({"id": "k"}))
}

pub(crate) fn event_of(payload: Value) -> LambdaEvent<Value> {
    TestContext::new("r").event(payload)
}

/// The key of the usual event.
pub(crate) fn key<St: IdempotencyStore, H, F>(layer: &IdempotencyLayer<St, H, F>) -> String {
    key_of(layer.config(), &json!({"id": "k"}))
}

pub(crate) fn key_of<St: IdempotencyStore, H, F>(
    config: &IdempotencyConfig<St, H, F>,
    payload: &Value,
) -> String {
    let key = config.key_from_json(payload.to_string().as_bytes());
    key.unwrap().unwrap()
}

/// The layer's own error.
pub(crate) fn own<Res: Debug, E: Debug>(
    result: Result<Res, LayerError<E, IdempotencyError>>,
) -> IdempotencyError {
    match result {
        Err(LayerError::Layer(error)) => error,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn kind<Res: Debug, E: Debug>(
    result: Result<Res, LayerError<E, IdempotencyError>>,
) -> IdempotencyErrorKind {
    own(result).kind()
}

/// The handler's error.
pub(crate) fn inner<Res: Debug, E: Debug>(
    result: Result<Res, LayerError<E, IdempotencyError>>,
) -> E {
    match result {
        Err(LayerError::Inner(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Polls a future as far as it comes by itself, and drops it there.
pub(crate) async fn drop_pending<F: Future>(future: F) {
    {
        let mut future = pin!(future);
        assert!(polled(future.as_mut()).await.is_none(), "it is not ready");
    }
    background().await;
}

/// The process is killed: nothing is dropped.
pub(crate) fn kill<F>(future: F) {
    let _killed = ManuallyDrop::new(future);
}

/// Polls a future once.
pub(crate) async fn polled<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Has tasks that were spawned come to their end, or to where they hang.
pub(crate) async fn background() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

/// Polls a future that may panic, as a runtime does.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
