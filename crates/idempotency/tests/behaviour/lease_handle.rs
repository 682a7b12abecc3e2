//! The lease as the handler sees it.

use lambda_runtime::LambdaEvent;
use powertools_core::{Clock, test_util::TestContext};
use powertools_idempotency::{AfterTimeout, Lease, idempotent};
use serde_json::{Value, json};

use crate::support::{Bed, Fault, MILLIS, Op, key, key_of, moment, ms, secs};

fn until(left: std::time::Duration) -> LambdaEvent<Value> {
    let context = TestContext::new("r").deadline(moment() + left);
    context.event(json!({"id": "k"}))
}

#[tokio::test]
async fn it_is_live_up_to_its_last_millisecond_and_not_in_it() {
    let bed = Bed::default();
    let clock = bed.clock.clone();
    let asks = move || {
        let clock = clock.clone();
        async move {
            let lease = Lease::current().unwrap();
            assert_eq!(lease.ends_at(), Some(moment() + secs(3)));
            assert!(lease.is_live());
            clock.advance(secs(3) - ms(1));
            assert!(lease.is_live());
            // Others are still refused, but in Redis not for long enough.
            clock.advance(ms(1));
            assert!(!lease.is_live());
            Ok(json!(null))
        }
    };
    bed.call_with(&bed.layer(), until(secs(3)), asks)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hold_is_no_part_of_it() {
    for policy in [AfterTimeout::Hold(secs(60)), AfterTimeout::NeverRetry] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        let (clock, store) = (bed.clock.clone(), bed.store.clone());
        let asks = move || {
            let (clock, store) = (clock.clone(), store.clone());
            async move {
                let lease = Lease::current().unwrap();
                assert_eq!(lease.ends_at(), Some(moment() + secs(3)), "{policy:?}");
                let held = store.only().await.unwrap().in_progress_expiration();
                assert!(held > Some(MILLIS + 60_000), "{policy:?}");
                clock.advance(secs(3) - ms(1));
                assert!(lease.is_live(), "{policy:?}");
                clock.advance(ms(1));
                assert!(!lease.is_live(), "{policy:?}");
                Ok(json!(null))
            }
        };
        bed.call_with(&layer, until(secs(3)), asks).await.unwrap();
    }
}

#[tokio::test]
async fn a_claim_that_was_sent_twice_does_not_add_a_hold_to_it() {
    let bed = Bed::default();
    let hold = AfterTimeout::Hold(secs(60));
    let layer = bed.builder().after_timeout(hold).build().unwrap();
    bed.store.next(Op::Claim, Fault::SentTwice);
    let asks = || async { Ok(Lease::current().unwrap().ends_at()) };
    let ends = bed.call_with(&layer, until(secs(3)), asks).await;
    assert_eq!(ends.unwrap(), Some(moment() + secs(3)));
}

#[tokio::test]
async fn its_key_is_that_of_the_record() {
    let bed = Bed::default();
    let layer = bed.layer();
    let asks = || async { Ok(json!(Lease::current().unwrap().key())) };
    let seen = bed.call(&layer, asks).await.unwrap();
    assert_eq!(bed.store.records.keys(), [seen.as_str().unwrap()]);
    // Nested: of the innermost.
    let config = layer.config().clone();
    let nests = move || {
        let config = config.clone();
        async move {
            let key = || Lease::current().unwrap().key().to_owned();
            let outer = key();
            let inner = idempotent(&config, &"inner", || async { Ok::<_, String>(key()) });
            Ok(json!([outer, inner.await.unwrap(), key()]))
        }
    };
    bed.store.records.clear();
    let seen = bed.call(&layer, nests).await.unwrap();
    let (outer, inner) = (key(&layer), key_of(layer.config(), &json!("inner")));
    assert_eq!(seen, json!([outer, inner, outer]));
}

