//! A call that is dropped at each place where it waits, and what is in the store afterwards.

use std::future::pending;

use powertools_idempotency::{AfterTimeout, IdempotencyLayer, Status};
use serde_json::{Value, json};

use crate::support::{Bed, Fault, Logs, Op, TestStore, drop_pending, inner, key, ms, own, secs};

const POLICIES: [AfterTimeout; 3] = [
    AfterTimeout::Retry,
    AfterTimeout::Hold(secs(60)),
    AfterTimeout::NeverRetry,
];

fn beds() -> impl Iterator<Item = (Bed, IdempotencyLayer<TestStore>, AfterTimeout)> {
    POLICIES.into_iter().map(|policy| {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        (bed, layer, policy)
    })
}

#[tokio::test]
async fn before_the_claim_arrives_nothing_is_left() {
    for (bed, layer, policy) in beds() {
        bed.store.next(Op::Claim, Fault::HangsBefore);
        drop_pending(bed.next(&layer)).await;
        assert_eq!(bed.status().await, None, "{policy:?}");
        assert_eq!(bed.runs.count(), 0);
    }
}

#[tokio::test]
async fn before_the_reply_to_the_claim_the_record_is_deleted_since_nothing_has_run() {
    for (bed, layer, policy) in beds() {
        bed.store.next(Op::Claim, Fault::HangsAfter);
        drop_pending(bed.next(&layer)).await;
        assert_eq!(bed.status().await, None, "{policy:?}");
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
        assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
    }
}

#[tokio::test]
async fn before_the_reply_to_a_read_the_owners_record_stays() {
    let bed = Bed::default();
    let layer = bed.layer();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    bed.store.next(Op::Claim, Fault::RefusesBare);
    bed.store.next(Op::Get, Fault::HangsAfter);
    drop_pending(bed.next(&layer)).await;
    assert_eq!(bed.record().await, running);
}

async fn hang(bed: &Bed, layer: &IdempotencyLayer<TestStore>) {
    drop_pending(bed.call(layer, pending::<Result<Value, String>>)).await;
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn while_it_runs_the_record_is_deleted_in_the_background() {
    let bed = Bed::default();
    let layer = bed.layer();
    hang(&bed, &layer).await;
    assert_eq!(bed.status().await, None);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn while_it_runs_with_a_hold_the_record_is_left_to_its_lease() {
    for policy in &POLICIES[1..] {
        let bed = Bed::default();
        let builder = bed.builder().lease(secs(10)).after_timeout(*policy);
        let layer = builder.expires_after(secs(70)).build().unwrap();
        hang(&bed, &layer).await;
        assert_eq!(bed.store.calls(), [Op::Claim]);
        assert_eq!(bed.status().await, Some(Status::InProgress), "{policy:?}");
        bed.clock.advance(secs(70));
        assert!(own(bed.next(&layer).await).is_in_progress(), "{policy:?}");
        // The hold counts milliseconds, the expiry whole seconds.
        bed.clock.advance(ms(500));
        bed.next(&layer).await.unwrap();
    }
}

#[tokio::test]
async fn a_record_that_was_taken_over_is_not_deleted_by_a_drop() {
    let bed = Bed::default();
    let layer = bed.layer();
    let successor = {
        let mut call = Box::pin(bed.call(&layer, pending::<Result<Value, String>>));
        assert!(crate::support::polled(call.as_mut()).await.is_none());
        bed.running_elsewhere(&key(&layer), secs(9))
    };
    crate::support::background().await;
    assert_eq!(bed.record().await, successor);
}

#[tokio::test]
async fn during_the_completion_it_is_completed_all_the_same() {
    for (bed, layer, policy) in beds() {
        bed.store.next(Op::Complete, Fault::HangsBefore);
        drop_pending(bed.answer(&layer, json!("done"))).await;
        assert_eq!(bed.status().await, Some(Status::Completed), "{policy:?}");
        assert_eq!(bed.next(&layer).await.unwrap(), json!("done"));
        assert_eq!(bed.runs.count(), 1);
    }
}

#[tokio::test]
async fn before_the_reply_to_the_completion_it_stays_completed() {
    for (bed, layer, policy) in beds() {
        bed.store.next(Op::Complete, Fault::HangsAfter);
        drop_pending(bed.answer(&layer, json!("done"))).await;
        assert_eq!(bed.next(&layer).await.unwrap(), json!("done"), "{policy:?}");
    }
}

#[tokio::test]
async fn during_the_release_of_a_failed_call_it_is_deleted_all_the_same() {
    for fault in [|| Fault::HangsBefore, || Fault::HangsAfter] {
        for (bed, layer, policy) in beds() {
            bed.store.next(Op::Release, fault());
            drop_pending(bed.fail(&layer, "declined")).await;
            assert_eq!(bed.status().await, None, "{policy:?}");
            assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
        }
    }
}

#[tokio::test]
async fn during_the_release_its_successor_is_left_alone() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.next(Op::Release, Fault::HangsAfter);
    let successor = {
        let mut call = Box::pin(bed.fail(&layer, "declined"));
        assert!(crate::support::polled(call.as_mut()).await.is_none());
        bed.running_elsewhere(&key(&layer), secs(9))
    };
    crate::support::background().await;
    assert_eq!(bed.record().await, successor);
}

#[tokio::test]
async fn during_the_completion_its_successor_is_left_alone() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.next(Op::Complete, Fault::HangsBefore);
    let successor = {
        let mut call = Box::pin(bed.answer(&layer, json!("late")));
        assert!(crate::support::polled(call.as_mut()).await.is_none());
        bed.running_elsewhere(&key(&layer), secs(9))
    };
    crate::support::background().await;
    assert_eq!(bed.record().await, successor);
}

