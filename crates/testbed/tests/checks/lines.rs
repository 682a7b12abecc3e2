//! Log lines.

use std::time::{Duration, UNIX_EPOCH};

use testbed::check::{
    Rule as _,
    lines::{LineCheck, LineRule, Lines},
};

use crate::{assert_each_rule_is_broken_alone, broken};

const GOOD: &str = concat!(
    r#"{"level":"INFO","message":"hello","timestamp":"2023-11-14T22:13:20.500Z","order":{"id":7}}"#,
    "\n",
    r#"{"level":"ERROR","message":"später \u0001","timestamp":"2023-11-14T22:13:20.501Z"}"#,
    "\n",
);

fn lines() -> Lines {
    LineCheck::new().records(true).assert(GOOD)
}

#[test]
fn each_rule_refuses_an_output_that_breaks_it_alone() {
    use LineRule as R;
    let check = LineCheck::new().max_bytes(200);
    let records = check.clone().records(true);
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(128), "]".repeat(128));
    let deep = deep.as_str();
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(193));
    let record = |level: &str, timestamp: &str| {
        format!("{{\"level\":\"{level}\",\"timestamp\":\"{timestamp}\"}}\n")
    };
    let time = "2023-11-14T22:13:20.500Z";
    let plain: &[(&str, R, &[u8])] = &[
        (
            "bytes_that_are_not_utf_8",
            R::NotUtf8,
            b"{\"a\":\"\xff\"}\n",
        ),
        (
            "a_last_line_without_newline",
            R::NoNewline,
            b"{}\n{\"a\":1}",
        ),
        ("an_empty_line_between_two", R::EmptyLine, b"{}\n\n{}\n"),
        (
            "a_tab_between_tokens",
            R::ControlCharacter,
            b"{\"a\":\t1}\n",
        ),
        (
            "a_carriage_return_at_the_end",
            R::ControlCharacter,
            b"{\"a\":1}\r\n",
        ),
        ("a_space_before_the_object", R::SurroundingSpace, b" {}\n"),
        ("a_space_after_the_object", R::SurroundingSpace, b"{} \n"),
        ("plain_text", R::NotJson, b"hello\n"),
        ("two_objects_on_one_line", R::NotJson, b"{}{}\n"),
        ("half_an_object", R::NotJson, b"{\"a\":\n"),
        ("an_array", R::NotAnObject, b"[1]\n"),
        ("a_bare_number", R::NotAnObject, b"1\n"),
        (
            "a_key_twice_at_the_top",
            R::DuplicateKey,
            b"{\"a\":1,\"a\":1}\n",
        ),
        (
            "a_key_twice_deep_inside",
            R::DuplicateKey,
            b"{\"a\":[{\"b\":1,\"b\":2}]}\n",
        ),
    ];
    let mut cases: Vec<_> = plain
        .iter()
        .map(|(name, rule, output)| (*name, *rule, broken(check.check(output))))
        .collect();
    let deep = broken(LineCheck::new().check(deep));
    cases.push(("a_hundred_and_thirty_levels", R::TooDeep, deep));
    cases.push(("one_byte_too_many", R::TooLong, broken(check.check(&long))));
    let times = [
        ("a_time_without_zone", "2023-11-14T22:13:20.500"),
        ("a_time_without_seconds", "2023-11-14T22:13Z"),
        ("a_time_with_a_bare_dot", "2023-11-14T22:13:20.Z"),
        ("a_time_of_another_form", "2023-11-14T22:13:20+00"),
        ("a_time_with_a_space", "2023-11-14 22:13:20.500Z"),
        ("a_day_that_does_not_exist", "2023-02-30T22:13:20.500Z"),
    ];
    for (name, text) in times {
        let result = records.check(record("INFO", text));
        cases.push((name, R::Timestamp, broken(result)));
    }
    let spellings = [
        ("a_time_with_an_offset", "2023-11-14T22:13:20.500+00:00"),
        ("a_time_in_seconds", "2023-11-14T22:13:20Z"),
        ("a_time_in_microseconds", "2023-11-14T22:13:20.500000Z"),
        ("a_time_in_small_letters", "2023-11-14t22:13:20.500z"),
    ];
    for (name, text) in spellings {
        let result = records.check(record("INFO", text));
        cases.push((name, R::TimestampSpelling, broken(result)));
        let any = records.clone().any_rfc_3339(true);
        assert_eq!(broken(any.check(record("INFO", text))), [], "{name}");
    }
    for (name, level) in [("a_python_level", "WARNING"), ("a_small_level", "info")] {
        cases.push((name, R::Level, broken(records.check(record(level, time)))));
    }
    let unnamed = records.check(format!("{{\"timestamp\":\"{time}\"}}\n"));
    cases.push(("no_level", R::Level, broken(unnamed)));
    assert_each_rule_is_broken_alone(&cases, &[]);
}

