use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use powertools_core::{Host, LayerError, test_util::ManualClock};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyConfig, IdempotencyError, IdempotencyErrorKind,
    IdempotencyStore, StoreErrorKind, idempotent,
    store::redis::{RedisConnection, RedisStore},
};
use redis::{AsyncConnectionConfig, Client, TlsCertificates, aio::MultiplexedConnection};
use serde::Serialize;
use serde_json::{Value, json};
use testbed::{
    proxy::{Protocol, Proxy, Rule},
    servers::Redis,
};

/// The second at which the rows of the specification begin.
pub(crate) const T0: u64 = 1_700_000_000;
/// How long a hasty client waits for a reply.
pub(crate) const HASTE: Duration = Duration::from_millis(300);
/// How long one does that only wants an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Config<St = RedisStore> = IdempotencyConfig<St>;
pub(crate) type Outcome = Result<Value, LayerError<String, IdempotencyError>>;

pub(crate) async fn within<T>(test: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(100), test).await;
    ended.expect("the test ends in time")
}

/// A prefix on a server, and a connection past our own code.
pub(crate) struct Bed {
    pub(crate) redis: Redis,
    pub(crate) raw: MultiplexedConnection,
    pub(crate) clock: ManualClock,
}

impl Bed {
    pub(crate) async fn plain() -> Self {
        Self::of(Redis::plain()).await
    }

    pub(crate) async fn tls() -> Self {
        Self::of(Redis::tls()).await
    }

    async fn of(redis: Redis) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let client = client(&redis, redis.url());
        let raw = client
            .get_multiplexed_async_connection_with_config(&config)
            .await;
        Self {
            raw: raw.unwrap(),
            redis,
            clock: ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(T0)),
        }
    }

    pub(crate) fn patient(&self) -> RedisStore {
        RedisStore::new(self.connection().response_timeout(PATIENCE))
    }

    pub(crate) fn connection(&self) -> RedisConnection {
        RedisConnection::new(client(&self.redis, self.redis.url())).connect_timeout(PATIENCE)
    }

    /// By the clock of the test.
    pub(crate) fn builder<St: IdempotencyStore>(&self, store: St) -> IdempotencyBuilder<St> {
        let host = Host::default().with_clock(self.clock.shared());
        self.by_the_wall(store).host(host)
    }

    pub(crate) fn by_the_wall<St: IdempotencyStore>(&self, store: St) -> IdempotencyBuilder<St> {
        IdempotencyConfig::builder("id", store)
            .key_prefix(self.redis.key("orders"))
            .lease(Duration::from_secs(30))
    }

    pub(crate) fn config(&self) -> Config {
        self.builder(self.patient()).build_config().unwrap()
    }

    /// The key of the one record that there is.
    pub(crate) async fn only_key(&self) -> String {
        let mut keys = redis::cmd("KEYS");
        keys.arg(format!("{}*", self.redis.prefix()));
        let keys: Vec<String> = keys.query_async(&mut self.raw.clone()).await.unwrap();
        let [key] = <[String; 1]>::try_from(keys).expect("one key");
        key
    }

    pub(crate) async fn text(&self, key: &str) -> Option<String> {
        let mut get = redis::cmd("GET");
        get.arg(key)
            .query_async(&mut self.raw.clone())
            .await
            .unwrap()
    }

    pub(crate) async fn json(&self, key: &str) -> Value {
        let text = self.text(key).await.expect("there is a record");
        serde_json::from_str(&text).unwrap()
    }

    /// The record without its mark, which no two runs have in common.
    pub(crate) async fn row(&self, key: &str) -> Value {
        let mut row = self.json(key).await;
        let owner = row.as_object_mut().unwrap().remove("powertools_owner");
        let owner = owner.expect("a mark");
        let owner = owner.as_str().unwrap();
        assert_eq!(owner.len(), 32);
        assert!(
            owner.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{owner}"
        );
        row
    }

    /// Seconds. The server's clock goes on, so one may be missing.
    pub(crate) async fn ttl_is(&self, key: &str, expected: i64) {
        let mut ttl = redis::cmd("TTL");
        let ttl: i64 = ttl
            .arg(key)
            .query_async(&mut self.raw.clone())
            .await
            .unwrap();
        assert!(
            (expected - 2..=expected).contains(&ttl),
            "{ttl} for {expected}"
        );
    }

    pub(crate) async fn set(&self, key: &str, value: impl AsRef<[u8]>, ttl: u32) {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(value.as_ref()).arg("EX").arg(ttl);
        set.query_async::<()>(&mut self.raw.clone()).await.unwrap();
    }

    pub(crate) async fn delete(&self, keys: &[&str]) {
        let mut delete = redis::cmd("DEL");
        delete.arg(keys);
        delete
            .query_async::<()>(&mut self.raw.clone())
            .await
            .unwrap();
    }
}

