//! A cluster, in which a key and its lock lie on different servers: the proxy says what such a
//! cluster says to a script with both.

use powertools_idempotency::IdempotencyErrorKind as Kind;
use serde_json::json;
use testbed::proxy::{Answer, Fault, Kept, LostReply, Request, Rule};

use crate::bed::{Broken, Config, Counter, HASTE, PATIENCE, T0, fails_with, key, succeeds, within};

/// Refuses each script with two keys.
pub(crate) fn cross_slot() -> Rule {
    let line = "CROSSSLOT Keys in request don't hash to the same slot";
    let two_keys = |request: &Request| {
        let arguments = request.arguments();
        arguments[0].starts_with(b"EVAL") && &arguments[2][..] == b"2"
    };
    Rule::new("cross slot", Fault::answer(Answer::redis_error(line))).when(two_keys)
}

/// Our own requests for this one key.
fn about(key: String) -> impl Fn(&Request) -> bool + Send + Sync + 'static {
    move |request| {
        let arguments = request.arguments();
        &arguments[0][..] == b"EVALSHA" && arguments[3] == key.as_bytes()
    }
}

/// A cluster whose servers know the scripts, and an orphan.
async fn cluster(patience: std::time::Duration) -> (Broken, Config, String) {
    let broken = Broken::plain().await;
    let config = broken.warm(patience).await;
    broken.proxy.set_rules([cross_slot()]);
    let warm = key(&config, "warm");
    broken.bed.set(&warm, "{", 60).await;
    succeeds(Counter::default().answer(&config, "warm").await);
    let key = key(&config, "k");
    let seed = json!({
        "status": "INPROGRESS", "expiration": T0 + 60, "in_progress_expiration": T0 * 1000 - 1,
    });
    broken.bed.set(&key, seed.to_string(), 60).await;
    (broken, config, key)
}

#[tokio::test]
async fn cluster_is_found_out_once() {
    within(async {
        let (broken, config, key) = cluster(PATIENCE).await;
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 1);
        assert_eq!(broken.proxy.times_fired("cross slot"), 1);
        let mark = broken.bed.json(&key).await["powertools_owner"].clone();
        let lock = format!("{key}:lock");
        assert_eq!(broken.bed.text(&lock).await.as_deref(), mark.as_str());
        broken.bed.ttl_is(&lock, 10).await;
    })
    .await;
}

