use super::steps::{MINE, NOW, assert_same, completed, later, released, response, stored, written};
use crate::{IdempotencyStore, test_util::Caller};

/// Keys that a store may take for each other.
fn similar() -> Vec<String> {
    let short = [
        "fn.id#1",
        "fn.id#10",
        "fn.id#01",
        "fn.id#1 ",
        " fn.id#1",
        "FN.ID#1",
        "fn.id#1#",
        "fn.id",
        "fn.id#\u{e9}",
        "fn.id#e\u{301}",
        "fn.id#\u{1f600}",
        "fn.id#%31",
        "fn.id:1",
        "fn.id#*",
        "fn.id#?",
        "fn.id#[1]",
        "fn.id#\"1\"",
        "fn.id#{1}",
        "fn.id#1:lock",
        "fn.id#\\1",
        "fn.id#1/..",
        "fn.id#1\n",
        "idempotency",
    ];
    let mut keys: Vec<_> = short.map(str::to_owned).into();
    let long = "k".repeat(900);
    keys.extend([format!("{long}1"), format!("{long}2"), format!("1{long}")]);
    keys
}

pub(in crate::test_util) async fn keys_are_kept_apart(store: impl IdempotencyStore) {
    let keys = similar();
    let owners: Vec<_> = (0..keys.len()).map(|at| format!("{at:032x}")).collect();
    let callers: Vec<_> = keys
        .iter()
        .zip(&owners)
        .map(|(key, owner)| Caller::new(key, owner))
        .collect();
    for caller in &callers {
        written(&store, &caller.claim(NOW)).await;
    }
    let answers: Vec<_> = owners.iter().map(|owner| response(owner)).collect();
    for (at, (caller, answer)) in callers.iter().zip(&answers).enumerate() {
        if at % 2 == 0 {
            completed(&store, &caller.complete(answer, NOW)).await;
        } else {
            released(&store, &caller.release()).await;
        }
    }
    for (at, (caller, answer)) in callers.iter().zip(&answers).enumerate() {
        let claim = caller.claim(NOW);
        let completion = caller.complete(answer, NOW);
        let expected = (at % 2 == 0).then(|| completion.record(Some(&claim.record())));
        assert_same(
            stored(&store, claim.key()).await.as_ref(),
            expected.as_ref(),
        );
    }
}

pub(in crate::test_util) async fn reads_are_never_stale(store: impl IdempotencyStore) {
    for round in 0..25 {
        // Each of these reads what it has written.
        let caller = Caller::new("fresh", MINE);
        written(&store, &caller.claim(later(round))).await;
        released(&store, &caller.release()).await;
        let key = format!("fresh {round}");
        let answer = response(&key);
        let completion = Caller::new(&key, MINE);
        completed(&store, &completion.complete(&answer, later(round))).await;
    }
}
