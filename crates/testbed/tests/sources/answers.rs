//! The answers to a batch that is not reported in the form that Lambda documents.

use testbed::source::{
    BatchResult, Cause, EventSource, Fate, KinesisSource, Outcome, SqsSource, Undocumented,
};

use crate::support::{answer, complaint, put, seconds, send};

const SUCCESSES: [&str; 14] = [
    "",
    " \n",
    "null",
    r#""""#,
    "{}",
    r#"{"batchItemFailures":[]}"#,
    r#"{"batchItemFailures":null}"#,
    r#" { "batchItemFailures" : [ ] } "#,
    r#"{"statusCode":200}"#,
    r#"{"batchItemFailures":[],"more":1}"#,
    // The list has another name, so there is none. This is how a wrong name loses messages.
    r#"{"batch_item_failures":[{"itemIdentifier":"ID"}]}"#,
    r#"{"BatchItemFailures":[{"itemIdentifier":"ID"}]}"#,
    r#"{"batchItemFailure":[{"itemIdentifier":"ID"}]}"#,
    r#"{"batchItemFailures":[],"batchItemFailures":null}"#,
];

const BAD_JSON: [&str; 5] = [
    "not json",
    "{",
    r#"{"batchItemFailures":[]} trailing"#,
    r#"{'batchItemFailures':[]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":"ID"}],}"#,
];

const BAD_IDENTIFIERS: [&str; 9] = [
    r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
    r#"{"batchItemFailures":[{}]}"#,
    r#"{"batchItemFailures":[{"itemidentifier":"ID"}]}"#,
    r#"{"batchItemFailures":[{"messageId":"ID"}]}"#,
    r#"{"batchItemFailures":["ID"]}"#,
    r#"{"batchItemFailures":[null]}"#,
    // One bad entry fails all, wherever it stands.
    r#"{"batchItemFailures":[{"itemIdentifier":"ID"},{"itemIdentifier":""}]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":null},{"itemIdentifier":"ID"}]}"#,
];

const UNKNOWN: [&str; 4] = [
    r#"{"batchItemFailures":[{"itemIdentifier":"other"}]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":"ID"},{"itemIdentifier":"other"}]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":17}]}"#,
    r#"{"batchItemFailures":[{"itemIdentifier":{"id":"ID"}}]}"#,
];

const UNDOCUMENTED: [&str; 8] = [
    r#""ok""#,
    "42",
    "true",
    "[]",
    r#"["ID"]"#,
    r#"{"batchItemFailures":"ID"}"#,
    r#"{"batchItemFailures":{"itemIdentifier":"ID"}}"#,
    r#"{"batchItemFailures":false}"#,
];

fn queue(undocumented: Undocumented) -> (SqsSource, [String; 3]) {
    let mut queue = SqsSource::standard()
        .report_batch_item_failures(true)
        .undocumented(undocumented)
        .build()
        .unwrap();
    let sent = send(&mut queue, ["a", "b", "c"]);
    (queue, sent)
}

fn stream(undocumented: Undocumented) -> (KinesisSource, [String; 3]) {
    let mut stream = KinesisSource::builder()
        .report_batch_item_failures(true)
        .undocumented(undocumented)
        .build()
        .unwrap();
    let sent = put(&mut stream, ["a", "b", "c"]);
    (stream, sent)
}

/// Answers a batch of three, of which `ID` in the text is the second, and returns what is left.
fn left(
    (mut source, sent): (impl EventSource, [String; 3]),
    text: &str,
) -> (Vec<String>, BatchResult, Vec<String>) {
    answer(&mut source, Outcome::answer(text.replace("ID", &sent[1])));
    source.advance(seconds(30));
    let again = source.next_batch();
    let again = again.map_or_else(Vec::new, |batch| batch.ids().to_vec());
    let log = source.log();
    let result = log.deliveries()[0].result().unwrap().clone();
    (again, result, log.violations().to_vec())
}

#[test]
fn an_empty_answer_or_list_is_a_success() {
    for text in SUCCESSES {
        let queue = left(queue(Undocumented::Refuse), text);
        assert_eq!(queue, (vec![], BatchResult::Succeeded, vec![]), "{text}");
        let stream = left(stream(Undocumented::Refuse), text);
        assert_eq!(stream, (vec![], BatchResult::Succeeded, vec![]), "{text}");
    }
}

#[test]
fn invalid_json_fails_the_whole_batch() {
    let failed = BatchResult::Failed(Cause::InvalidJson);
    for text in BAD_JSON {
        let (again, result, violations) = left(queue(Undocumented::Refuse), text);
        assert_eq!(
            (again.len(), &result, violations.len()),
            (3, &failed, 0),
            "{text}"
        );
        let (again, result, violations) = left(stream(Undocumented::Refuse), text);
        assert_eq!(
            (again.len(), &result, violations.len()),
            (3, &failed, 0),
            "{text}"
        );
    }
}