#[tokio::test]
async fn each_lost_reply_of_a_take_over_runs_exactly_once() {
    within(async {
        for (row, fault, patience) in [
            ("reset", Fault::reset(), PATIENCE),
            ("hang", Fault::hang(), HASTE),
            ("cut off", Fault::truncate(), PATIENCE),
            ("lost", Fault::drop_reply(LostReply::Reset), PATIENCE),
            ("twice", Fault::duplicate(Kept::Second), PATIENCE),
        ] {
            // The lock, the exchange after the claim, the second look at the lock.
            for (suffix, skip) in [(":lock", 0), ("", 1), (":lock", 1)] {
                let (broken, config, key) = cluster(patience).await;
                let rule = Rule::new(row, fault.clone())
                    .when(about(format!("{key}{suffix}")))
                    .skip(skip)
                    .times(1);
                broken.proxy.set_rules([rule]);
                let counter = Counter::default();
                succeeds(counter.answer(&config, "k").await);
                broken.proxy.fired(row).await;
                succeeds(counter.answer(&config, "k").await);
                assert_eq!(counter.runs(), 1, "{row} {suffix} {skip}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn lock_of_somebody_else_is_honoured() {
    within(async {
        let (broken, config, key) = cluster(PATIENCE).await;
        broken.bed.set(&format!("{key}:lock"), "True", 10).await;
        let counter = Counter::default();
        fails_with(counter.answer(&config, "k").await, Kind::InconsistentState);
        assert_eq!(counter.runs(), 0);
        assert_eq!(broken.bed.json(&key).await["expiration"], json!(T0 + 60));
    })
    .await;
}

/// We are held up between the exchange and the second look for longer than the lock lasts.
#[tokio::test]
async fn lock_that_went_to_somebody_else_meanwhile_takes_the_key_along() {
    within(async {
        let (broken, config, key) = cluster(PATIENCE).await;
        let lock = format!("{key}:lock");
        let hang = Rule::new("hang", Fault::hang())
            .when(about(lock.clone()))
            .skip(1)
            .times(1);
        broken.proxy.set_rules([hang]);
        let counter = Counter::default();
        let python = json!({
            "status": "INPROGRESS", "expiration": T0 + 60,
            "in_progress_expiration": T0 * 1000 + 9000,
        });
        let call = counter.answer(&config, "k");
        let takes_over = async {
            broken.proxy.fired("hang").await;
            assert!(broken.bed.json(&key).await["powertools_owner"].is_string());
            broken.bed.set(&lock, "True", 10).await;
            // Python has the lock and writes what it was about to.
            broken.bed.set(&key, python.to_string(), 60).await;
            broken.proxy.release("hang");
        };
        let (outcome, ()) = tokio::join!(call, takes_over);
        fails_with(outcome, Kind::InProgress);
        assert_eq!(counter.runs(), 0);
        assert_eq!(broken.bed.json(&key).await, python);
    })
    .await;
}

/// The lock went to somebody else who has not written yet: no one else may get in between.
#[tokio::test]
async fn orphan_is_given_back_when_the_lock_is_lost() {
    within(async {
        for fault in [
            None,
            Some(Fault::drop_reply(LostReply::Reset)),
            Some(Fault::duplicate(Kept::Second)),
        ] {
            let (broken, config, key) = cluster(PATIENCE).await;
            let orphan = broken.bed.text(&key).await;
            let lock = format!("{key}:lock");
            let hang = Rule::new("hang", Fault::hang())
                .when(about(lock.clone()))
                .skip(1)
                .times(1);
            let exchange = fault.map(|fault| {
                Rule::new("exchange", fault)
                    .when(about(key.clone()))
                    .skip(1)
                    .times(1)
            });
            broken.proxy.set_rules([hang].into_iter().chain(exchange));
            let counter = Counter::default();
            let call = counter.answer(&config, "k");
            let loses_the_lock = async {
                broken.proxy.fired("hang").await;
                broken.bed.set(&lock, "True", 10).await;
                broken.proxy.release("hang");
            };
            let (outcome, ()) = tokio::join!(call, loses_the_lock);
            fails_with(outcome, Kind::InconsistentState);
            assert_eq!(counter.runs(), 0);
            assert_eq!(broken.bed.text(&key).await, orphan);
            broken.bed.delete(&[&lock]).await;
            succeeds(counter.answer(&config, "k").await);
        }
    })
    .await;
}

/// Between the look at the orphan and its exchange somebody else has begun, without a lock.
#[tokio::test]
async fn orphan_that_changed_meanwhile_is_left_alone() {
    within(async {
        for is_apart in [false, true] {
            let (broken, config, key) = cluster(PATIENCE).await;
            if !is_apart {
                // A store of its own, which has not met a cluster.
                broken.proxy.clear();
            }
            let config = match is_apart {
                true => config,
                false => broken.warm(PATIENCE).await,
            };
            let hang = Rule::new("hang", Fault::hang())
                .when(about(key.clone()))
                .skip(1);
            broken.proxy.set_rules([hang.times(1)]);
            let live = json!({
                "status": "INPROGRESS", "expiration": T0 + 60,
                "in_progress_expiration": T0 * 1000 + 9000,
            });
            let counter = Counter::default();
            let call = counter.answer(&config, "k");
            let begins = async {
                broken.proxy.fired("hang").await;
                broken.bed.set(&key, live.to_string(), 60).await;
                broken.proxy.release("hang");
            };
            let (outcome, ()) = tokio::join!(call, begins);
            fails_with(outcome, Kind::InProgress);
            assert_eq!(counter.runs(), 0);
            assert_eq!(broken.bed.json(&key).await, live);
        }
    })
    .await;
}
