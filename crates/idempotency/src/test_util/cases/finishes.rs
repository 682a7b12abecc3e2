use super::steps::{
    KEY, MINE, NOW, OTHER, assert_same, completed, later, released, response, stored, written,
};
use crate::{Answer, IdempotencyStore, test_util::Caller};

const ME: Caller<'static> = Caller::new(KEY, MINE);

/// One of each kind.
pub(super) fn answers() -> [Answer; 4] {
    [
        response("{\"a\": [1.0, null]}"),
        Answer::Error("{\"code\": 7}".into()),
        Answer::Omitted,
        Answer::Overflow("bucket/key".into()),
    ]
}

/// Texts that a store may spoil; whether they are JSON is not its business.
fn texts() -> Vec<String> {
    let nasty = [
        "",
        "null",
        "0",
        "\"\"",
        "{}",
        "  {\"spaced\" :\t1}\n",
        "\"h\u{e9}llo \u{1f600} \u{65}\u{301} \u{202e}\u{feff}\"",
        "\"\\u0000 \\ud83d \\\" \\\\\"",
        "a\u{0}b\u{1}\r\n\u{7f}",
        "COMPLETED",
        "}}{[\"' OR 1=1 --",
    ];
    let mut texts: Vec<_> = nasty.map(str::to_owned).into();
    texts.push(format!("\"{}\"", "long \u{e9}".repeat(100 * 1024 / 7)));
    texts
}

pub(in crate::test_util) async fn every_answer_comes_back(store: impl IdempotencyStore) {
    let kinds = [Answer::Response, Answer::Error, Answer::Overflow];
    let made = kinds.into_iter().enumerate();
    let mut answers: Vec<_> = made
        .flat_map(|(kind, make)| {
            let texts = texts().into_iter().enumerate();
            texts.map(move |(text, json)| (format!("answer {kind} {text}"), make(json.into())))
        })
        .collect();
    answers.push(("omitted".to_owned(), Answer::Omitted));
    for (key, answer) in &answers {
        let caller = Caller::new(key, MINE);
        written(&store, &caller.claim(NOW)).await;
        completed(&store, &caller.complete(answer, later(10))).await;
    }
    for (key, answer) in &answers {
        let record = stored(&store, key).await.expect("it was completed");
        assert!(record.answer() == Some(answer), "{key} has become another");
    }
}

pub(in crate::test_util) async fn completion_keeps_hash_and_mark(store: impl IdempotencyStore) {
    let claim = ME.with_payload_hash("h4sh").claim(NOW);
    written(&store, &claim).await;
    let answer = response("1");
    completed(&store, &ME.complete(&answer, later(10))).await;
    let record = stored(&store, KEY).await.expect("it was completed");
    assert_eq!(record.payload_hash(), Some("h4sh"));
    assert_eq!(record.owner(), Some(MINE));
}

pub(in crate::test_util) async fn completion_sets_hash_and_expiration(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.with_payload_hash("before").claim(NOW)).await;
    let answer = response("1");
    let completion = ME
        .with_payload_hash("h4sh")
        .complete(&answer, later(10_000));
    completed(&store, &completion).await;
    let record = stored(&store, KEY).await.expect("it was completed");
    assert_eq!(record.payload_hash(), Some("h4sh"));
    assert_eq!(record.expiration(), later(3_610_000).seconds());
}

/// As after the first completion's lost reply.
pub(in crate::test_util) async fn completion_twice_is_done(store: impl IdempotencyStore) {
    written(&store, &ME.claim(NOW)).await;
    let answer = response("1");
    let completion = ME.complete(&answer, NOW);
    completed(&store, &completion).await;
    let first = stored(&store, KEY).await;
    completed(&store, &completion).await;
    assert_same(stored(&store, KEY).await.as_ref(), first.as_ref());
}

pub(in crate::test_util) async fn completion_of_an_absent_record_writes_it(
    store: impl IdempotencyStore,
) {
    for (number, answer) in answers().iter().enumerate() {
        // `completed` compares the whole record.
        let key = number.to_string();
        let caller = Caller::new(&key, MINE).with_payload_hash("h4sh");
        completed(&store, &caller.complete(answer, NOW)).await;
    }
}

pub(in crate::test_util) async fn completion_after_the_lease_is_done_if_nobody_took_over(
    store: impl IdempotencyStore,
) {
    written(&store, &ME.claim(NOW)).await;
    let answer = response("1");
    completed(&store, &ME.complete(&answer, later(4_000_000))).await;
}

pub(in crate::test_util) async fn answer_of_the_greatest_length_is_kept(
    store: impl IdempotencyStore,
) {
    /// A store with room for more is not tried to its end.
    const ENOUGH: usize = 1024 * 1024;
    let length = store
        .max_answer_len(KEY)
        .map_or(ENOUGH, |max| max.min(ENOUGH));
    // With everything else that takes room.
    let hash = "0".repeat(128);
    let caller = ME.with_payload_hash(&hash);
    written(&store, &caller.claim(NOW)).await;
    let answer = response(&"x".repeat(length));
    completed(&store, &caller.complete(&answer, NOW)).await;
}

pub(in crate::test_util) async fn release_deletes_and_frees_the_key(store: impl IdempotencyStore) {
    written(&store, &ME.claim(NOW)).await;
    released(&store, &ME.release()).await;
    written(&store, &Caller::new(KEY, OTHER).claim(NOW)).await;
}

/// As after the first release's lost reply, and where there has never been a record.
pub(in crate::test_util) async fn release_twice_is_done(store: impl IdempotencyStore) {
    released(&store, &ME.release()).await;
    written(&store, &ME.claim(NOW)).await;
    released(&store, &ME.release()).await;
    released(&store, &ME.release()).await;
}
