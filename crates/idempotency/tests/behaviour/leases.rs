//! How long a claim holds.

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_idempotency::{AfterTimeout, IdempotencyErrorKind, IdempotencyLayer};
use serde_json::{Value, json};

use crate::support::{
    Bed, Fault, HOUR, LEASE, MILLIS, Op, SECONDS, TestStore, kind, moment, ms, own, secs,
};

/// With this deadline, from now.
fn until(left: std::time::Duration) -> LambdaEvent<Value> {
    let context = TestContext::new("r").deadline(moment() + left);
    context.event(json!({"id": "k"}))
}

/// Lease and expiry of the claim, from now: in milliseconds, and in seconds.
async fn claimed(
    bed: &Bed,
    layer: &IdempotencyLayer<TestStore>,
    event: LambdaEvent<Value>,
) -> (i64, i64) {
    let records = bed.store.clone();
    let looks = move || {
        let records = records.clone();
        async move {
            let record = records.only().await.unwrap();
            Ok([
                record.in_progress_expiration().unwrap(),
                record.expiration(),
            ])
        }
    };
    let [lease, expiration] = bed.call_with(layer, event, looks).await.unwrap();
    (lease - MILLIS, expiration - SECONDS)
}

#[tokio::test]
async fn the_lease_is_what_is_left_of_the_invocation() {
    let bed = Bed::default();
    let times = claimed(&bed, &bed.layer(), until(ms(12_345))).await;
    assert_eq!(times, (12_345, HOUR));
}

#[tokio::test]
async fn without_a_known_deadline_it_is_the_configured_one() {
    let bed = Bed::default();
    let configured = bed.builder().lease(secs(7)).build().unwrap();
    let event = crate::support::event();
    assert_eq!(claimed(&bed, &configured, event).await, (7000, HOUR));
    // A deadline counts for more.
    bed.store.records.clear();
    assert_eq!(
        claimed(&bed, &configured, until(secs(9))).await,
        (9000, HOUR)
    );
}

#[tokio::test]
async fn it_is_15_minutes_by_default() {
    let bed = Bed::default();
    let times = claimed(&bed, &bed.layer(), crate::support::event()).await;
    assert_eq!(times, (LEASE, HOUR));
}

#[tokio::test]
async fn a_deadline_that_was_over_when_the_invocation_arrived_is_unknown() {
    let bed = Bed::default();
    let past = TestContext::new("r").deadline(moment() - secs(5));
    let times = claimed(&bed, &bed.layer(), past.event(json!({"id": "k"}))).await;
    assert_eq!(times, (LEASE, HOUR));
}

#[tokio::test]
async fn a_record_never_expires_before_its_lease() {
    let bed = Bed::default();
    let layer = bed.builder().expires_after(secs(60)).build().unwrap();
    // A lease that ends within a second: a store that deletes by the second must not do it then.
    let times = claimed(&bed, &layer, crate::support::event()).await;
    assert_eq!(times, (LEASE, LEASE / 1000 + 1));
}

#[tokio::test]
async fn the_expiry_counts_from_the_end_of_the_call_in_whole_seconds() {
    let bed = Bed::default();
    let layer = bed.builder().expires_after(ms(60_900)).build().unwrap();
    let clock = bed.clock.clone();
    let takes_long = move || {
        clock.advance(secs(30));
        async { Ok(json!(1)) }
    };
    bed.call(&layer, takes_long).await.unwrap();
    // 20.500 + 30 + 60.900 = 111.400
    assert_eq!(bed.record().await.expiration(), SECONDS + 30 + 61);
    bed.clock.advance(secs(61) + ms(499));
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
    bed.clock.advance(ms(1));
    assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
}

#[tokio::test]
async fn a_hold_adds_to_the_lease() {
    let bed = Bed::default();
    let hold = AfterTimeout::Hold(secs(100));
    let layer = bed.builder().after_timeout(hold).build().unwrap();
    assert_eq!(claimed(&bed, &layer, until(secs(3))).await, (103_000, HOUR));
}

#[tokio::test]
async fn never_retrying_holds_until_the_record_expires() {
    let bed = Bed::default();
    let never = bed.builder().after_timeout(AfterTimeout::NeverRetry);
    let layer = never.build().unwrap();
    // To the last millisecond of its last second.
    let (lease, expiration) = claimed(&bed, &layer, until(secs(3))).await;
    assert_eq!(expiration, HOUR);
    assert_eq!(lease, HOUR * 1000 - 500 + 999);
}

#[tokio::test]
async fn after_a_time_out_a_duplicate_meets_what_the_policy_says() {
    let policies = [
        (AfterTimeout::Retry, 3),
        (AfterTimeout::Hold(secs(100)), 103),
        (AfterTimeout::NeverRetry, 3600),
    ];
    for (policy, held) in policies {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        // Killed: nothing is dropped.
        let call = bed.call_with(
            &layer,
            until(secs(3)),
            std::future::pending::<Result<Value, String>>,
        );
        let mut call = Box::pin(call);
        assert!(crate::support::polled(call.as_mut()).await.is_none());
        crate::support::kill(call);
        bed.clock.advance(secs(held));
        assert!(own(bed.next(&layer).await).is_in_progress(), "{policy:?}");
        bed.clock.advance(ms(500));
        bed.next(&layer).await.unwrap();
    }
}

