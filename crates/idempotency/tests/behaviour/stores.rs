//! Stores that fail, answer late, or lose their replies.

use powertools_idempotency::{
    AfterTimeout, Answer, IdempotencyErrorKind as Kind, Status, StoreErrorKind, StoredRecord,
};
use serde_json::{Value, json};

use crate::support::{
    Bed, Fault, LEASE, MILLIS, Op, SECONDS, background, drop_pending, inner, key, kind, ms, own,
    secs,
};

const UNAVAILABLE: StoreErrorKind = StoreErrorKind::Unavailable;

#[tokio::test]
async fn a_claim_that_cannot_be_written_runs_nothing() {
    let bed = Bed::default();
    for store in [
        UNAVAILABLE,
        StoreErrorKind::Throttled,
        StoreErrorKind::TableNotFound,
    ] {
        bed.store.fail(Op::Claim, store);
        let error = own(bed.next(&bed.layer()).await);
        assert_eq!((error.kind(), error.store()), (Kind::Claim, Some(store)));
        assert!(!error.has_run());
    }
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_runs_nothing() {
    let bed = Bed::default();
    bed.store.next(Op::Claim, Fault::Refuses);
    bed.store.fail(Op::Get, StoreErrorKind::InvalidRecord);
    let error = own(bed.next(&bed.layer()).await);
    assert_eq!(error.kind(), Kind::Read);
    assert_eq!(error.store(), Some(StoreErrorKind::InvalidRecord));
    assert!(!error.has_run());
    assert_eq!(bed.runs.count(), 0);
}

#[tokio::test]
async fn a_claim_whose_reply_is_lost_is_released_before_the_caller_is_told() {
    for policy in [AfterTimeout::Retry, AfterTimeout::NeverRetry] {
        let bed = Bed::default();
        let layer = bed.builder().after_timeout(policy).build().unwrap();
        bed.store.next(Op::Claim, Fault::LosesReply);
        assert_eq!(kind(bed.next(&layer).await), Kind::Claim);
        // Without a turn of the background.
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
        assert_eq!(bed.status().await, None, "{policy:?}");
        bed.next(&layer).await.unwrap();
    }
}

#[tokio::test]
async fn only_a_claim_that_may_have_been_written_is_released() {
    use StoreErrorKind as Store;
    for (store, calls) in [
        (Store::Unavailable, &[Op::Claim, Op::Release][..]),
        (Store::Throttled, &[Op::Claim, Op::Release]),
        (Store::Other, &[Op::Claim, Op::Release]),
        (Store::InvalidRecord, &[Op::Claim]),
        (Store::InvalidStatus, &[Op::Claim]),
        (Store::TableNotFound, &[Op::Claim]),
        (Store::KeySchema, &[Op::Claim]),
        (Store::KeyTooLong, &[Op::Claim]),
        (Store::TooLarge, &[Op::Claim]),
        (Store::AccessDenied, &[Op::Claim]),
    ] {
        let bed = Bed::default();
        bed.store.fail(Op::Claim, store);
        let error = own(bed.next(&bed.layer()).await);
        assert_eq!((error.kind(), error.store()), (Kind::Claim, Some(store)));
        background().await;
        assert_eq!(bed.store.calls(), calls, "{store:?}");
    }
}

#[tokio::test]
async fn a_read_that_fails_is_followed_by_a_release_whatever_its_kind() {
    for store in [UNAVAILABLE, StoreErrorKind::InvalidRecord] {
        let bed = Bed::default();
        bed.store.next(Op::Claim, Fault::SentTwiceBare);
        bed.store.fail(Op::Get, store);
        assert_eq!(kind(bed.next(&bed.layer()).await), Kind::Read);
        assert_eq!(bed.store.calls(), [Op::Claim, Op::Get, Op::Release]);
        assert_eq!(bed.status().await, None, "{store:?}");
    }
}

#[tokio::test]
async fn what_is_told_of_a_record_is_followed_by_no_release() {
    let bed = Bed::default();
    let layer = bed.builder().payload_validation("id").build().unwrap();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    assert_eq!(kind(bed.next(&layer).await), Kind::PayloadMismatch);
    assert_eq!(kind(bed.next(&bed.layer()).await), Kind::InProgress);
    background().await;
    assert_eq!(bed.store.calls(), [Op::Claim; 2]);
    assert_eq!(bed.record().await, running);
    // Nor is one that changed each time.
    bed.store.records.clear();
    for _ in 0..3 {
        bed.store.next(Op::Claim, Fault::Refuses);
    }
    let inconsistent = kind(bed.next(&bed.layer()).await);
    assert_eq!(inconsistent, Kind::InconsistentState);
    background().await;
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Get].repeat(3));
}

