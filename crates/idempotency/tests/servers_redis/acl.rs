//! TLS and an access control list.

use powertools_idempotency::{
    IdempotencyConfig, StoreErrorKind,
    store::redis::{RedisConnection, RedisStore},
};
use redis::aio::MultiplexedConnection;

use crate::bed::{Bed, Counter, PATIENCE, client, key, store_fails_with, succeeds, within};

/// What the documentation says that a user needs.
const COMMANDS: [&str; 6] = ["-@all", "+evalsha", "+eval", "+get", "+set", "+del"];

/// A user who may touch the keys of this test with these commands.
struct User<'a> {
    bed: &'a Bed,
    name: String,
}

impl<'a> User<'a> {
    async fn with(bed: &'a Bed, commands: &[&str]) -> Self {
        let name = bed.redis.prefix().replace(':', "-");
        let mut set = redis::cmd("ACL");
        set.arg("SETUSER")
            .arg(&name)
            .arg("reset")
            .arg("on")
            .arg(">pw");
        set.arg(format!("~{}*", bed.redis.prefix())).arg(commands);
        set.query_async::<()>(&mut bed.raw.clone()).await.unwrap();
        Self { bed, name }
    }

    fn store(&self, password: &str) -> RedisStore {
        let url = format!(
            "rediss://{}:{password}@{}",
            self.name,
            self.bed.redis.address()
        );
        let connection = RedisConnection::new(client(&self.bed.redis, &url));
        let connection = connection
            .connect_timeout(PATIENCE)
            .response_timeout(PATIENCE);
        RedisStore::builder(connection)
            .time_limit(PATIENCE)
            .build()
            .unwrap()
    }

    async fn end(self) {
        let mut delete = redis::cmd("ACL");
        delete.arg("DELUSER").arg(&self.name);
        let raw: &MultiplexedConnection = &self.bed.raw;
        delete.query_async::<()>(&mut raw.clone()).await.unwrap();
    }
}

async fn everything(config: &IdempotencyConfig<RedisStore>, bed: &Bed) {
    let counter = Counter::default();
    succeeds(counter.answer(config, "k").await);
    succeeds(counter.answer(config, "k").await);
    counter
        .call(config, "fails", Err("no".to_owned()))
        .await
        .unwrap_err();
    bed.set(&key(config, "orphan"), "{broken", 60).await;
    succeeds(counter.answer(config, "orphan").await);
    assert_eq!(counter.runs(), 3);
}

#[tokio::test]
async fn tls_and_a_login_do() {
    within(async {
        let bed = Bed::tls().await;
        everything(&bed.config(), &bed).await;
    })
    .await;
}

#[tokio::test]
async fn documented_commands_do() {
    within(async {
        let bed = Bed::tls().await;
        let user = User::with(&bed, &COMMANDS).await;
        let config = bed.builder(user.store("pw")).build_config().unwrap();
        everything(&config, &bed).await;
        user.end().await;
    })
    .await;
}

#[tokio::test]
async fn none_of_the_documented_commands_is_superfluous() {
    within(async {
        for missing in ["+evalsha", "+get", "+set"] {
            let bed = Bed::tls().await;
            let commands = COMMANDS.into_iter().filter(|command| *command != missing);
            let user = User::with(&bed, &commands.collect::<Vec<_>>()).await;
            let config = bed.builder(user.store("pw")).build_config().unwrap();
            let outcome = Counter::default().answer(&config, "k").await;
            store_fails_with(outcome, StoreErrorKind::AccessDenied);
            user.end().await;
        }
    })
    .await;
}

#[tokio::test]
async fn foreign_prefix_is_denied() {
    within(async {
        let bed = Bed::tls().await;
        let config = bed.builder(bed.patient()).key_prefix("other:orders");
        let config = config.build_config().unwrap();
        let counter = Counter::default();
        let outcome = counter.answer(&config, "k").await;
        store_fails_with(outcome, StoreErrorKind::AccessDenied);
        assert_eq!(counter.runs(), 0);
    })
    .await;
}

#[tokio::test]
async fn wrong_password_is_denied_and_not_shown() {
    within(async {
        let bed = Bed::tls().await;
        let user = User::with(&bed, &COMMANDS).await;
        let store = user.store("s3cret");
        assert!(!format!("{store:?}{:?}", bed.connection()).contains("s3cret"));
        let config = bed.builder(store).build_config().unwrap();
        let outcome = Counter::default().answer(&config, "k").await;
        assert!(!format!("{outcome:?}").contains("s3cret"), "{outcome:?}");
        store_fails_with(outcome, StoreErrorKind::AccessDenied);
        user.end().await;
    })
    .await;
}