/// A server behind a proxy, and a store that reaches it only through that.
pub(crate) struct Broken {
    pub(crate) bed: Bed,
    pub(crate) proxy: Proxy,
    pub(crate) client: Client,
}

impl Broken {
    pub(crate) async fn plain() -> Self {
        Self::of(Bed::plain().await, Protocol::Redis).await
    }

    pub(crate) async fn tls() -> Self {
        Self::of(Bed::tls().await, Protocol::Raw).await
    }

    async fn of(bed: Bed, protocol: Protocol) -> Self {
        let proxy = Proxy::in_front_of(bed.redis.address(), protocol).await;
        let through = bed.redis.through(proxy.address());
        let client = client(&bed.redis, through.url());
        Self { bed, proxy, client }
    }

    pub(crate) fn connection(&self, patience: Duration) -> RedisConnection {
        RedisConnection::new(self.client.clone())
            .connect_timeout(PATIENCE)
            .response_timeout(patience)
    }

    pub(crate) fn store(&self, patience: Duration) -> RedisStore {
        let store = RedisStore::builder(self.connection(patience)).time_limit(PATIENCE);
        store.build().unwrap()
    }

    /// A layer whose store is connected, on a server that knows the scripts.
    pub(crate) async fn warm(&self, patience: Duration) -> Config {
        let config = self.bed.builder(self.store(patience));
        let config = config.build_config().unwrap();
        let counter = Counter::default();
        for outcome in [Ok(json!("warm")), Err("warm".to_owned())] {
            // A run that fails, so that nothing is left.
            counter.call(&config, "warm", outcome).await.ok();
            let key = key(&config, "warm");
            self.bed.delete(&[&key]).await;
        }
        config
    }
}

/// Counts how often a function runs.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn runs(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) async fn call<St: IdempotencyStore>(
        &self,
        config: &IdempotencyConfig<St>,
        payload: &str,
        outcome: Result<Value, String>,
    ) -> Outcome {
        self.call_with(config, &payload.to_owned(), outcome).await
    }

    pub(crate) async fn call_with<St: IdempotencyStore>(
        &self,
        config: &IdempotencyConfig<St>,
        payload: &(impl Serialize + 'static),
        outcome: Result<Value, String>,
    ) -> Outcome {
        idempotent(config, payload, || async {
            self.0.fetch_add(1, Ordering::SeqCst);
            outcome
        })
        .await
    }

    pub(crate) async fn answer<St: IdempotencyStore>(
        &self,
        config: &IdempotencyConfig<St>,
        payload: &str,
    ) -> Outcome {
        self.call(config, payload, Ok(answer())).await
    }
}

pub(crate) fn answer() -> Value {
    json!({"message": "héllo", "b": 1})
}

/// As it is stored.
pub(crate) fn stored_answer() -> &'static str {
    r#"{"b": 1, "message": "h\u00e9llo"}"#
}

/// The whole key of a payload.
pub(crate) fn key<St: IdempotencyStore>(config: &IdempotencyConfig<St>, payload: &str) -> String {
    let json = serde_json::to_vec(payload).unwrap();
    config.key_from_json(&json).unwrap().expect("a key")
}

#[track_caller]
pub(crate) fn error(outcome: Outcome) -> IdempotencyError {
    match outcome {
        Err(LayerError::Layer(error)) => error,
        other => panic!("no error of the layer: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn fails_with(outcome: Outcome, kind: IdempotencyErrorKind) {
    assert_eq!(error(outcome).kind(), kind);
}

#[track_caller]
pub(crate) fn store_fails_with(outcome: Outcome, kind: StoreErrorKind) {
    let error = error(outcome);
    assert_eq!(error.store(), Some(kind), "{error:?}");
}

#[track_caller]
pub(crate) fn succeeds(outcome: Outcome) {
    assert_eq!(outcome.unwrap(), answer());
}

/// A rule for one of our own requests on this key.
pub(crate) fn on_key(name: &str, fault: testbed::proxy::Fault, key: &str) -> Rule {
    Rule::new(name, fault).on_command("EVALSHA").containing(key)
}

pub(crate) fn client(redis: &Redis, url: &str) -> Client {
    match redis.certificate() {
        Some(certificate) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(certificate),
            };
            Client::build_with_tls(url, certificates).unwrap()
        }
        None => Client::open(url).unwrap(),
    }
}
