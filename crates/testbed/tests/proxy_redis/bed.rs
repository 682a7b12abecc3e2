use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult,
    TlsCertificates,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};
use testbed::{
    proxy::{Fault, Protocol, Proxy, Rule},
    servers::Redis,
};
use tokio::time::{self, Instant};

/// How long a hasty client waits for a reply.
pub(crate) const HASTE: Duration = Duration::from_millis(300);
/// How long one does that only wants an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A prefix on a server behind a proxy.
pub(crate) struct Bed {
    pub(crate) proxy: Proxy,
    redis: Redis,
    through: Redis,
}

/// What one `SET key me NX` has shown.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: String,
    /// What stands under the key right afterwards.
    pub(crate) written: Option<String>,
    /// What the next command on the same handle gives.
    pub(crate) next: String,
    pub(crate) took: Duration,
}

impl Seen {
    #[track_caller]
    pub(crate) fn shows(&self, outcome: &str, written: Option<&str>, next: &str) -> &Self {
        let seen = (
            self.outcome.as_str(),
            self.written.as_deref(),
            self.next.as_str(),
        );
        assert_eq!(seen, (outcome, written, next));
        assert!(self.took < Duration::from_secs(20), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn not_before(&self, time: Duration) {
        assert!(self.took >= time, "{self:?}");
    }
}

impl Bed {
    pub(crate) async fn plain() -> Self {
        Self::of(Redis::plain(), Protocol::Redis).await
    }

    pub(crate) async fn tls() -> Self {
        Self::of(Redis::tls(), Protocol::Raw).await
    }

    async fn of(redis: Redis, protocol: Protocol) -> Self {
        let proxy = Proxy::in_front_of(redis.address(), protocol).await;
        let through = redis.through(proxy.address());
        Self {
            proxy,
            redis,
            through,
        }
    }

    pub(crate) fn key(&self, name: &str) -> String {
        self.redis.key(name)
    }

    pub(crate) async fn managed(&self, patience: Duration) -> ConnectionManager {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(patience))
            .set_min_delay(Duration::from_millis(20))
            .set_number_of_retries(3);
        let manager = ConnectionManager::new_with_config(client(&self.through), config);
        manager.await.unwrap()
    }

    pub(crate) async fn multiplexed(&self, patience: Duration) -> MultiplexedConnection {
        // Logging in may take its time.
        let mut connection = connect(&self.through, PATIENCE).await.unwrap();
        connection.set_response_timeout(patience);
        connection
    }

    /// Connects and gives what fails.
    pub(crate) async fn connects(&self, patience: Duration) -> RedisResult<()> {
        connect(&self.through, patience).await.map(drop)
    }

    /// Asks without a user and a password.
    pub(crate) async fn without_login(&self) -> RedisResult<Option<String>> {
        let url = format!("rediss://{}", self.proxy.address());
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let client = tls_client(&url, self.redis.certificate().expect("a server with TLS"));
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        ask(&get(&self.key("a")), &mut connection.await?).await
    }

    /// The same server past the proxy.
    pub(crate) async fn read(&self, name: &str) -> Option<String> {
        let mut direct = connect(&self.redis, PATIENCE).await.unwrap();
        get(&self.key(name)).query_async(&mut direct).await.unwrap()
    }

    /// A row for each kind of connection: the fault happens once, to a `SET NX`.
    pub(crate) async fn cases(row: &str, fault: &Fault, patience: Duration) -> [Seen; 2] {
        let bed = Self::plain().await;
        let managed = bed.managed(patience).await;
        let managed = bed.case(&format!("{row}, manager"), fault, managed).await;
        let bed = Self::plain().await;
        let multiplexed = bed.multiplexed(patience).await;
        let row = format!("{row}, multiplexed");
        let multiplexed = bed.case(&row, fault, multiplexed).await;
        [managed, multiplexed]
    }

    async fn case(&self, row: &str, fault: &Fault, mut on: impl ConnectionLike) -> Seen {
        let rule = Rule::new(row, fault.clone()).on_command("SET").times(1);
        self.proxy.set_rules([rule]);
        let (outcome, took) = timed(&set_nx(&self.key("a"), "me"), &mut on).await;
        // A hasty client may be faster than what happens to its command.
        self.proxy.fired(row).await;
        let written = self.read("a").await;
        let (next, _) = timed(&get(&self.key("b")), &mut on).await;
        print(row, &outcome, written.is_some(), &next, took);
        Seen {
            outcome,
            written,
            next,
            took,
        }
    }
}

pub(crate) fn set_nx(key: &str, value: &str) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(value).arg("NX");
    set
}

pub(crate) fn get(key: &str) -> Cmd {
    let mut get = redis::cmd("GET");
    get.arg(key);
    get
}

pub(crate) async fn ask<T: FromRedisValue>(
    command: &Cmd,
    on: &mut impl ConnectionLike,
) -> RedisResult<T> {
    command.query_async(on).await
}

/// A short name for what a command gives, and how long it takes.
pub(crate) async fn timed(command: &Cmd, on: &mut impl ConnectionLike) -> (String, Duration) {
    let began = Instant::now();
    let result = ask(command, on).await;
    (name(&result), began.elapsed())
}

/// A row of the table: what the caller gets, whether the server has written, what the next
/// command on the same connection gets, and how long the first one took.
pub(crate) fn print(row: &str, outcome: &str, written: bool, next: &str, took: Duration) {
    let acted = if written { "yes" } else { "no" };
    let time = took.as_micros();
    println!("| {row} | {outcome} | {acted} | {next} | {time} us |");
}

/// Waits until a connection can be used again.
pub(crate) async fn recovers(on: &mut impl ConnectionLike) {
    while ask::<()>(&redis::cmd("PING"), on).await.is_err() {
        time::sleep(Duration::from_millis(5)).await;
    }
}

/// A short name for what the caller gets.
pub(crate) fn name(result: &RedisResult<Option<String>>) -> String {
    match result {
        Ok(None) => "nil".to_owned(),
        Ok(Some(text)) => text.clone(),
        Err(error) => failure(error),
    }
}

pub(crate) fn failure(error: &RedisError) -> String {
    if let Some(code) = error.code() {
        code.to_owned()
    } else if error.is_timeout() {
        "timeout".to_owned()
    } else if error.is_connection_refusal() {
        "refused".to_owned()
    } else if error.is_connection_dropped() {
        "dropped".to_owned()
    } else if error.kind() == ErrorKind::Parse {
        "unreadable".to_owned()
    } else {
        format!("{error:?}")
    }
}

fn client(redis: &Redis) -> Client {
    match redis.certificate() {
        Some(certificate) => tls_client(redis.url(), certificate),
        None => Client::open(redis.url()).unwrap(),
    }
}

fn tls_client(url: &str, certificate: Vec<u8>) -> Client {
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(certificate),
    };
    Client::build_with_tls(url, certificates).unwrap()
}

async fn connect(redis: &Redis, patience: Duration) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(patience));
    let client = client(redis);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}
