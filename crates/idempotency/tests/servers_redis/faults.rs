//! What the network does to one step: the function runs exactly once, and its answer is kept.

use std::time::Duration;

use powertools_core::LayerError;
use powertools_idempotency::{IdempotencyErrorKind as Kind, RedisStore, StoreErrorKind};
use serde_json::json;
use testbed::proxy::{Answer, Fault, Kept, LostReply, Rule};
use tokio::time::Instant;

use crate::bed::{
    Broken, Counter, HASTE, PATIENCE, T0, error, fails_with, key, on_key, store_fails_with,
    succeeds, within,
};

const LATE: Duration = Duration::from_millis(1000);

/// A fault that happens once, and how long a reply may take.
fn faults() -> Vec<(&'static str, Fault, Duration)> {
    vec![
        ("reset", Fault::reset(), PATIENCE),
        ("close", Fault::close(), PATIENCE),
        ("hang", Fault::hang(), HASTE),
        ("delayed request", Fault::delay_request(LATE), HASTE),
        ("delayed reply", Fault::delay_reply(LATE), HASTE),
        ("cut off", Fault::truncate(), PATIENCE),
        (
            "lost, closed",
            Fault::drop_reply(LostReply::Close),
            PATIENCE,
        ),
        ("lost, reset", Fault::drop_reply(LostReply::Reset), PATIENCE),
        (
            "lost, silence",
            Fault::drop_reply(LostReply::Silence),
            HASTE,
        ),
        (
            "twice, first reply",
            Fault::duplicate(Kept::First),
            PATIENCE,
        ),
        (
            "twice, second reply",
            Fault::duplicate(Kept::Second),
            PATIENCE,
        ),
    ]
}

/// The `skip`th request of the call is broken; it runs once and is replayed.
async fn runs_once(skip: usize, orphan: bool) {
    for (row, fault, patience) in faults() {
        let broken = Broken::plain().await;
        let config = broken.warm(patience).await;
        let key = key(&config, "k");
        if orphan {
            let seed = json!({
                "status": "INPROGRESS", "expiration": T0 + 60,
                "in_progress_expiration": T0 * 1000 - 1,
            });
            broken.bed.set(&key, seed.to_string(), 60).await;
        }
        let rule = on_key(row, fault, &key).skip(skip).times(1);
        broken.proxy.set_rules([rule]);
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        broken.proxy.fired(row).await;
        assert_eq!(counter.runs(), 1, "{row}");
        let record = broken.bed.row(&key).await;
        assert_eq!(record["status"], "COMPLETED", "{row}");
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 1, "{row}: replayed");
    }
}

#[tokio::test]
async fn claim_whose_reply_is_lost_runs_exactly_once() {
    within(runs_once(0, false)).await;
}

#[tokio::test]
async fn completion_whose_reply_is_lost_is_kept() {
    within(runs_once(1, false)).await;
}

#[tokio::test]
async fn take_over_whose_reply_is_lost_runs_exactly_once() {
    within(async {
        // The script of the take-over, so that the next one goes by its hash.
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        broken.bed.set(&key(&config, "k"), "{", 60).await;
        succeeds(Counter::default().answer(&config, "k").await);
        runs_once(1, true).await;
    })
    .await;
}

#[tokio::test]
async fn release_whose_reply_is_lost_has_released() {
    within(async {
        for (row, fault, patience) in faults() {
            let broken = Broken::plain().await;
            let config = broken.warm(patience).await;
            let key = key(&config, "k");
            let rule = on_key(row, fault, &key).skip(1).times(1);
            broken.proxy.set_rules([rule]);
            let counter = Counter::default();
            let failed = counter.call(&config, "k", Err("no".to_owned())).await;
            assert!(matches!(failed, Err(LayerError::Inner(_))), "{row}");
            broken.proxy.fired(row).await;
            assert_eq!(broken.bed.text(&key).await, None, "{row}");
            succeeds(counter.answer(&config, "k").await);
        }
    })
    .await;
}

#[tokio::test]
async fn claim_that_fails_for_good_runs_nothing_and_is_released() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let key = key(&config, "k");
        let lost = Fault::drop_reply(LostReply::Reset);
        // Three attempts; the release afterwards gets through.
        let rule = on_key("lost", lost, &key).times(3);
        broken.proxy.set_rules([rule]);
        let counter = Counter::default();
        let failed = error(counter.answer(&config, "k").await);
        assert_eq!(failed.kind(), Kind::Claim);
        assert_eq!(failed.store(), Some(StoreErrorKind::Unavailable));
        assert_eq!(counter.runs(), 0);
        while broken.bed.text(&key).await.is_some() {
            tokio::task::yield_now().await;
        }
        succeeds(counter.answer(&config, "k").await);
    })
    .await;
}

