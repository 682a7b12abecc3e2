//! The rows of the specification: what stands in Redis, and for how long.

use std::time::Duration;

use powertools_core::LayerError;
use powertools_idempotency::{IdempotencyErrorKind as Kind, TooLarge, idempotent};
use serde_json::{Value, json};

use crate::bed::{
    Bed, Counter, T0, answer, fails_with, key, store_fails_with, stored_answer, succeeds, within,
};

const SECOND: Duration = Duration::from_secs(1);

fn running(expiration: u64, lease: u64) -> Value {
    json!({
        "status": "INPROGRESS", "expiration": T0 + expiration,
        "in_progress_expiration": T0 * 1000 + lease,
    })
}

fn completed(expiration: u64) -> Value {
    json!({"data": stored_answer(), "status": "COMPLETED", "expiration": T0 + expiration})
}

async fn is_completed(bed: &Bed, key: &str, expiration: u64) {
    assert_eq!(bed.row(key).await, completed(expiration));
}

#[tokio::test]
async fn new_key_is_in_progress_while_it_runs_then_completed_and_replayed() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let outcome = idempotent(&config, &"k", || async {
            assert_eq!(bed.row(&key).await, running(3600, 30_000));
            bed.ttl_is(&key, 3600).await;
            bed.clock.advance(2 * SECOND);
            Ok::<_, String>(answer())
        });
        succeeds(outcome.await);
        is_completed(&bed, &key, 3602).await;
        bed.ttl_is(&key, 3600).await;
        let counter = Counter::default();
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 0);
        assert_eq!(bed.text(&format!("{key}:lock")).await, None);
    })
    .await;
}

#[tokio::test]
async fn members_stand_in_the_order_of_python() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let mut while_running = String::new();
        let outcome = idempotent(&config, &"k", || async {
            while_running = bed.text(&key).await.unwrap();
            Ok::<_, String>(json!(1))
        });
        outcome.await.unwrap();
        let lease = T0 * 1000 + 30_000;
        let expiration = T0 + 3600;
        let running = format!(
            r#"{{"status":"INPROGRESS","expiration":{expiration},"in_progress_expiration":{lease},"powertools_owner":""#
        );
        assert!(while_running.starts_with(&running), "{while_running}");
        let text = bed.text(&key).await.unwrap();
        let completed = format!(
            r#"{{"data":"1","status":"COMPLETED","expiration":{expiration},"powertools_owner":""#
        );
        assert!(text.starts_with(&completed), "{text}");
    })
    .await;
}

#[tokio::test]
async fn failed_call_leaves_nothing() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let counter = Counter::default();
        let failed = counter.call(&config, "k", Err("no".to_owned())).await;
        assert!(matches!(failed, Err(LayerError::Inner(text)) if text == "no"));
        assert_eq!(bed.text(&key(&config, "k")).await, None);
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 2);
    })
    .await;
}

/// idem-c4, and idem-c7: also in the last millisecond of the lease, as Python has it in Redis.
#[tokio::test]
async fn orphan_is_taken_over_under_the_lock_which_stays() {
    within(async {
        for later in [1000, 1001] {
            let bed = Bed::plain().await;
            let config = bed.config();
            let key = key(&config, "k");
            bed.set(&key, running(3600, 1000).to_string(), 3600).await;
            bed.clock.advance(Duration::from_millis(later));
            let outcome = idempotent(&config, &"k", || async {
                assert_eq!(bed.row(&key).await, running(3601, 30_000 + later));
                Ok::<_, String>(answer())
            });
            succeeds(outcome.await);
            is_completed(&bed, &key, 3601).await;
            bed.ttl_is(&key, 3600).await;
            let lock = format!("{key}:lock");
            assert_eq!(bed.text(&lock).await.as_deref(), Some("True"));
            bed.ttl_is(&lock, 10).await;
        }
    })
    .await;
}

#[tokio::test]
async fn living_lease_is_refused_without_a_lock() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let counter = Counter::default();
        let no_lease = json!({"status": "INPROGRESS", "expiration": T0});
        for seed in [running(3600, 1), no_lease] {
            bed.set(&key, seed.to_string(), 3600).await;
            let outcome = counter.answer(&config, "k").await;
            fails_with(outcome, Kind::InProgress);
            assert_eq!(bed.json(&key).await, seed);
        }
        assert_eq!(counter.runs(), 0);
        assert_eq!(bed.text(&format!("{key}:lock")).await, None);
    })
    .await;
}

/// idem-c5; TypeScript writes `true` into the lock.
#[tokio::test]
async fn orphan_whose_lock_is_held_is_left_alone() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let lock = format!("{key}:lock");
        bed.clock.advance(2 * SECOND);
        let counter = Counter::default();
        for text in ["True", "true"] {
            bed.set(&key, running(3600, 1000).to_string(), 3600).await;
            bed.set(&lock, text, 10).await;
            let outcome = counter.answer(&config, "k").await;
            fails_with(outcome, Kind::InconsistentState);
            assert_eq!(bed.json(&key).await, running(3600, 1000));
            assert_eq!(bed.text(&lock).await.as_deref(), Some(text));
        }
        assert_eq!(counter.runs(), 0);
        bed.delete(&[&lock]).await;
        succeeds(counter.answer(&config, "k").await);
    })
    .await;
}