#[tokio::test]
async fn it_is_over_when_either_clock_says_so() {
    let bed = Bed::default();
    let clock = bed.clock.clone();
    let asks = move || {
        let clock = clock.clone();
        async move {
            let lease = Lease::current().unwrap();
            // The wall clock alone.
            clock.set(moment() + secs(4));
            assert!(!lease.is_live());
            clock.set(moment());
            assert!(lease.is_live());
            // The wall clock goes back while time passes.
            clock.advance(secs(4));
            clock.set(moment());
            assert!(!lease.is_live());
            Ok(json!(null))
        }
    };
    bed.call_with(&bed.layer(), until(secs(3)), asks)
        .await
        .unwrap();
}

#[tokio::test]
async fn its_owner_is_the_mark_in_the_record_and_new_for_each_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    let store = bed.store.clone();
    let asks = move || {
        let store = store.clone();
        async move {
            let owner = Lease::current().unwrap().owner().map(ToOwned::to_owned);
            assert_eq!(store.only().await.unwrap().owner(), owner.as_deref());
            Err::<Value, _>(owner.unwrap())
        }
    };
    let first = crate::support::inner(bed.call(&layer, asks.clone()).await);
    let second = crate::support::inner(bed.call(&layer, asks).await);
    assert_ne!(first, second);
}

#[tokio::test]
async fn there_is_none_outside_without_a_record_and_in_a_spawned_task() {
    assert!(Lease::current().is_none());
    let bed = Bed::default();
    let none = || async { Ok(json!(Lease::current().is_none())) };
    let keyless = bed.builder().key("nothing").build().unwrap();
    assert_eq!(bed.call(&keyless, none).await.unwrap(), json!(true));
    let spawned = || async {
        let spawned = tokio::spawn(async { Lease::current().is_none() });
        Ok(json!(spawned.await.unwrap()))
    };
    assert_eq!(bed.call(&bed.layer(), spawned).await.unwrap(), json!(true));
    assert!(Lease::current().is_none());
}

#[tokio::test]
async fn it_is_that_of_the_innermost_call_and_the_outer_one_again_afterwards() {
    let bed = Bed::default();
    let layer = bed.layer();
    let config = layer.config().clone();
    let nests = move || {
        let config = config.clone();
        async move {
            let outer = Lease::current().unwrap();
            let inner = idempotent(&config, &"inner", || async {
                let inner = Lease::current().unwrap();
                Ok::<_, String>(inner.owner().unwrap().to_owned())
            });
            let inner = inner.await.unwrap();
            assert_ne!(Some(inner.as_str()), outer.owner());
            let again = Lease::current().unwrap();
            assert_eq!(again.owner(), outer.owner());
            Ok(json!(null))
        }
    };
    bed.call(&layer, nests).await.unwrap();
    assert_eq!(bed.store.records.len(), 2);
}

#[tokio::test]
async fn a_call_without_a_record_inside_of_another_has_that_ones_lease() {
    let bed = Bed::default();
    let layer = bed.layer();
    let keyless = bed.builder().key("nothing").build_config().unwrap();
    let nests = move || {
        let keyless = keyless.clone();
        async move {
            let outer = Lease::current().unwrap();
            let inner = idempotent(&keyless, &"inner", || async {
                let lease = Lease::current().unwrap();
                Ok::<_, String>(lease.owner().unwrap().to_owned())
            });
            assert_eq!(inner.await.unwrap(), outer.owner().unwrap());
            Ok(json!(null))
        }
    };
    bed.call(&layer, nests).await.unwrap();
}

#[tokio::test]
async fn it_can_be_asked_when_the_call_is_over() {
    let bed = Bed::default();
    let layer = bed.layer();
    let (send, mut leases) = tokio::sync::mpsc::unbounded_channel();
    let hands_out = move || {
        send.send(Lease::current().unwrap()).unwrap();
        async { Ok(json!(null)) }
    };
    bed.call(&layer, hands_out).await.unwrap();
    let lease = leases.recv().await.unwrap();
    assert_eq!(bed.record().await.owner(), lease.owner());
    assert!(lease.is_live());
    bed.clock.set(bed.clock.now() + secs(15 * 60) + ms(1));
    assert!(!lease.is_live());
    let shown = format!("{lease:?}");
    assert!(shown.contains(lease.owner().unwrap()), "{shown}");
    assert!(bed.store.records.keys().contains(&key(&layer)));
}
