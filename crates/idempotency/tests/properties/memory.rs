//! The store in memory against one that is written from the documentation of the trait.

use std::{collections::BTreeMap, time::Duration};

use futures_util::FutureExt;
use proptest::prelude::*;

use crate::{
    any_record,
    decision::Times,
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
        2 => (who(), 0..3_i64).prop_map(|((key, owner), expires)| {
            Op::Complete { key, owner, expires }
        }),
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

    fn owns(&self, key: &str, owner: &str) -> bool {
        self.0
            .get(key)
            .is_none_or(|there| there.owner() == Some(owner))
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
        } => {
            let (key, owner) = (KEYS[key], OWNERS[owner]);
            let expiration = at.seconds() + expires;
            let answer = Answer::Response("2".into());
            let completion = Completion::new(key, Some(owner), &answer, at, expiration);
            let finished = now(store.complete(&completion)).unwrap();
            let owns = naive.owns(key, owner);
            prop_assert_eq!(finished == Finished::Done, owns);
            if owns {
                let there = naive.0.get(key);
                let mut record = StoredRecord::new(Status::Completed, expiration)
                    .with_answer(answer)
                    .with_owner(owner)
                    .with_in_progress_expiration(
                        there.and_then(StoredRecord::in_progress_expiration),
                    );
                if let Some(hash) = there.and_then(StoredRecord::payload_hash) {
                    record = record.with_payload_hash(hash);
                }
                naive.0.insert(key.to_owned(), record);
            }
        }
        Op::Release { key, owner } => {
            let (key, owner) = (KEYS[key], OWNERS[owner]);
            let finished = now(store.release(&Release::new(key, Some(owner)))).unwrap();
            let owns = naive.owns(key, owner);
            prop_assert_eq!(finished == Finished::Done, owns);
            if owns {
                naive.0.remove(key);
            }
        }
    }
    Ok(())
}
