//! The store in memory against one that is written from the documentation of the trait.

use std::{collections::BTreeMap, time::Duration};

use futures_util::FutureExt;
use proptest::prelude::*;

use crate::{
    answer, any_record,
    decision::{Fence, Times},
    now::Now,
    record::{Answer, Status, StoredRecord},
    store::{Claim, Claimed, Completion, Finished, IdempotencyStore, InMemoryStore, Release},
};

#[derive(Debug, Clone)]
enum Op {
    Claim {
        key: usize,
        owner: usize,
        expires: i64,
        lease: i64,
    },
    Complete {
        key: usize,
        owner: usize,
        expires: i64,
        answer: Answer,
    },
    /// Of the record that stands there, if another language wrote it.
    Adopt {
        key: usize,
        releases: bool,
    },
    Release {
        key: usize,
        owner: usize,
    },
    Insert {
        key: usize,
        record: StoredRecord,
    },
}

const KEYS: [&str; 3] = ["a", "b", "c"];
const OWNERS: [&str; 3] = ["mine", "theirs", "others"];

fn op() -> impl Strategy<Value = Op> {
    let who = || (0..KEYS.len(), 0..OWNERS.len());
    prop_oneof![
        3 => (who(), 0..3_i64, 0..3_000_i64).prop_map(|((key, owner), expires, lease)| {
            Op::Claim { key, owner, expires, lease }
        }),
        2 => (who(), 0..3_i64, answer()).prop_map(|((key, owner), expires, answer)| {
            Op::Complete { key, owner, expires, answer }
        }),
        1 => (0..KEYS.len(), any::<bool>()).prop_map(|(key, releases)| Op::Adopt { key, releases }),
        1 => who().prop_map(|(key, owner)| Op::Release { key, owner }),
        1 => (0..KEYS.len(), any_record()).prop_map(|(key, record)| Op::Insert { key, record }),
    ]
}

#[derive(Default)]
struct Naive(BTreeMap<String, StoredRecord>);

impl Naive {
    fn counts(record: &StoredRecord, now: Now) -> bool {
        let expired = now.seconds() > record.expiration();
        let over = record
            .in_progress_expiration()
            .is_some_and(|lease| now.millis() > lease);
        !expired && (record.status() == Status::Completed || !over)
    }

    fn holds(&self, key: &str, fence: Fence<'_>) -> bool {
        self.0.get(key).is_none_or(|there| match fence {
            Fence::Owner(mark) => there.owner() == Some(mark),
            Fence::Lease(end) => there.owner().is_none() && there.in_progress_expiration() == end,
        })
    }

    fn is_done(&self, key: &str) -> bool {
        let there = self.0.get(key);
        there.is_some_and(|there| there.status() == Status::Completed)
    }

    fn answer(&self, key: &str) -> Option<&Answer> {
        self.0.get(key)?.answer()
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory does not wait")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn store_in_memory_does_what_the_trait_says(
        // More than are kept before expired ones are looked for, or fewer.
        fill in prop_oneof![Just(0), 1_000..1_200_usize],
        expirations in prop::collection::vec(0..8_i64, 16),
        ops in prop::collection::vec((0..400_u64, op()), 1..30),
    ) {
        let store = InMemoryStore::new();
        let mut naive = Naive::default();
        let fillers = (0..fill).zip(expirations.iter().cycle());
        for (number, expiration) in fillers {
            let record = StoredRecord::new(Status::Completed, *expiration);
            let key = format!("filler {number}");
            store.insert(key.as_str(), record.clone());
            naive.0.insert(key, record);
        }
        let mut at = Now::from_millis(0);
        for (later, op) in ops {
            at = at.after(Duration::from_millis(later));
            step(&store, &mut naive, at, op)?;
            let mut swept = Vec::new();
            for (key, record) in &naive.0 {
                match now(store.get(key)).unwrap() {
                    Some(found) => prop_assert_eq!(&found, record),
                    None => {
                        prop_assert!(record.expiration() < at.seconds(), "{key} is gone");
                        swept.push(key.clone());
                    }
                }
            }
            for key in swept {
                naive.0.remove(&key);
            }
            prop_assert_eq!(store.len(), naive.0.len(), "nothing else is there");
        }
    }
}