#[tokio::test(start_paused = true)]
async fn the_release_after_a_claim_that_failed_has_a_second() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.next(Op::Claim, Fault::LosesReply);
    bed.store.next(Op::Release, Fault::HangsBefore);
    let began = tokio::time::Instant::now();
    assert_eq!(kind(bed.next(&layer).await), Kind::Claim);
    assert_eq!(began.elapsed(), secs(1));
    background().await;
    // What was written is left to its lease; nobody tries again.
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
    assert_eq!(bed.status().await, Some(Status::InProgress));
}

#[tokio::test]
async fn a_release_after_a_claim_that_failed_may_fail_as_well() {
    let bed = Bed::default();
    bed.store.next(Op::Claim, Fault::LosesReply);
    bed.store.fail(Op::Release, UNAVAILABLE);
    let error = own(bed.next(&bed.layer()).await);
    assert_eq!((error.kind(), error.has_run()), (Kind::Claim, false));
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Release]);
}

#[tokio::test]
async fn a_drop_during_the_release_after_a_claim_that_failed_goes_on_with_it() {
    let bed = Bed::default();
    bed.store.next(Op::Claim, Fault::LosesReply);
    bed.store.next(Op::Release, Fault::HangsBefore);
    drop_pending(bed.next(&bed.layer())).await;
    let released = [Op::Claim, Op::Release, Op::Release];
    assert_eq!(bed.store.calls(), released);
    assert_eq!(bed.status().await, None);
}

#[tokio::test]
async fn a_claim_whose_reply_is_lost_does_not_release_the_record_of_another() {
    let bed = Bed::default();
    let layer = bed.layer();
    let running = bed.running_elsewhere(&key(&layer), secs(9));
    bed.store.next(Op::Claim, Fault::LosesReply);
    assert_eq!(kind(bed.next(&layer).await), Kind::Claim);
    background().await;
    assert_eq!(bed.record().await, running);
}

#[tokio::test]
async fn a_claim_that_was_sent_twice_is_recognised_as_our_own_and_runs_once() {
    for twice in [Fault::SentTwice, Fault::SentTwiceBare] {
        let bed = Bed::default();
        let layer = bed.layer();
        bed.store.next(Op::Claim, twice);
        assert_eq!(bed.answer(&layer, json!(1)).await.unwrap(), json!(1));
        assert_eq!(bed.runs.count(), 1);
        assert_eq!(bed.status().await, Some(Status::Completed));
    }
}

#[tokio::test]
async fn a_claim_that_was_sent_twice_and_cannot_be_read_back_is_released() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.next(Op::Claim, Fault::SentTwiceBare);
    bed.store.fail(Op::Get, UNAVAILABLE);
    assert_eq!(kind(bed.next(&layer).await), Kind::Read);
    background().await;
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.status().await, None, "nothing has run");
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn a_claim_whose_reply_comes_after_its_lease_is_claimed_again() {
    let bed = Bed::default();
    let layer = bed.builder().lease(secs(1)).build().unwrap();
    let clock = bed.clock.clone();
    let late = Fault::after(move || clock.advance(ms(1001)));
    bed.store.next(Op::Claim, late);
    bed.next(&layer).await.unwrap();
    assert_eq!(bed.store.calls(), [Op::Claim, Op::Claim, Op::Complete]);
    let lease = bed.record().await.in_progress_expiration();
    assert_eq!(lease, Some(MILLIS + 1001 + 1000));
}