#[test]
fn what_is_good_passes() {
    let limit = 256 * 1024 - 26;
    let full = format!("{{\"a\":\"{}\"}}\n", "x".repeat(limit - 8));
    assert_eq!(full.len(), limit + 1);
    for (name, output) in [
        ("no_output", ""),
        ("an_empty_object", "{}\n"),
        (
            "equal_keys_in_two_objects",
            "{\"a\":{\"x\":1},\"b\":{\"x\":1}}\n",
        ),
        ("an_escaped_control_character", "{\"a\":\"\\u0007\\n\"}\n"),
        ("a_line_at_the_limit", &full),
    ] {
        assert_eq!(broken(LineCheck::new().check(output)), [], "{name}");
    }
}

#[test]
fn a_line_with_metrics_is_no_record() {
    let records = LineCheck::new().records(true);
    let lines = records.assert("{\"_aws\":{},\"orders\":1}\n");
    let line = lines.only();
    assert_eq!(line.pointer("/orders").unwrap().as_f64(), Some(1.0));
    assert_eq!(line.pointer("").unwrap().as_object(), Some(line.object()));
    let broken = broken(records.check("{\"orders\":1}\n"));
    assert_eq!(broken, [LineRule::Timestamp, LineRule::Level]);
}

#[test]
fn every_violation_is_listed_with_its_line_and_path() {
    let output = "{\"a\":{\"b\":1,\"b\":2},\"a\":1}\nnope\n\n{}";
    let violations = LineCheck::new().check(output).unwrap_err();
    let listed: Vec<_> = violations
        .iter()
        .map(|violation| (violation.line(), violation.path(), violation.rule()))
        .collect();
    assert_eq!(
        listed,
        [
            (1, "/a/b", LineRule::DuplicateKey),
            (1, "/a", LineRule::DuplicateKey),
            (2, "", LineRule::NotJson),
            (3, "", LineRule::EmptyLine),
            (4, "", LineRule::NoNewline),
        ]
    );
}

#[test]
#[should_panic(expected = "line 2: {\"a\":1,\"a\":2}")]
fn a_failed_assertion_shows_the_line() {
    LineCheck::new().assert("{}\n{\"a\":1,\"a\":2}\n");
}

#[test]
fn lines_are_found_by_key_and_by_message() {
    let lines = lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines.with("level", "ERROR").len(), 1);
    let line = lines.message("hello");
    assert_eq!(line.number(), 1);
    assert_eq!(line.pointer("/order/id").unwrap().as_f64(), Some(7.0));
    line.assert_value("order", serde_json::json!({"id": 7}));
    let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_500);
    assert_eq!(line.timestamp(), Some(time));
}

#[test]
#[should_panic(expected = "0 lines have the message")]
fn a_missing_message_fails_the_test() {
    let _ = lines().message("nobody said so");
}

#[test]
#[should_panic(expected = "2 lines, not one")]
fn only_fails_with_two_lines() {
    let _ = lines().only();
}

#[test]
fn keys_in_order_may_have_others_between() {
    let lines = lines();
    lines
        .message("hello")
        .assert_keys_in_order(&["level", "timestamp", "order"]);
}

#[test]
#[should_panic(expected = "no \"level\" in its place")]
fn keys_in_another_order_fail_the_test() {
    lines()
        .message("hello")
        .assert_keys_in_order(&["message", "level"]);
}

#[test]
#[should_panic(expected = "\"level\" is \"INFO\", not \"WARN\"")]
fn another_value_fails_the_test() {
    lines().message("hello").assert_value("level", "WARN");
}

#[test]
fn rules_have_ids_of_their_own() {
    let mut ids: Vec<_> = LineRule::ALL.iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), LineRule::ALL.len());
}
