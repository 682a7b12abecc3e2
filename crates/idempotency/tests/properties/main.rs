//! What holds for every record, every moment and every order of replies.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(dead_code, unreachable_pub, reason = "the crate's own files, by path")]

#[path = "../../src/decision.rs"]
mod decision;
#[path = "../../src/now.rs"]
mod now;
#[path = "../../src/protocol.rs"]
mod protocol;
#[path = "../../src/record.rs"]
mod record;
/// The trait's file and the store in memory: the others stay outside, whichever features are on.
#[path = "../../src/store"]
mod store {
    mod error;
    mod memory;
    #[path = "store.rs"]
    mod steps;

    pub(crate) use error::StoreError;
    pub(crate) use memory::InMemoryStore;
    pub(crate) use steps::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release};
}

mod memory;
mod steps;
mod table;

use proptest::prelude::*;

use crate::{
    decision::Fence,
    now::Now,
    record::{Answer, Status, StoredRecord},
};

/// So small that moments, leases and expiries often meet.
const MILLIS: i64 = 6_000;

fn moment() -> impl Strategy<Value = Now> {
    (0..MILLIS).prop_map(Now::from_millis)
}

fn mark() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("mine")), Just(Some("theirs"))]
}

fn hash() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("one")), Just(Some("other"))]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Response("1".into())),
        Just(Answer::Error("1".into())),
        Just(Answer::Omitted),
    ]
}

/// A mark, or the lease of another language's record.
fn fence() -> impl Strategy<Value = Fence<'static>> {
    prop_oneof![
        Just(Fence::Owner("mine")),
        prop::option::of(0..MILLIS).prop_map(Fence::Lease),
    ]
}

/// Any record, also such as only other languages or a hand would write.
fn any_record() -> impl Strategy<Value = StoredRecord> {
    let times = (0..MILLIS / 1000, prop::option::of(0..MILLIS));
    let done = (any::<bool>(), answer());
    (done, times, mark(), hash()).prop_map(|((done, answer), (expiration, lease), owner, hash)| {
        let status = if done {
            Status::Completed
        } else {
            Status::InProgress
        };
        let mut record = StoredRecord::new(status, expiration).with_in_progress_expiration(lease);
        if done {
            record = record.with_answer(answer);
        }
        if let Some(owner) = owner {
            record = record.with_owner(owner);
        }
        match hash {
            Some(hash) => record.with_payload_hash(hash),
            None => record,
        }
    })
}
