//! The decision table and the times of a claim.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    answer, any_record,
    decision::{
        AfterTimeout, Decision, Fence, Question, decide, is_expired, is_lease_over, lease,
        may_claim, may_complete, may_release,
    },
    fence, hash, moment,
    now::Now,
    protocol::{Protocol, Step, Terms},
    record::{Status, StoredRecord},
};

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..4_000_u64).prop_map(Duration::from_millis),
        any::<u64>().prop_map(Duration::from_millis),
        Just(Duration::MAX),
    ]
}

fn policy() -> impl Strategy<Value = AfterTimeout> {
    prop_oneof![
        Just(AfterTimeout::Retry),
        duration().prop_map(AfterTimeout::Hold),
        Just(AfterTimeout::NeverRetry),
    ]
}

fn any_moment() -> impl Strategy<Value = Now> {
    prop_oneof![moment(), any::<i64>().prop_map(Now::from_millis)]
}

proptest! {
    #[test]
    fn decision_and_claim_agree(
        record in any_record(),
        now in moment(),
        payload_hash in hash(),
        durable_replay: bool,
    ) {
        let question = Question { now, owner: "mine", payload_hash, durable_replay };
        let decision = decide(&record, &question);
        if may_claim(Some(&record), now) {
            prop_assert!(
                matches!(decision, Decision::Retry | Decision::Mismatch),
                "{decision:?} of what a claim may replace"
            );
        } else {
            prop_assert_ne!(decision, Decision::Retry, "the claim would be refused again");
        }
    }

    #[test]
    fn own_running_claim_is_never_refused(
        record in any_record(),
        now in moment(),
        payload_hash in hash(),
        durable_replay: bool,
    ) {
        prop_assume!(record.status() == Status::InProgress);
        let record = record.with_owner("mine");
        let question = Question { now, owner: "mine", payload_hash, durable_replay };
        let decision = decide(&record, &question);
        prop_assert!(matches!(decision, Decision::Mine | Decision::Retry), "{decision:?}");
    }

    #[test]
    fn what_may_be_claimed_stays_so(record in any_record(), now in moment(), later in 0..4_000_u64) {
        if may_claim(Some(&record), now) {
            prop_assert!(may_claim(Some(&record), now.after(Duration::from_millis(later))));
        }
    }

    #[test]
    fn only_who_holds_a_running_record_finishes_it(
        record in any_record(),
        fence in fence(),
        answer in answer(),
    ) {
        let held = match fence {
            Fence::Owner(mark) => record.owner() == Some(mark),
            Fence::Lease(end) => {
                record.owner().is_none() && record.in_progress_expiration() == end
            }
        };
        let runs = record.status() == Status::InProgress;
        let same = record.answer() == Some(&answer);
        prop_assert_eq!(may_release(Some(&record), fence), held && runs);
        prop_assert_eq!(may_complete(Some(&record), fence, &answer), held && (runs || same));
        prop_assert!(may_release(None, fence) && may_complete(None, fence, &answer));
    }

    #[test]
    fn record_counts_at_least_as_long_as_its_lease(
        now in any_moment(),
        time in duration(),
        expires_after in duration(),
        policy in policy(),
        at in any_moment(),
    ) {
        let times = lease(now, time, expires_after, policy);
        let record = StoredRecord::new(Status::InProgress, times.expiration)
            .with_in_progress_expiration(times.in_progress_expiration);
        let end = Now::from_millis(times.in_progress_expiration);
        for at in [at, now, end] {
            if !is_lease_over(&record, at) {
                prop_assert!(!is_expired(&record, at), "{times:?} at {at:?}");
            }
        }
        prop_assert!(times.in_progress_expiration >= now.millis(), "{times:?}");
    }

    #[test]
    fn later_claim_never_ends_earlier(
        now in any_moment(),
        by in duration(),
        time in duration(),
        expires_after in duration(),
        policy in policy(),
    ) {
        let first = lease(now, time, expires_after, policy);
        let second = lease(now.after(by), time, expires_after, policy);
        prop_assert!(first.expiration <= second.expiration);
        prop_assert!(first.in_progress_expiration <= second.in_progress_expiration);
    }

    #[test]
    fn longer_time_never_ends_earlier(
        now in any_moment(),
        times in (duration(), duration()),
        expires_after in duration(),
        policy in policy(),
    ) {
        let (short, long) = (times.0.min(times.1), times.0.max(times.1));
        let short = lease(now, short, expires_after, policy);
        let long = lease(now, long, expires_after, policy);
        prop_assert!(short.in_progress_expiration <= long.in_progress_expiration);
    }

    #[test]
    fn owner_counts_on_its_own_time_and_not_on_the_hold(
        now in any_moment(),
        time in duration(),
        expires_after in duration(),
        policy in policy(),
    ) {
        let held = lease(now, time, expires_after, policy);
        let free = lease(now, time, expires_after, AfterTimeout::Retry);
        prop_assert_eq!(held.lease_end, now.after(time).millis());
        prop_assert_eq!(free.in_progress_expiration, free.lease_end);
        prop_assert_eq!(held.lease_end, free.lease_end);
        prop_assert!(held.lease_end <= held.in_progress_expiration);
    }

    #[test]
    fn lease_of_a_known_deadline_ends_with_it(
        now in any_moment(),
        deadline in any_moment(),
        otherwise in duration(),
        expires_after in duration(),
        after_timeout in policy(),
    ) {
        let terms = Terms { deadline: Some(deadline), otherwise, expires_after, after_timeout };
        let Step::Claim(times) = Protocol::new("mine".into(), None, false, terms).begin(now) else {
            panic!("a call begins with a claim");
        };
        // A deadline that has passed leaves no time.
        let end = times.lease_end;
        let far = deadline.millis().checked_sub(now.millis()).is_none();
        prop_assert!(far || end == deadline.max(now).millis(), "{end}");
    }
}
