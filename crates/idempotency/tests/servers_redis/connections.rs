//! Which connection is used, and when another one is opened.

use std::time::Duration;

use powertools_idempotency::{IdempotencyStore, RedisStore, StoreErrorKind};
use redis::{
    AsyncConnectionConfig,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cluster_async::ClusterConnection,
};
use testbed::proxy::{Answer, Fault, Rule};

use crate::bed::{
    Broken, Counter, HASTE, PATIENCE, key, on_key, store_fails_with, succeeds, within,
};

#[tokio::test]
async fn connection_is_opened_once_and_when_it_is_needed() {
    within(async {
        let broken = Broken::plain().await;
        let store = broken.store(PATIENCE);
        let config = broken.bed.builder(store).build_config().unwrap();
        assert_eq!(broken.proxy.connections(), 0);
        let calls = (0..32).map(|call| {
            let config = config.clone();
            async move {
                let counter = Counter::default();
                succeeds(counter.answer(&config, &call.to_string()).await);
            }
        });
        futures_util::future::join_all(calls).await;
        assert_eq!(broken.proxy.connections(), 1);
    })
    .await;
}

/// What a function finds after its environment was frozen.
#[tokio::test]
async fn connection_that_died_between_calls_is_not_noticed() {
    within(async {
        for broken in [Broken::plain().await, Broken::tls().await] {
            let config = broken.bed.builder(broken.store(PATIENCE));
            let config = config.build_config().unwrap();
            let counter = Counter::default();
            for call in 0..5 {
                succeeds(counter.answer(&config, &call.to_string()).await);
                broken.proxy.reset_connections().await;
            }
            assert_eq!(counter.runs(), 5);
        }
    })
    .await;
}

#[tokio::test]
async fn connection_that_fell_silent_is_left() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(HASTE).await;
        let silent = Rule::new("silent", Fault::hang()).on_connection(1);
        broken.proxy.set_rules([silent]);
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        succeeds(counter.answer(&config, "l").await);
        assert_eq!(broken.proxy.times_fired("silent"), 1);
        assert_eq!(broken.proxy.connections(), 2);
    })
    .await;
}

#[tokio::test]
async fn connection_to_a_server_that_became_a_replica_is_left() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let line = Answer::redis_error("READONLY You can't write against a read only replica.");
        let key = key(&config, "k");
        let rule = on_key("replica", Fault::answer(line), &key).on_connection(1);
        broken.proxy.set_rules([rule]);
        succeeds(Counter::default().answer(&config, "k").await);
        assert_eq!(broken.proxy.connections(), 2);
    })
    .await;
}

/// A handshake that hangs is the state in which an environment may have been frozen.
#[tokio::test]
async fn connection_that_does_not_open_is_tried_again() {
    within(async {
        for broken in [Broken::plain().await, Broken::tls().await] {
            let hang = Rule::new("hang", Fault::hang()).at_connect().times(1);
            broken.proxy.set_rules([hang]);
            let connection = broken.connection(PATIENCE).connect_timeout(HASTE);
            let store = RedisStore::builder(connection).time_limit(PATIENCE);
            let config = broken.bed.builder(store.build().unwrap());
            let config = config.build_config().unwrap();
            succeeds(Counter::default().answer(&config, "k").await);
            assert_eq!(broken.proxy.times_fired("hang"), 1);
        }
    })
    .await;
}

/// Whoever is dropped while it waits leaves nothing for others to wait on.
#[tokio::test]
async fn connection_on_which_a_call_was_dropped_is_left() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let key = key(&config, "k");
        let hang = on_key("hang", Fault::hang(), &key).times(1);
        broken.proxy.set_rules([hang]);
        let counter = Counter::default();
        {
            let call = counter.answer(&config, "k");
            tokio::select! {
                outcome = call => panic!("it hangs: {outcome:?}"),
                _ = broken.proxy.fired("hang") => {}
            }
        }
        succeeds(counter.answer(&config, "l").await);
        assert_eq!(broken.proxy.connections(), 2);
    })
    .await;
}

#[tokio::test]
async fn manager_and_multiplexed_connection_can_be_used() {
    within(async {
        let broken = Broken::plain().await;
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_min_delay(Duration::from_millis(1));
        let manager = ConnectionManager::new_with_config(broken.client.clone(), settings);
        let store = RedisStore::builder(manager.await.unwrap()).time_limit(PATIENCE);
        let managed = broken.bed.builder(store.build().unwrap());
        let managed = managed.build_config().unwrap();
        let settings = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let client = &broken.client;
        let multiplexed = client.get_multiplexed_async_connection_with_config(&settings);
        let store = RedisStore::new(multiplexed.await.unwrap());
        let multiplexed = broken.bed.builder(store).build_config().unwrap();

        let counter = Counter::default();
        succeeds(counter.answer(&managed, "k").await);
        succeeds(counter.answer(&multiplexed, "k").await);
        assert_eq!(counter.runs(), 1);

        broken.proxy.reset_connections().await;
        succeeds(counter.answer(&managed, "l").await);
        let outcome = counter.answer(&multiplexed, "m").await;
        store_fails_with(outcome, StoreErrorKind::Unavailable);
    })
    .await;
}

/// A cluster's connection is one of those that fit.
#[test]
fn cluster_connection_can_be_used() {
    fn is_store<St: IdempotencyStore>(_: fn(ClusterConnection) -> St) {}
    is_store(RedisStore::new);
}
