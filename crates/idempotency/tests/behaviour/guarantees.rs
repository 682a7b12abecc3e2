//! What is guaranteed: the sentences of GUARANTEES.md.

use powertools_idempotency::{
    AfterTimeout, Answer, IdempotencyErrorKind as Kind, Lease, Status, StoredRecord,
};
use serde_json::{Value, json};

use crate::support::{Bed, HOUR, SECONDS, kind, ms, own, secs};

/// The first call is paused past its lease, and the second runs meanwhile.
async fn paused(
    bed: &Bed,
    first: Result<Value, String>,
    policy: AfterTimeout,
) -> crate::support::Answered {
    let builder = bed.builder().lease(secs(1)).after_timeout(policy);
    let layer = builder.build().unwrap();
    let (clock, successor) = (bed.clock.clone(), layer.clone());
    let nested = Bed {
        clock: clock.clone(),
        store: bed.store.clone(),
        runs: bed.runs.clone(),
    };
    let nested = std::sync::Arc::new(nested);
    let pauses = move || {
        let (clock, successor, first) = (clock.clone(), successor.clone(), first.clone());
        let nested = std::sync::Arc::clone(&nested);
        async move {
            clock.advance(secs(1) + ms(1));
            assert!(!Lease::current().unwrap().is_live());
            let second = nested.answer(&successor, json!("successor")).await;
            assert_eq!(second.unwrap(), json!("successor"));
            first
        }
    };
    bed.call(&layer, pauses).await
}

#[tokio::test]
async fn a_late_finisher_is_told_and_its_successors_record_is_replayed() {
    let bed = Bed::default();
    let late = paused(&bed, Ok(json!("late")), AfterTimeout::Retry).await;
    let error = own(late);
    assert_eq!(error.kind(), Kind::LeaseLost);
    assert!(error.is_lease_lost() && error.has_run());
    assert_eq!(bed.next(&bed.layer()).await.unwrap(), json!("successor"));
    assert_eq!(bed.runs.count(), 2);
}

#[tokio::test]
async fn a_late_failure_does_not_delete_its_successors_record() {
    let bed = Bed::default();
    let late = paused(&bed, Err("late".to_owned()), AfterTimeout::Retry).await;
    assert_eq!(crate::support::inner(late), "late");
    assert_eq!(bed.next(&bed.layer()).await.unwrap(), json!("successor"));
}

#[tokio::test]
async fn under_a_live_lease_everybody_else_is_refused() {
    for policy in [
        AfterTimeout::Retry,
        AfterTimeout::Hold(secs(5)),
        AfterTimeout::NeverRetry,
    ] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        let nested = std::sync::Arc::new(Bed {
            store: bed.store.clone(),
            ..Bed::default()
        });
        let (others, successor) = (std::sync::Arc::clone(&nested), layer.clone());
        let duplicates = move || {
            let (others, successor) = (std::sync::Arc::clone(&others), successor.clone());
            async move {
                for _ in 0..8 {
                    assert!(own(others.next(&successor).await).is_in_progress());
                }
                Ok(json!("once"))
            }
        };
        bed.call(&layer, duplicates).await.unwrap();
        assert_eq!(nested.next(&layer).await.unwrap(), json!("once"));
        assert_eq!(nested.runs.count(), 0);
    }
}

#[tokio::test]
async fn a_record_that_its_owner_left_becomes_runnable() {
    let bed = Bed::default();
    let layer = bed.builder().after_timeout(AfterTimeout::NeverRetry);
    let layer = layer.build().unwrap();
    let hangs = || std::future::pending::<Result<Value, String>>();
    crate::support::drop_pending(bed.call(&layer, hangs)).await;
    bed.clock.advance(secs(3600));
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(ms(500));
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn the_key_is_the_same_for_all_runs_and_the_owner_new_for_each() {
    let bed = Bed::default();
    let layer = bed.layer();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..8 {
        let store = bed.store.clone();
        let looks = move || {
            let store = store.clone();
            async move {
                let lease = Lease::current().unwrap();
                let [key] = store.records.keys().try_into().unwrap();
                Err::<Value, _>(format!("{key} {}", lease.owner().unwrap()))
            }
        };
        seen.insert(crate::support::inner(bed.call(&layer, looks).await));
    }
    assert_eq!(seen.len(), 8);
    let key = crate::support::key(&layer);
    assert!(seen.iter().all(|seen| seen.starts_with(&key)));
}

#[tokio::test]
async fn a_record_of_another_language_that_took_over_is_left_alone() {
    let bed = Bed::default();
    let layer = bed.layer();
    let (records, key) = (bed.store.records.clone(), crate::support::key(&layer));
    let python = StoredRecord::new(Status::Completed, SECONDS + HOUR)
        .with_answer(Answer::Response("\"python\"".into()));
    let taken_over = move || {
        records.insert(key.clone(), python.clone());
        async { Ok(json!("late")) }
    };
    assert_eq!(kind(bed.call(&layer, taken_over).await), Kind::LeaseLost);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("python"));
}