#[tokio::test]
async fn a_claim_whose_reply_comes_after_its_lease_does_not_run_beside_a_successor() {
    let bed = Bed::default();
    let layer = bed.builder().lease(secs(1)).build().unwrap();
    let (clock, records, key) = (bed.clock.clone(), bed.store.records.clone(), key(&layer));
    let late = Fault::after(move || {
        clock.advance(ms(1001));
        let theirs = StoredRecord::new(Status::InProgress, SECONDS + 9)
            .with_in_progress_expiration(MILLIS + LEASE)
            .with_owner("successor");
        records.insert(key, theirs);
    });
    bed.store.next(Op::Claim, late);
    assert!(own(bed.next(&layer).await).is_in_progress());
    background().await;
    assert_eq!(bed.runs.count(), 0);
    assert_eq!(bed.record().await.owner(), Some("successor"));
}

#[tokio::test]
async fn a_completion_that_fails_is_an_error_that_says_that_the_call_has_run() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.fail(Op::Complete, UNAVAILABLE);
    let error = own(bed.answer(&layer, json!(1)).await);
    assert_eq!(error.kind(), Kind::Complete);
    assert!(error.has_run());
    assert_eq!(error.store(), Some(UNAVAILABLE));
    assert_eq!(error.key(), Some(key(&layer).as_str()));
    background().await;
    assert_eq!(
        bed.status().await,
        Some(Status::InProgress),
        "it is not released"
    );
    // A duplicate runs it again when the lease is over.
    assert!(own(bed.next(&layer).await).is_in_progress());
    bed.clock.advance(secs(15 * 60) + ms(1));
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn a_completion_whose_reply_is_lost_is_an_error_and_replayed_afterwards() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.next(Op::Complete, Fault::LosesReply);
    assert_eq!(kind(bed.answer(&layer, json!(1)).await), Kind::Complete);
    assert_eq!(bed.next(&layer).await.unwrap(), json!(1));
}

#[tokio::test]
async fn a_release_that_fails_takes_the_place_of_the_handlers_error() {
    let bed = Bed::default();
    let layer = bed.layer();
    bed.store.fail(Op::Release, UNAVAILABLE);
    let error = own(bed.fail(&layer, "declined").await);
    assert_eq!(error.kind(), Kind::Release);
    assert!(error.has_run());
    assert_eq!(bed.status().await, Some(Status::InProgress));
    bed.clock.advance(secs(15 * 60) + ms(1));
    bed.next(&layer).await.unwrap();
}

#[tokio::test]
async fn a_record_that_vanished_while_the_call_ran_is_completed_all_the_same() {
    let bed = Bed::default();
    let layer = bed.layer();
    let records = bed.store.records.clone();
    let vanishes = move || {
        records.clear();
        async { Ok(json!("done")) }
    };
    bed.call(&layer, vanishes).await.unwrap();
    assert_eq!(bed.next(&layer).await.unwrap(), json!("done"));
}

#[tokio::test]
async fn a_failed_call_whose_record_is_that_of_another_gives_its_own_error() {
    let bed = Bed::default();
    let layer = bed.layer();
    let (records, key) = (bed.store.records.clone(), key(&layer));
    let theirs = StoredRecord::new(Status::Completed, SECONDS + 9)
        .with_answer(Answer::Response("\"theirs\"".into()))
        .with_owner("theirs");
    let taken_over = move || {
        records.insert(key.clone(), theirs.clone());
        async { Err::<Value, _>("declined".to_owned()) }
    };
    assert_eq!(inner(bed.call(&layer, taken_over).await), "declined");
    assert_eq!(bed.next(&layer).await.unwrap(), json!("theirs"));
}
