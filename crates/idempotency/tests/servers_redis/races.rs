//! Many at once: exactly one runs.

use std::sync::Arc;

use powertools_core::LayerError;
use powertools_idempotency::{IdempotencyErrorKind as Kind, idempotent};
use serde_json::json;
use tokio::sync::Barrier;

use crate::bed::{Bed, Counter, Outcome, answer, key, within};

const CALLS: usize = 64;
const CONNECTIONS: usize = 4;

/// All at once, each over one of a few connections.
async fn race(bed: &Bed, payload: &str) -> (usize, Vec<Outcome>) {
    let configs: Vec<_> = (0..CONNECTIONS)
        .map(|_| bed.by_the_wall(bed.patient()).build_config().unwrap())
        .collect();
    let barrier = Arc::new(Barrier::new(CALLS));
    let counter = Counter::default();
    let calls: Vec<_> = (0..CALLS)
        .map(|call| {
            let config = configs[call % CONNECTIONS].clone();
            let (barrier, counter) = (Arc::clone(&barrier), counter.clone());
            let payload = payload.to_owned();
            tokio::spawn(async move {
                barrier.wait().await;
                counter.answer(&config, &payload).await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.unwrap());
    }
    (counter.runs(), outcomes)
}

fn is_loser(outcome: &Outcome) -> bool {
    match outcome {
        Ok(value) => *value == answer(),
        Err(LayerError::Layer(error)) => {
            matches!(error.kind(), Kind::InProgress | Kind::InconsistentState)
        }
        Err(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_claims_of_an_empty_key_exactly_one_runs() {
    within(async {
        let bed = Bed::plain().await;
        for round in 0..40 {
            let (runs, outcomes) = race(&bed, &round.to_string()).await;
            assert_eq!(runs, 1, "round {round}");
            assert!(outcomes.iter().all(is_loser), "round {round}: {outcomes:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_take_overs_of_one_orphan_exactly_one_runs() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.by_the_wall(bed.patient()).build_config().unwrap();
        for round in 0..40 {
            let payload = round.to_string();
            let seed = match round % 3 {
                0 => "{broken".to_owned(),
                1 => json!({"status": "COMPLETED", "expiration": 5, "data": "1"}).to_string(),
                _ => json!({
                    "status": "INPROGRESS", "expiration": 4_000_000_000_u64,
                    "in_progress_expiration": 5,
                })
                .to_string(),
            };
            bed.set(&key(&config, &payload), seed, 600).await;
            let (runs, outcomes) = race(&bed, &payload).await;
            assert_eq!(runs, 1, "round {round}");
            assert!(outcomes.iter().all(is_loser), "round {round}: {outcomes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn winner_sees_its_own_mark_in_the_record() {
    within(async {
        let bed = Bed::plain().await;
        let config = bed.config();
        let key = key(&config, "k");
        let outcome = idempotent(&config, &"k", || async {
            let lease = powertools_idempotency::Lease::current().unwrap();
            let row = bed.json(&key).await;
            assert_eq!(row["powertools_owner"].as_str(), lease.owner());
            Ok::<_, String>(answer())
        });
        assert!(outcome.await.is_ok());
    })
    .await;
}
