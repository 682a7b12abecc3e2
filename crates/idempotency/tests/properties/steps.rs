//! The steps of a call, whatever the store says and however late.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    any_record,
    decision::AfterTimeout,
    moment,
    protocol::{ATTEMPTS, Protocol, Run, Step, Terms},
    record::{Status, StoredRecord},
};

/// What the store says to a claim, and to a read.
type Said = (bool, Option<StoredRecord>);

fn said() -> impl Strategy<Value = Vec<(u64, Said)>> {
    let said = (prop::bool::weighted(0.2), prop::option::of(any_record()));
    prop::collection::vec((0..700_u64, said), 40)
}

fn terms() -> impl Strategy<Value = Terms> {
    let policy = prop_oneof![
        Just(AfterTimeout::Retry),
        (0..2_000_u64).prop_map(|hold| AfterTimeout::Hold(Duration::from_millis(hold))),
        Just(AfterTimeout::NeverRetry),
    ];
    (
        prop::option::of(moment()),
        0..2_000_u64,
        0..2_000_u64,
        policy,
    )
        .prop_map(
            |(deadline, otherwise, expires_after, after_timeout)| Terms {
                deadline,
                otherwise: Duration::from_millis(otherwise),
                expires_after: Duration::from_millis(expires_after),
                after_timeout,
            },
        )
}

proptest! {
    #[test]
    fn call_comes_to_an_end_and_never_runs_under_a_lease_that_is_over(
        begin in moment(),
        terms in terms(),
        said in said(),
        durable_replay: bool,
        mut waits in 0..3_usize,
    ) {
        let mut now = begin;
        let mut protocol = Protocol::new("mine".into(), None, durable_replay, terms);
        let mut step = protocol.begin(now);
        let (mut claims, mut reads, mut lease_end) = (0, 0, None);
        for (later, (written, record)) in said {
            now = now.after(Duration::from_millis(later));
            step = match step {
                Step::Claim(times) => {
                    claims += 1;
                    prop_assert!(claims <= ATTEMPTS);
                    lease_end = Some(times.lease_end);
                    if written {
                        protocol.claimed(now)
                    } else {
                        protocol.refused(record, now)
                    }
                }
                Step::Read => {
                    reads += 1;
                    // One for each claim, or each wait.
                    prop_assert!(reads <= claims + 1);
                    protocol.read(record, now)
                }
                settled => {
                    prop_assert!(false, "{:?} is settled", settled);
                    return Ok(());
                }
            };
            match step {
                Step::Claim(_) | Step::Read => {}
                Step::Run(Run::Own { ref owner, lease_end: end }) => {
                    prop_assert_eq!(&**owner, "mine");
                    prop_assert!(end >= now.millis(), "it is over");
                    prop_assert!(Some(end) <= lease_end, "longer than its last claim");
                    return Ok(());
                }
                Step::Run(Run::Adopted { in_progress_expiration: end, .. }) => {
                    prop_assert!(durable_replay);
                    prop_assert!(end.is_none_or(|end| end >= now.millis()), "it is over");
                    return Ok(());
                }
                Step::InProgress(_) if waits > 0 => {
                    waits -= 1;
                    (claims, reads) = (0, 0);
                    step = protocol.waited();
                    prop_assert_eq!(&step, &Step::Read);
                }
                Step::NoTimeLeft => {
                    prop_assert!(terms.deadline.is_some());
                    return Ok(());
                }
                Step::Inconsistent => {
                    prop_assert_eq!(claims, ATTEMPTS);
                    return Ok(());
                }
                Step::Replay(_) | Step::InProgress(_) | Step::Mismatch(_) => return Ok(()),
            }
        }
        prop_assert!(false, "still at {:?}", step);
    }

    #[test]
    fn reply_that_takes_longer_than_the_lease_lets_nothing_run(
        begin in moment(),
        terms in terms(),
        takes in 0..3_000_u64,
    ) {
        let mut protocol = Protocol::new("mine".into(), None, false, terms);
        let Step::Claim(times) = protocol.begin(begin) else {
            panic!("a call begins with a claim");
        };
        let now = begin.after(Duration::from_millis(takes));
        let step = protocol.claimed(now);
        if times.lease_end >= now.millis() {
            let ran = matches!(step, Step::Run(Run::Own { lease_end, .. }) if lease_end == times.lease_end);
            prop_assert!(ran, "{step:?}");
        } else if terms.deadline.is_some() {
            prop_assert_eq!(step, Step::NoTimeLeft);
        } else {
            prop_assert!(matches!(step, Step::Claim(_)), "{step:?}");
        }
    }

    #[test]
    fn own_claim_that_came_late_gives_its_own_time_and_not_the_hold(
        begin in moment(),
        terms in terms(),
        (second, found) in (0..1_500_u64, 0..1_500_u64),
    ) {
        prop_assume!(terms.after_timeout != AfterTimeout::NeverRetry);
        let mut protocol = Protocol::new("mine".into(), None, false, terms);
        let Step::Claim(first) = protocol.begin(begin) else {
            panic!("a call begins with a claim");
        };
        let now = begin.after(Duration::from_millis(second));
        prop_assert_eq!(protocol.refused(None, now), Step::Read);
        prop_assert!(matches!(protocol.read(None, now), Step::Claim(_)));
        let record = StoredRecord::new(Status::InProgress, first.expiration)
            .with_in_progress_expiration(first.in_progress_expiration)
            .with_owner("mine");
        let now = now.after(Duration::from_millis(found));
        let step = protocol.refused(Some(record), now);
        if let Step::Run(Run::Own { lease_end, .. }) = step {
            prop_assert_eq!(lease_end, first.lease_end);
        } else {
            prop_assert!(first.lease_end < now.millis(), "{step:?}");
        }
    }

    #[test]
    fn record_that_keeps_vanishing_costs_all_attempts_and_no_more(
        begin in moment(),
        terms in terms(),
    ) {
        let mut protocol = Protocol::new("mine".into(), None, false, terms);
        let mut step = protocol.begin(begin);
        for _ in 0..ATTEMPTS {
            prop_assert!(matches!(step, Step::Claim(_)));
            prop_assert_eq!(protocol.refused(None, begin), Step::Read);
            step = protocol.read(None, begin);
        }
        prop_assert_eq!(step, Step::Inconsistent);
        prop_assert_eq!(protocol.begin(begin), Step::Inconsistent);
        prop_assert_eq!(protocol.waited(), Step::Read);
        prop_assert!(matches!(protocol.read(None, begin), Step::Claim(_)), "waiting renews them");
    }
}