#[test]
fn text_that_is_not_utf8_is_invalid_json() {
    let (mut queue, [id, ..]) = queue(Undocumented::Refuse);
    answer(
        &mut queue,
        Outcome::answer(&b"{\"batchItemFailures\":[],\"a\":\"\xff\"}"[..]),
    );
    assert_eq!(queue.log().fate(&id), Some(Fate::Waiting));
}

#[test]
fn an_empty_null_or_misnamed_identifier_fails_the_whole_batch() {
    let failed = BatchResult::Failed(Cause::BadIdentifier);
    for text in BAD_IDENTIFIERS {
        let (again, result, violations) = left(queue(Undocumented::Refuse), text);
        assert_eq!(
            (again.len(), &result, violations.len()),
            (3, &failed, 0),
            "{text}"
        );
        let (again, result, violations) = left(stream(Undocumented::Refuse), text);
        assert_eq!(
            (again.len(), &result, violations.len()),
            (3, &failed, 0),
            "{text}"
        );
    }
}

#[test]
fn of_a_queue_an_identifier_that_is_not_in_the_batch_fails_the_whole_batch() {
    for policy in [Undocumented::Refuse, Undocumented::Ignore] {
        for text in UNKNOWN {
            let (again, result, violations) = left(queue(policy), text);
            assert_eq!((again.len(), violations.len()), (3, 0), "{text}");
            assert!(
                matches!(result, BatchResult::Failed(Cause::UnknownIdentifier(_))),
                "{text}: {result:?}"
            );
        }
    }
}

#[test]
fn of_a_stream_a_number_that_is_not_in_the_batch_is_undocumented() {
    for text in UNKNOWN {
        for (policy, expected_violations) in
            [(Undocumented::Refuse, 1), (Undocumented::FailBatch, 0)]
        {
            let (again, result, violations) = left(stream(policy), text);
            assert_eq!(
                (again.len(), violations.len()),
                (3, expected_violations),
                "{text}"
            );
            assert!(
                matches!(result, BatchResult::Failed(Cause::Undocumented(_))),
                "{text}: {result:?}"
            );
        }
    }
    // Where it is ignored, the known numbers beside it count.
    let rest = |text| left(stream(Undocumented::Ignore), text).0.len();
    assert_eq!(UNKNOWN.map(rest), [0, 2, 0, 0]);
}

#[test]
fn an_answer_or_a_list_of_a_wrong_type_is_undocumented() {
    for text in UNDOCUMENTED {
        let refused = left(queue(Undocumented::Refuse), text);
        assert_eq!((refused.0.len(), refused.2.len()), (3, 1), "{text}");
        let failed = left(queue(Undocumented::FailBatch), text);
        assert_eq!((failed.0.len(), failed.2.len()), (3, 0), "{text}");
        let ignored = left(queue(Undocumented::Ignore), text);
        assert_eq!((ignored.0.len(), ignored.2.len()), (0, 0), "{text}");
        let refused = left(stream(Undocumented::Refuse), text);
        assert_eq!((refused.0.len(), refused.2.len()), (3, 1), "{text}");
    }
}

#[test]
fn every_check_of_the_log_refuses_a_violation() {
    let (mut stream, sent) = stream(Undocumented::Refuse);
    answer(&mut stream, Outcome::failures(["other"]));
    stream.advance(seconds(1));
    answer(&mut stream, Outcome::success());
    let log = stream.log();
    for check in [
        complaint(|| log.assert_each_processed_at_least_once(&sent)),
        complaint(|| log.assert_nothing_lost(&sent)),
        complaint(|| log.assert_none_handled_twice(&sent)),
        complaint(|| log.assert_order_kept_per_group(&sent)),
    ] {
        assert!(
            check.contains("no sequence number of the batch: other"),
            "{check}"
        );
    }
}

#[test]
fn an_identifier_that_is_named_twice_counts_once() {
    let twice = r#"{"batchItemFailures":[{"itemIdentifier":"ID"},{"itemIdentifier":"ID"}]}"#;
    let (again, result, violations) = left(queue(Undocumented::Refuse), twice);
    assert_eq!((again.len(), violations.len()), (1, 0));
    assert_eq!(result, BatchResult::Partial(again));
}

#[test]
fn further_keys_of_an_entry_are_ignored() {
    let text = r#"{"batchItemFailures":[{"itemIdentifier":"ID","reason":"late"}]}"#;
    assert_eq!(left(queue(Undocumented::Refuse), text).0.len(), 1);
}

#[test]
fn a_list_of_all_messages_brings_all_of_them_back() {
    let (mut queue, sent) = queue(Undocumented::Refuse);
    answer(&mut queue, Outcome::failures(&sent));
    queue.advance(seconds(30));
    assert_eq!(answer(&mut queue, Outcome::success()), sent);
}
