//! A clock that jumps.

use powertools_idempotency::Status;
use serde_json::{Value, json};

use crate::support::{Bed, Fault, MILLIS, Op, SECONDS, key, moment, ms, own, secs};

const DAY: std::time::Duration = secs(24 * 3600);

#[tokio::test]
async fn that_jumps_back_makes_leases_longer_and_never_shorter() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.running_elsewhere(&key(&layer), secs(10));
    bed.clock.advance(secs(9));
    bed.clock.set(moment() - DAY);
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(secs(60));
    assert!(own(bed.next(&layer).await).is_in_progress());
}

#[tokio::test]
async fn that_jumps_back_while_the_call_runs_does_not_shorten_how_long_its_answer_counts() {
    let bed = Bed::default();
    let layer = bed.layer();
    let clock = bed.clock.clone();
    let jumps = move || {
        clock.set(moment() - DAY);
        async { Ok(json!("once")) }
    };
    bed.call(&layer, jumps).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
    // Set right again, an hour after the call began.
    bed.clock.set(moment() + secs(3599));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
    assert_eq!(bed.runs.count(), 1);
}

#[tokio::test]
async fn that_jumps_forward_while_the_call_runs_lets_it_complete_if_nobody_took_over() {
    let bed = Bed::default();
    let layer = bed.layer();
    let clock = bed.clock.clone();
    let jumps = move || {
        clock.set(moment() + DAY);
        async { Ok(json!("once")) }
    };
    bed.call(&layer, jumps).await.unwrap();
    assert_eq!(bed.status().await, Some(Status::Completed));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
    bed.clock.set(moment());
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
}

#[tokio::test]
async fn that_jumps_forward_during_the_claim_claims_again() {
    let bed = Bed::default();
    let layer = bed.layer();
    let clock = bed.clock.clone();
    let jumps = Fault::after(move || clock.set(moment() + DAY));
    bed.store.next(Op::Claim, jumps);
    bed.next(&layer).await.unwrap();
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Claim, Op::Complete]);
    let record = bed.record().await;
    assert!(record.expiration() > SECONDS + 24 * 3600);
}

#[tokio::test]
async fn that_jumps_back_during_the_claim_runs_once_and_holds_the_lease_that_was_written() {
    let bed = Bed::default();
    let layer = bed.layer();
    let clock = bed.clock.clone();
    let jumps = Fault::after(move || clock.set(moment() - DAY));
    bed.store.next(Op::Claim, jumps);
    let held = || async {
        let lease = powertools_idempotency::Lease::current().unwrap();
        assert!(lease.is_live());
        assert_eq!(lease.ends_at(), Some(moment() + secs(15 * 60)));
        Ok(json!("once"))
    };
    bed.call(&layer, held).await.unwrap();
    bed.clock.set(moment() + secs(60));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
}

#[tokio::test]
async fn before_1970_is_no_panic() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.clock.set(std::time::SystemTime::UNIX_EPOCH - secs(5));
    bed.answer(&layer, json!(1)).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    assert!(bed.record().await.expiration() < SECONDS);
}

#[tokio::test]
async fn back_and_forth_between_claim_and_completion_the_answer_is_kept() {
    let bed = Bed::default();
    let layer = bed.builder().lease(secs(1)).build().unwrap();
    let clock = bed.clock.clone();
    let jumps = move || {
        let clock = clock.clone();
        async move {
            clock.set(moment() - DAY);
            tokio::task::yield_now().await;
            clock.set(moment() + DAY);
            tokio::task::yield_now().await;
            clock.set(moment());
            Ok::<Value, String>(json!("once"))
        }
    };
    bed.call(&layer, jumps).await.unwrap();
    let record = bed.record().await;
    assert_eq!(record.in_progress_expiration(), Some(MILLIS + 1000));
    bed.clock.advance(secs(3600) - ms(1));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("once"));
}

#[tokio::test]
async fn that_was_put_back_during_the_call_counts_from_when_the_call_came() {
    for jump in [ms(1), DAY] {
        let bed = Bed::default();
        let layer = bed.layer();
        let clock = bed.clock.clone();
        let jumps = move || {
            clock.set(moment() - jump);
            async { Ok(json!("once")) }
        };
        bed.call(&layer, jumps).await.unwrap();
        assert_eq!(bed.record().await.expiration(), SECONDS + 3600, "{jump:?}");
    }
}