/// idem-c6.
#[tokio::test]
async fn damaged_record_is_an_orphan() {
    within(async {
        for damaged in [&b"{broken"[..], b"", b"{\"status\": \"INPRO", b"\xff\xfe"] {
            let bed = Bed::plain().await;
            let config = bed.config();
            let key = key(&config, "k");
            bed.set(&key, damaged, 3600).await;
            succeeds(Counter::default().answer(&config, "k").await);
            is_completed(&bed, &key, 3600).await;
            assert!(bed.text(&format!("{key}:lock")).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn damaged_record_whose_lock_is_held_is_left_alone() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        bed.set(&key, "{broken", 3600).await;
        bed.set(&format!("{key}:lock"), "True", 10).await;
        let outcome = Counter::default().answer(&config, "k").await;
        store_fails_with(
            outcome,
            powertools_idempotency::StoreErrorKind::InvalidRecord,
        );
        assert_eq!(bed.text(&key).await.as_deref(), Some("{broken"));
    })
    .await;
}

/// idem-c8, where Python forgets the hash and refuses each replay.
#[tokio::test]
async fn completed_record_keeps_the_hash_of_its_payload() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed
            .builder(bed.patient())
            .key("id")
            .payload_validation("amount");
        let config = config.build_config().unwrap();
        let counter = Counter::default();
        for (amount, replayed) in [(100, true), (100, true), (7, false)] {
            let payload = json!({"id": "o-1", "amount": amount});
            let outcome = counter.call_with(&config, &payload, Ok(answer())).await;
            if replayed {
                succeeds(outcome);
            } else {
                fails_with(outcome, Kind::PayloadMismatch);
            }
        }
        assert_eq!(counter.runs(), 1);
        let row = bed.row(&bed.only_key().await).await;
        assert!(row["validation"].is_string(), "{row}");
        assert_eq!(row["status"], "COMPLETED");
    })
    .await;
}

/// idem-c9.
#[tokio::test]
async fn completed_record_that_has_expired_is_an_orphan() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let row =
            |expiration| json!({"status": "COMPLETED", "expiration": expiration, "data": "1"});
        bed.set(&key, row(T0).to_string(), 3600).await;
        let counter = Counter::default();
        let replayed = counter.answer(&config, "k").await;
        assert_eq!(replayed.unwrap(), json!(1), "it counts in its last second");
        bed.set(&key, row(T0 - 5).to_string(), 3600).await;
        succeeds(counter.answer(&config, "k").await);
        assert_eq!(counter.runs(), 1);
        is_completed(&bed, &key, 3600).await;
        bed.ttl_is(&key, 3600).await;
        bed.ttl_is(&format!("{key}:lock"), 10).await;
    })
    .await;
}

#[tokio::test]
async fn longest_record_is_kept_as_long_as_it_counts() {
    within(async {
        let bed = Bed::plain().await;
        let years = Duration::from_secs(100 * 366 * 24 * 60 * 60);
        let config = bed.builder(bed.patient()).expires_after(years);
        let config = config.build_config().unwrap();
        succeeds(Counter::default().answer(&config, "k").await);
        bed.ttl_is(&key(&config, "k"), 100 * 366 * 24 * 60 * 60)
            .await;
    })
    .await;
}

#[tokio::test]
async fn final_error_and_omitted_answer_have_no_data() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed
            .builder(bed.patient())
            .too_large(TooLarge::OmitResponse)
            .final_errors(|_: &String| true);
        let config = config.build_config().unwrap();
        let json = config.key_from_json(br#""k""#).unwrap().unwrap();
        for _ in 0..2 {
            let outcome = idempotent(&config, &"k", || async { Err::<Value, _>("no".to_owned()) });
            let failed = outcome.await;
            assert!(matches!(failed, Err(LayerError::Inner(text)) if text == "no"));
        }
        let row = bed.row(&json).await;
        let expected = json!({
            "status": "COMPLETED", "expiration": T0 + 3600, "powertools_error": "\"no\"",
        });
        assert_eq!(row, expected);
    })
    .await;
}

#[tokio::test]
async fn late_finisher_leaves_the_record_of_its_successor_alone() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let successor = json!({
            "status": "INPROGRESS", "expiration": T0 + 9000,
            "in_progress_expiration": T0 * 1000 + 99_000, "powertools_owner": "f".repeat(32),
        })
        .to_string();
        let python = running(9000, 99_000).to_string();
        for taken_over in [successor.as_str(), python.as_str(), "{broken", "[1]"] {
            for result in [Ok(answer()), Err("no".to_owned())] {
                let fails = result.is_err();
                let outcome = idempotent(&config, &"k", || async {
                    bed.set(&key, taken_over, 500).await;
                    result
                });
                let outcome = outcome.await;
                if fails {
                    assert!(matches!(outcome, Err(LayerError::Inner(_))), "{outcome:?}");
                } else {
                    fails_with(outcome, Kind::LeaseLost);
                }
                assert_eq!(bed.text(&key).await.as_deref(), Some(taken_over));
                bed.delete(&[&key]).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn completion_writes_where_the_record_is_gone() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let outcome = idempotent(&config, &"k", || async {
            bed.delete(&[&key]).await;
            Ok::<_, String>(answer())
        });
        succeeds(outcome.await);
        is_completed(&bed, &key, 3600).await;
    })
    .await;
}

/// In Redis somebody else may run in the last millisecond, so the owner may not count on it.
#[tokio::test]
async fn lease_is_not_live_when_others_may_take_it_over() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let outcome = idempotent(&config, &"k", || async {
            let lease = powertools_idempotency::Lease::current().unwrap();
            bed.clock.advance(Duration::from_millis(29_999));
            assert!(lease.is_live());
            bed.clock.advance(Duration::from_millis(1));
            assert!(!lease.is_live());
            let counter = Counter::default();
            succeeds(counter.answer(&config, "k").await);
            assert_eq!(counter.runs(), 1);
            Ok::<_, String>(answer())
        });
        fails_with(outcome.await, Kind::LeaseLost);
    })
    .await;
}