#[tokio::test]
async fn a_claim_with_no_time_left_has_a_lease_that_ends_now() {
    let bed = Bed::default();
    let config = bed.builder().build_config().unwrap();
    let clock = bed.clock.clone();
    let store = bed.store.clone();
    // The inner one is called when the time of the invocation is over.
    let outer = bed.builder().key_prefix("outer").build().unwrap();
    let late = move || {
        let (config, clock, store) = (config.clone(), clock.clone(), store.clone());
        async move {
            clock.advance(secs(5));
            let inner = powertools_idempotency::idempotent(&config, &"late", || async {
                let keys = store.records.keys();
                let key = keys.iter().find(|key| key.starts_with("f.orders"));
                let record =
                    powertools_idempotency::IdempotencyStore::get(&store.records, key.unwrap())
                        .await;
                Ok::<_, String>(record.unwrap().unwrap().in_progress_expiration())
            });
            Ok(inner.await.unwrap())
        }
    };
    let lease: Option<i64> = bed.call_with(&outer, until(secs(3)), late).await.unwrap();
    assert_eq!(lease, Some(MILLIS + 5000), "zero, and not the default");
}

#[tokio::test]
async fn a_call_whose_time_is_over_when_the_claim_is_answered_runs_nothing_and_releases() {
    for policy in [AfterTimeout::Retry, AfterTimeout::Hold(secs(60))] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        let clock = bed.clock.clone();
        let late = Fault::after(move || clock.advance(ms(6)));
        bed.store.next(Op::Claim, late);
        let error = own(bed.answer_to(&layer, until(ms(5)), json!(1)).await);
        assert_eq!(error.kind(), IdempotencyErrorKind::NoTimeLeft);
        assert!(!error.has_run());
        assert_eq!(error.key(), Some(crate::support::key(&layer).as_str()));
        assert_eq!(bed.runs.count(), 0);
        // Before the caller is told, and it holds nobody up.
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Release], "{policy:?}");
        assert_eq!(bed.next(&layer).await.unwrap(), json!("ran again"));
    }
}

/// Without a deadline it claims again; with a hold its own record refuses that.
#[tokio::test]
async fn a_call_that_gives_up_on_its_own_claims_releases_them() {
    let bed = Bed::default();
    let layer = bed.builder().lease(secs(1));
    let layer = layer.after_timeout(AfterTimeout::Hold(secs(3600)));
    let layer = layer.build().unwrap();
    for _ in 0..3 {
        let clock = bed.clock.clone();
        let late = Fault::after(move || clock.advance(secs(2)));
        bed.store.next(Op::Claim, late);
    }
    let error = own(bed
        .answer_to(&layer, crate::support::event(), json!(1))
        .await);
    assert_eq!(error.kind(), IdempotencyErrorKind::InconsistentState);
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls().last(), Some(&Op::Release));
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn a_call_in_the_last_millisecond_of_its_time_runs() {
    let bed = Bed::default();
    let clock = bed.clock.clone();
    let late = Fault::after(move || clock.advance(ms(5)));
    bed.store.next(Op::Claim, late);
    let answer = bed.answer_to(&bed.layer(), until(ms(5)), json!(1)).await;
    assert_eq!(answer.unwrap(), json!(1));
}

#[tokio::test]
async fn a_call_that_knows_its_own_claim_when_its_time_is_over_runs_nothing() {
    let bed = Bed::default();
    let hold = AfterTimeout::Hold(secs(60));
    let layer = bed.builder().after_timeout(hold).build().unwrap();
    bed.store.next(Op::Claim, Fault::SentTwiceBare);
    let clock = bed.clock.clone();
    bed.store
        .next(Op::Get, Fault::after(move || clock.advance(ms(6))));
    let answer = bed.answer_to(&layer, until(ms(5)), json!(1)).await;
    assert_eq!(kind(answer), IdempotencyErrorKind::NoTimeLeft);
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Get, Op::Release]);
}

#[tokio::test]
async fn the_longest_durations_are_no_panic() {
    let longest = std::time::Duration::MAX;
    let century = secs(100 * 366 * 24 * 3600);
    let bed = Bed::default();
    for builder in [
        bed.builder().lease(century),
        bed.builder().expires_after(century),
        bed.builder().after_timeout(AfterTimeout::Hold(century)),
        bed.builder().wait_in_progress(longest),
        bed.builder()
            .expires_after(century)
            .after_timeout(AfterTimeout::NeverRetry),
    ] {
        bed.store.records.clear();
        let layer = builder.build().unwrap();
        let held = || async {
            let lease = powertools_idempotency::Lease::current().unwrap();
            let _ = (lease.ends_at(), format!("{lease:?}"));
            Ok(json!(lease.is_live()))
        };
        assert_eq!(bed.call(&layer, held).await.unwrap(), json!(true));
        assert_eq!(bed.next(&layer).await.unwrap(), json!(true));
    }
}