fn step(store: &InMemoryStore, naive: &mut Naive, at: Now, op: Op) -> Result<(), TestCaseError> {
    match op {
        Op::Insert { key, record } => {
            store.insert(KEYS[key], record.clone());
            naive.0.insert(KEYS[key].to_owned(), record);
        }
        Op::Claim {
            key,
            owner,
            expires,
            lease,
        } => {
            let (key, owner) = (KEYS[key], OWNERS[owner]);
            let times = Times {
                expiration: at.seconds() + expires,
                in_progress_expiration: at.millis() + lease,
                lease_end: at.millis(),
            };
            let claimed = now(store.claim(&Claim::new(key, owner, at, times))).unwrap();
            let there = naive.0.get(key);
            if let Some(there) = there.filter(|there| Naive::counts(there, at)) {
                prop_assert_eq!(claimed, Claimed::Refused(Some(there.clone())));
            } else {
                prop_assert_eq!(claimed, Claimed::Written);
                let record = StoredRecord::new(Status::InProgress, times.expiration)
                    .with_in_progress_expiration(times.in_progress_expiration)
                    .with_owner(owner);
                naive.0.insert(key.to_owned(), record);
            }
        }
        Op::Complete {
            key,
            owner,
            expires,
            answer,
        } => {
            let fence = Fence::Owner(OWNERS[owner]);
            let expiration = at.seconds() + expires;
            complete(
                store,
                naive,
                &Completion::new(KEYS[key], fence, &answer, at, expiration),
            )?;
        }
        Op::Release { key, owner } => {
            release(store, naive, KEYS[key], Fence::Owner(OWNERS[owner]))?;
        }
        Op::Adopt { key, releases } => {
            let there = naive.0.get(KEYS[key]);
            let fence = Fence::Lease(there.and_then(StoredRecord::in_progress_expiration));
            if releases {
                release(store, naive, KEYS[key], fence)?;
            } else {
                let answer = &Answer::Omitted;
                let completion = Completion::new(KEYS[key], fence, answer, at, at.seconds() + 1);
                complete(store, naive, &completion)?;
            }
        }
    }
    Ok(())
}

fn complete(
    store: &InMemoryStore,
    naive: &mut Naive,
    completion: &Completion<'_>,
) -> Result<(), TestCaseError> {
    let finished = now(store.complete(completion)).unwrap();
    let (key, fence, answer) = (completion.key(), completion.fence(), completion.answer());
    let may = naive.holds(key, fence) && (!naive.is_done(key) || naive.answer(key) == Some(answer));
    prop_assert_eq!(finished == Finished::Done, may);
    if may {
        let there = naive.0.get(key);
        let mut record = StoredRecord::new(Status::Completed, completion.expiration())
            .with_answer(answer.clone())
            .with_in_progress_expiration(there.and_then(StoredRecord::in_progress_expiration));
        if let Fence::Owner(owner) = fence {
            record = record.with_owner(owner);
        }
        if let Some(hash) = there.and_then(StoredRecord::payload_hash) {
            record = record.with_payload_hash(hash);
        }
        naive.0.insert(key.to_owned(), record);
    }
    Ok(())
}

fn release(
    store: &InMemoryStore,
    naive: &mut Naive,
    key: &str,
    fence: Fence<'_>,
) -> Result<(), TestCaseError> {
    let finished = now(store.release(&Release::new(key, fence))).unwrap();
    let may = naive.holds(key, fence) && !naive.is_done(key);
    prop_assert_eq!(finished == Finished::Done, may);
    if may {
        naive.0.remove(key);
    }
    Ok(())
}
