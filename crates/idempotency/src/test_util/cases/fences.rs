use super::finishes::answers;
use super::steps::{
    KEY, MINE, NOW, OTHER, assert_same, completed, later, refusal, released, response, stored,
    written,
};
use crate::{IdempotencyStore, store::Finished, test_util::Caller};

const ME: Caller<'static> = Caller::new(KEY, MINE);
const YOU: Caller<'static> = Caller::new(KEY, OTHER);
const NOBODY: Caller<'static> = Caller::unmarked(KEY, None);

/// Neither a completion nor a release of this caller changes the record.
async fn fenced<St: IdempotencyStore>(store: &St, caller: Caller<'_>) {
    let before = stored(store, KEY).await;
    let answer = response("\"foreign\"");
    let completion = caller
        .with_payload_hash("foreign")
        .complete(&answer, later(50));
    let finished = store
        .complete(&completion)
        .await
        .expect("the store refuses");
    assert_eq!(finished, Finished::NotOwner, "completion of {caller:?}");
    assert_same(stored(store, KEY).await.as_ref(), before.as_ref());
    let finished = store
        .release(&caller.release())
        .await
        .expect("the store refuses");
    assert_eq!(finished, Finished::NotOwner, "release of {caller:?}");
    assert_same(stored(store, KEY).await.as_ref(), before.as_ref());
}

pub(in crate::test_util) async fn foreign_completion_leaves_the_record_alone(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.with_payload_hash("h4sh").claim(NOW)).await;
    fenced(&store, YOU).await;
    let answer = response("\"mine\"");
    completed(&store, &ME.complete(&answer, NOW)).await;
    fenced(&store, YOU).await;
}

pub(in crate::test_util) async fn foreign_release_leaves_the_record_alone(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    // A mark that only begins alike is another.
    fenced(&store, Caller::new(KEY, &MINE[..31])).await;
    fenced(&store, Caller::new(KEY, "")).await;
    fenced(&store, Caller::new(KEY, &MINE.to_uppercase())).await;
    released(&store, &ME.release()).await;
}

pub(in crate::test_util) async fn owner_that_was_replaced_can_neither_complete_nor_release(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    written(&store, &YOU.claim(later(31_000))).await;
    fenced(&store, ME).await;
    let answer = response("\"yours\"");
    completed(&store, &YOU.complete(&answer, later(31_500))).await;
    fenced(&store, ME).await;
}

pub(in crate::test_util) async fn whoever_has_no_mark_cannot_finish_a_marked_record(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    fenced(&store, NOBODY).await;
    let answer = response("1");
    completed(&store, &ME.complete(&answer, NOW)).await;
    fenced(&store, NOBODY).await;
}

pub(in crate::test_util) async fn record_without_a_mark_is_finished_without_one(
    store: impl IdempotencyStore,
) {
    released(&store, &NOBODY.release()).await;
    let answer = response("1");
    completed(&store, &NOBODY.complete(&answer, NOW)).await;
    let record = stored(&store, KEY).await.expect("it was completed");
    assert_eq!(
        (record.owner(), record.in_progress_expiration()),
        (None, None)
    );
    fenced(&store, ME).await;
    // The same lease, and so the same record: but it is completed.
    fenced(&store, NOBODY).await;
    completed(&store, &NOBODY.complete(&answer, NOW)).await;
    fenced(&store, Caller::unmarked(KEY, Some(NOW.millis()))).await;
    assert_eq!(
        Some(refusal(&store, &ME.claim(later(2))).await),
        stored(&store, KEY).await
    );
}

pub(in crate::test_util) async fn completed_record_takes_no_other_answer_and_is_not_released(
    store: impl IdempotencyStore,
) {
    for (first, second) in pairs() {
        let key = format!("{first} {second}");
        let [first, second] = [first, second].map(|number| answers()[number].clone());
        let me = Caller::new(&key, MINE);
        written(&store, &me.claim(NOW)).await;
        completed(&store, &me.complete(&first, NOW)).await;
        let before = stored(&store, &key).await;
        let finished = store.complete(&me.complete(&second, later(1))).await;
        let expected = if first == second {
            Finished::Done
        } else {
            Finished::NotOwner
        };
        assert_eq!(finished.expect("the store says so"), expected, "{key}");
        if expected == Finished::NotOwner {
            assert_same(stored(&store, &key).await.as_ref(), before.as_ref());
        }
        let released = store.release(&me.release()).await;
        assert_eq!(
            released.expect("the store says so"),
            Finished::NotOwner,
            "{key}"
        );
        assert!(stored(&store, &key).await.is_some(), "{key}");
    }
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..4).flat_map(|first| (0..4).map(move |second| (first, second)))
}
