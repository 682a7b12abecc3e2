//! The steps of a call, whatever the store says and however late.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    any_record,
    decision::AfterTimeout,
    moment,
    protocol::{ATTEMPTS, Lease, Protocol, Step},
    record::StoredRecord,
};

/// What the store says to a claim, and to a read.
type Said = (bool, Option<StoredRecord>);

fn said() -> impl Strategy<Value = Vec<(u64, Said)>> {
    let said = (prop::bool::weighted(0.2), prop::option::of(any_record()));
    prop::collection::vec((0..700_u64, said), 40)
}

fn lease() -> impl Strategy<Value = Lease> {
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
            |(deadline, otherwise, expires_after, after_timeout)| Lease {
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
        lease in lease(),
        said in said(),
    ) {
        let mut now = begin;
        let mut protocol = Protocol::new("mine".into(), None, false, lease);
        let mut step = protocol.begin(now);
        let (mut claims, mut reads) = (0, 0);
        for (later, (written, record)) in said {
            let decided = now;
            now = now.after(Duration::from_millis(later));
            step = match step {
                Step::Claim(times) => {
                    claims += 1;
                    prop_assert!(claims <= ATTEMPTS);
                    if written {
                        protocol.claimed(times, now)
                    } else {
                        protocol.refused(record, now)
                    }
                }
                Step::Read => {
                    reads += 1;
                    // One for each claim: to wait is the caller's choice, and none of ours does.
                    prop_assert!(reads <= claims);
                    protocol.read(record, now)
                }
                Step::Run(run) => {
                    prop_assert_eq!(run.owner.as_deref(), Some("mine"));
                    prop_assert!(run.lease_end.is_none_or(|end| end >= decided.millis()));
                    return Ok(());
                }
                Step::Replay(_) | Step::InProgress(_) | Step::Mismatch(_) => return Ok(()),
                Step::Inconsistent => {
                    prop_assert_eq!(claims, ATTEMPTS);
                    return Ok(());
                }
            };
        }
        prop_assert!(false, "still at {:?}", step);
    }

    #[test]
    fn record_that_keeps_vanishing_costs_all_attempts_and_no_more(
        begin in moment(),
        lease in lease(),
    ) {
        let mut protocol = Protocol::new("mine".into(), None, false, lease);
        let mut step = protocol.begin(begin);
        for _ in 0..ATTEMPTS {
            prop_assert!(matches!(step, Step::Claim(_)));
            prop_assert_eq!(protocol.refused(None, begin), Step::Read);
            step = protocol.read(None, begin);
        }
        prop_assert_eq!(step, Step::Inconsistent);
        prop_assert_eq!(protocol.begin(begin), Step::Inconsistent);
    }
}