#[tokio::test]
async fn refused_connection_is_an_error_until_it_is_accepted_again() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let counter = Counter::default();
        broken.proxy.refuse().await;
        for _ in 0..2 {
            let outcome = counter.answer(&config, "k").await;
            store_fails_with(outcome, StoreErrorKind::Unavailable);
        }
        assert_eq!(counter.runs(), 0);
        broken.proxy.accept().await;
        succeeds(counter.answer(&config, "k").await);
    })
    .await;
}

#[tokio::test]
async fn refusal_that_ends_in_time_is_not_noticed() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let gone = Fault::refuse(Duration::from_millis(20));
        let rule = on_key("gone", gone, &key(&config, "k")).times(1);
        broken.proxy.set_rules([rule]);
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        broken.proxy.fired("gone").await;
        assert_eq!(counter.runs(), 1);
    })
    .await;
}

#[tokio::test]
async fn server_that_is_not_ready_is_asked_again() {
    within(async {
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "CLUSTERDOWN The cluster is down",
            "MASTERDOWN Link with MASTER is down",
        ] {
            let broken = Broken::plain().await;
            let config = broken.warm(PATIENCE).await;
            let fault = Fault::answer(Answer::redis_error(line));
            let rule = on_key("line", fault, &key(&config, "k")).times(2);
            broken.proxy.set_rules([rule]);
            let counter = Counter::default();
            succeeds(counter.answer(&config, "k").await);
            assert_eq!(broken.proxy.times_fired("line"), 2, "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn server_that_says_no_is_not_asked_again() {
    within(async {
        // A release follows where an earlier attempt may have come through.
        for (line, kind, asked) in [
            ("NOPERM no permissions", StoreErrorKind::AccessDenied, 1),
            ("OOM command not allowed", StoreErrorKind::Throttled, 2),
            ("ERR something else", StoreErrorKind::Other, 2),
        ] {
            let broken = Broken::plain().await;
            let config = broken.warm(PATIENCE).await;
            let fault = Fault::answer(Answer::redis_error(line));
            let rule = on_key("line", fault, &key(&config, "k"));
            broken.proxy.set_rules([rule]);
            let counter = Counter::default();
            store_fails_with(counter.answer(&config, "k").await, kind);
            assert_eq!(broken.proxy.times_fired("line"), asked, "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_sent_again() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let forgotten = Fault::answer(Answer::redis_error("NOSCRIPT No matching script."));
        let key = key(&config, "k");
        broken
            .proxy
            .set_rules([on_key("forgotten", forgotten, &key)]);
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 1);
        assert_eq!(broken.proxy.times_fired("forgotten"), 3);
    })
    .await;
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    within(async {
        let broken = Broken::plain().await;
        broken.proxy.set_rules([Rule::new("hang", Fault::hang())]);
        let limit = Duration::from_millis(700);
        let store = RedisStore::builder(broken.connection(PATIENCE)).time_limit(limit);
        let config = broken.bed.builder(store.build().unwrap());
        let config = config.build_config().unwrap();
        let counter = Counter::default();
        let began = Instant::now();
        let failed = error(counter.answer(&config, "k").await);
        let took = began.elapsed();
        assert_eq!(failed.store(), Some(StoreErrorKind::Unavailable));
        assert!(took >= limit && took < PATIENCE / 2, "{took:?}");
        assert_eq!(counter.runs(), 0);
    })
    .await;
}

#[tokio::test]
async fn completion_that_fails_for_good_says_that_the_call_has_run() {
    within(async {
        let broken = Broken::plain().await;
        let config = broken.warm(PATIENCE).await;
        let key = key(&config, "k");
        let rule = on_key("reset", Fault::reset(), &key).skip(1);
        broken.proxy.set_rules([rule]);
        let counter = Counter::default();
        let secret = json!({"card": "4111-s3cret"});
        let failed = error(counter.call(&config, "k", Ok(secret)).await);
        assert_eq!(failed.kind(), Kind::Complete);
        assert!(failed.has_run());
        let mut text = format!("{failed:?}");
        let mut source: Option<&dyn std::error::Error> = Some(&failed);
        while let Some(error) = source {
            text += &error.to_string();
            source = error.source();
        }
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("the connection to redis broke"), "{text}");
        broken.proxy.clear();
        fails_with(counter.answer(&config, "k").await, Kind::InProgress);
    })
    .await;
}
