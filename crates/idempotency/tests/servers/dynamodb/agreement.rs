//! The condition that the server decides by, and the function that the model check decides by.

use powertools_idempotency::{
    Now,
    store::{Claimed, IdempotencyStore},
    test_util::Caller,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::bed::{Bed, MINE, Row, number, text};

const CASES: usize = 400;
const SECOND: i64 = 4_000_000_000;

/// A row, and the time of a claim close to its times.
fn any_case() -> impl Strategy<Value = (Option<Row>, Now)> {
    let expiration = (SECOND - 2..=SECOND + 2, fraction());
    let lease = (-1500_i64..=1500, fraction());
    let row = (
        any::<bool>(),
        expiration,
        proptest::option::weighted(0.8, lease),
        0_i64..1000,
        -1_i64..=1,
    );
    (row, proptest::bool::weighted(0.95)).prop_map(
        |((completed, expiration, lease, within, near), there)| {
            let now = Now::from_millis(SECOND * 1000 + within);
            let status = if completed { "COMPLETED" } else { "INPROGRESS" };
            let mut row = Row::from([
                ("status".to_owned(), text(status)),
                (
                    "expiration".to_owned(),
                    number(&format!("{}{}", expiration.0, expiration.1)),
                ),
                ("powertools_owner".to_owned(), text("theirs")),
            ]);
            if let Some((offset, fraction)) = lease {
                // As often close to the boundary as anywhere.
                let offset = if offset % 2 == 0 { near } else { offset };
                let lease = format!("{}{fraction}", now.millis() + offset);
                row.insert("in_progress_expiration".to_owned(), number(&lease));
            }
            (there.then_some(row), now)
        },
    )
}

fn fraction() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just(".5"), 1 => Just(".999")]
}

pub(crate) async fn agree() {
    let bed = Bed::new().await;
    let store = bed.store();
    let mut runner = TestRunner::deterministic();
    let mut verdicts = [0, 0];
    for case in 0..CASES {
        let (row, now) = any_case().new_tree(&mut runner).unwrap().current();
        let key = format!("case {case}");
        let told = format!("{row:?} at {now:?}");
        if let Some(mut row) = row {
            row.insert("id".to_owned(), text(&key));
            bed.put(row).await;
        }
        let record = store.get(&key).await.unwrap();
        let claim = Caller::new(&key, MINE).claim(now);
        let claimed = store.claim(&claim).await.unwrap();
        let may = claim.may_replace(record.as_ref());
        assert_eq!(claimed == Claimed::Written, may, "{told}");
        if !may {
            assert_eq!(claimed, Claimed::Refused(record), "{told}");
        }
        verdicts[usize::from(may)] += 1;
    }
    assert!(
        verdicts.iter().all(|&times| times > CASES / 5),
        "{verdicts:?}"
    );
}
