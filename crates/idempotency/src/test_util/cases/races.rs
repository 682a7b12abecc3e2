use std::sync::Arc;

use tokio::{sync::Barrier, task::JoinSet};

use super::steps::{KEY, MINE, NOW, completed, later, response, stored, written};
use crate::{
    IdempotencyStore, Now, StoredRecord,
    store::{Claimed, Finished},
    test_util::Caller,
};

const CALLERS: usize = 64;
const DONE: &str = "suite#done";

/// What each of many claims came to that begin together, with its own record.
fn claim_together<St: IdempotencyStore>(
    store: &Arc<St>,
    start: &Arc<Barrier>,
    key: &'static str,
    now: Now,
) -> JoinSet<(StoredRecord, Claimed)> {
    let mut tasks = JoinSet::new();
    for at in 0..CALLERS {
        let (store, start) = (Arc::clone(store), Arc::clone(start));
        tasks.spawn(async move {
            let owner = format!("{at:032x}");
            let claim = Caller::new(key, &owner).claim(now);
            start.wait().await;
            let claimed = store
                .claim(&claim)
                .await
                .expect("the store claims or refuses");
            (claim.record(), claimed)
        });
    }
    tasks
}

/// The record of the one claim that was written; all the others have seen it.
async fn only_winner<St: IdempotencyStore>(
    store: &St,
    key: &str,
    tasks: JoinSet<(StoredRecord, Claimed)>,
) -> StoredRecord {
    let (mut winners, mut seen) = (Vec::new(), Vec::new());
    for (record, claimed) in tasks.join_all().await {
        match claimed {
            Claimed::Written => winners.push(record),
            Claimed::Refused(met) => seen.extend(met),
        }
    }
    assert_eq!(winners.len(), 1, "claims that were written");
    let winner = winners.remove(0);
    assert_eq!(stored(store, key).await.as_ref(), Some(&winner));
    assert!(
        seen.iter().all(|met| *met == winner),
        "{winner:?}: {seen:?}"
    );
    winner
}

pub(in crate::test_util) async fn one_of_many_claims_is_written(store: impl IdempotencyStore) {
    let store = Arc::new(store);
    let start = Arc::new(Barrier::new(CALLERS));
    let tasks = claim_together(&store, &start, KEY, NOW);
    only_winner(&*store, KEY, tasks).await;
}

pub(in crate::test_util) async fn one_of_many_takes_over(store: impl IdempotencyStore) {
    let store = Arc::new(store);
    let start = Arc::new(Barrier::new(CALLERS));
    // A running call whose lease is over.
    written(&*store, &Caller::new(KEY, MINE).claim(NOW)).await;
    let tasks = claim_together(&store, &start, KEY, later(31_000));
    only_winner(&*store, KEY, tasks).await;
    // A completed record that has expired.
    let done = Caller::new(DONE, MINE);
    completed(&*store, &done.complete(&response("1"), NOW)).await;
    let tasks = claim_together(&store, &start, DONE, later(9_000_000));
    only_winner(&*store, DONE, tasks).await;
}

/// A late owner and those who would replace it: either it is done, or one of them has the key.
pub(in crate::test_util) async fn completion_or_takeover(store: impl IdempotencyStore) {
    let store = Arc::new(store);
    let start = Arc::new(Barrier::new(CALLERS + 1));
    let me = Caller::new(KEY, MINE);
    written(&*store, &me.claim(NOW)).await;
    let tasks = claim_together(&store, &start, KEY, later(31_000));
    let answer = response("1");
    let completion = me.complete(&answer, later(31_000));
    start.wait().await;
    let finished = store
        .complete(&completion)
        .await
        .expect("the store completes or refuses");
    if finished == Finished::NotOwner {
        only_winner(&*store, KEY, tasks).await;
        return;
    }
    let claimed = tasks.join_all().await;
    let written = claimed
        .iter()
        .filter(|(_, claimed)| *claimed == Claimed::Written);
    assert_eq!(written.count(), 0, "claims over the completed record");
    let record = stored(&*store, KEY).await;
    let record = record.expect("it was completed");
    assert!(
        record.owner() == Some(MINE) && record.answer() == Some(&answer),
        "{record:?}"
    );
}