#[tokio::test]
async fn during_the_release_after_a_panic_it_is_deleted_all_the_same() {
    for (bed, layer, policy) in beds() {
        bed.store.next(Op::Release, Fault::HangsBefore);
        let panics = || async { panic!("on purpose") as Result<Value, String> };
        drop_pending(bed.call(&layer, panics)).await;
        assert_eq!(bed.status().await, None, "{policy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_another_that_one_keeps_its_record() {
    let bed = Bed::default();
    let layer = bed.builder().wait_in_progress(secs(5)).build().unwrap();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    drop_pending(bed.next(&layer)).await;
    assert_eq!(bed.record().await, running);
    // Nor is it asked to be deleted.
    assert_eq!(bed.store.calls(), [Op::Claim]);
}

#[tokio::test]
async fn during_a_read_of_one_that_waits_nothing_is_sent() {
    let bed = Bed::default();
    let layer = bed.builder().wait_in_progress(secs(5)).build().unwrap();
    bed.running_elsewhere(&key(&layer), secs(9));
    bed.store.next(Op::Get, Fault::HangsBefore);
    {
        tokio::time::pause();
        let mut call = Box::pin(bed.next(&layer));
        assert!(crate::support::polled(call.as_mut()).await.is_none());
        tokio::time::advance(ms(40)).await;
        assert!(crate::support::polled(call.as_mut()).await.is_none());
    }
    crate::support::background().await;
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Get]);
}

#[tokio::test]
async fn that_was_never_polled_touches_no_store() {
    let bed = Bed::default();
    drop(bed.next(&bed.layer()));
    crate::support::background().await;
    assert_eq!(bed.store.calls(), []);
}

#[tokio::test]
async fn whose_record_cannot_be_deleted_leaves_it_to_its_lease_and_warns() {
    let logs = Logs::install();
    let bed = Bed::default();
    let layer = bed.layer();
    let unavailable = powertools_idempotency::StoreErrorKind::Unavailable;
    bed.store.fail(Op::Release, unavailable);
    hang(&bed, &layer).await;
    assert_eq!(bed.status().await, Some(Status::InProgress));
    let [warning] = logs.warnings().try_into().unwrap();
    assert!(warning.contains("left to its lease"), "{warning}");
    bed.clock.advance(secs(15 * 60) + ms(1));
    bed.next(&layer).await.unwrap();
}

#[test]
fn outside_of_a_runtime_is_left_to_its_lease_and_does_not_panic() {
    let bed = Bed::default();
    let layer = bed.layer();
    let mut call = Box::pin(bed.call(&layer, pending::<Result<Value, String>>));
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    assert!(
        runtime
            .block_on(crate::support::polled(call.as_mut()))
            .is_none()
    );
    drop(call);
    let status = runtime.block_on(async {
        crate::support::background().await;
        bed.status().await
    });
    assert_eq!(status, Some(Status::InProgress));
}

#[tokio::test]
async fn that_has_ended_leaves_nothing_to_do() {
    let bed = Bed::default();
    let layer = bed.layer();
    let mut failing = Box::pin(bed.fail(&layer, "declined"));
    inner(failing.as_mut().await);
    bed.store.calls();
    bed.running_elsewhere(&key(&layer), secs(9));
    drop(failing);
    crate::support::background().await;
    assert_eq!(bed.store.calls(), []);
}
