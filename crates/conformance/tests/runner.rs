//! Arms that misbehave, and the ways in which answers are laid beside each other.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use conformance::{
    arm::{Arm, Refusal},
    case::Case,
    compare::{Comparison, Difference},
    deviation::Deviations,
    json::Json,
    runner::Runner,
};

/// Does what the input's `do` says; gives the input's `answer` back otherwise.
struct Puppet {
    in_order: bool,
    /// A case that hangs waits for what is never sent; the sender lives as long as the arm.
    never: Mutex<mpsc::Receiver<()>>,
    _sender: mpsc::Sender<()>,
}

impl Puppet {
    fn new(in_order: bool) -> Arc<Self> {
        let (sender, never) = mpsc::channel();
        let never = Mutex::new(never);
        Arc::new(Self {
            in_order,
            never,
            _sender: sender,
        })
    }
}

impl Arm for Puppet {
    fn utility(&self) -> &'static str {
        "puppet"
    }

    fn run(&self, input: &Json, note: &str) -> Result<Json, Refusal> {
        match input.get("do").and_then(Json::as_text) {
            Some("panic") => panic!("the arm fell over {note}"),
            Some("hang") => {
                let never = self.never.lock().unwrap();
                never.recv().unwrap();
                unreachable!("nothing is ever sent");
            }
            Some("lack") => Err(Refusal::NoCounterpart("this".to_owned())),
            Some(other) => Err(Refusal::Unknown(other.to_owned())),
            None => Ok(input.get("answer").cloned().unwrap_or(Json::Null)),
        }
    }

    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        let comparison = Comparison::default().in_order(self.in_order);
        comparison.differences(expected, got)
    }
}

/// Every case may be a deviation.
const ANY: &str = "[[deviation]]\nutility = 'puppet'\nid = '*'\nkind = 'quirk'\n\
                   reason = 'r'\nours = 'o'\n";

fn case(input: &str, expected: &str) -> String {
    format!(r#"{{"id":"p","utility":"puppet","note":"n","input":{input},"expected":{expected}}}"#)
}

/// The output, and whether it was a success.
fn run(arm: Arc<Puppet>, deviations: &str, lines: &[String]) -> (String, bool) {
    run_within(Duration::from_mins(1), arm, deviations, lines)
}

fn run_within(
    limit: Duration,
    arm: Arc<Puppet>,
    deviations: &str,
    lines: &[String],
) -> (String, bool) {
    let cases = Case::read_lines(lines.join("\n").as_bytes(), "p.jsonl").unwrap();
    let deviations = Deviations::parse(deviations, &["puppet"]).unwrap();
    let runner = Runner::new(vec![arm], deviations).limit(limit);
    let mut out = Vec::new();
    let summary = runner.run(cases, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), summary.is_success())
}

fn passes(in_order: bool, expected: &str, got: &str) -> bool {
    let line = case(&format!(r#"{{"answer":{got}}}"#), expected);
    run(Puppet::new(in_order), "", &[line]).1
}

#[test]
fn panic_is_the_failure_of_its_case_alone() {
    let lines = [
        case(r#"{"do":"panic"}"#, "1"),
        case(r#"{"answer":1}"#, "1"),
        case(r#"{"answer":1}"#, "2"),
    ];
    // The entry makes a deviation of the third, and of the panic it does not.
    let (out, success) = run(Puppet::new(false), ANY, &lines);
    assert!(!success);
    assert!(
        out.contains("got:      a panic: the arm fell over n\n"),
        "{out}"
    );
    assert!(
        out.ends_with(
            "puppet: 1 passed, 1 failed, 1 deviations\ntotal: 1 passed, 1 failed, 1 deviations\n"
        ),
        "{out}"
    );
}

#[test]
fn case_that_hangs_is_left_behind() {
    let lines = [case(r#"{"do":"hang"}"#, "1"), case(r#"{"answer":1}"#, "1")];
    let limit = Duration::from_secs(2);
    let (out, success) = run_within(limit, Puppet::new(false), ANY, &lines);
    assert!(!success);
    assert!(out.contains("got:      nothing within 2 s\n"), "{out}");
    assert!(
        out.ends_with("total: 1 passed, 1 failed, 0 deviations\n"),
        "{out}"
    );
}

#[test]
fn what_we_lack_may_be_a_deviation_and_what_nobody_knows_may_not() {
    let lines = [
        case(r#"{"do":"lack"}"#, "1"),
        case(r#"{"do":"dance"}"#, "1"),
    ];
    let (out, success) = run(Puppet::new(false), ANY, &lines);
    assert!(!success);
    assert!(out.contains("the arm does not know dance"), "{out}");
    assert!(
        out.ends_with("total: 0 passed, 1 failed, 1 deviations\n"),
        "{out}"
    );
    let (out, _) = run(Puppet::new(false), "", &lines[..1]);
    assert!(
        out.contains("got:      nothing, the crate has nothing for this\n"),
        "{out}"
    );
    assert!(
        out.ends_with("total: 0 passed, 1 failed, 0 deviations\n"),
        "{out}"
    );
}

#[test]
fn entry_is_not_stale_if_one_of_its_cases_differs() {
    let same = case(r#"{"answer":1}"#, "1");
    let other = case(r#"{"answer":1}"#, "2");
    let (out, success) = run(Puppet::new(false), ANY, &[same.clone(), other]);
    assert!(success, "{out}");
    let (out, success) = run(Puppet::new(false), ANY, &[same]);
    assert!(!success && out.starts_with("STALE deviation 1"), "{out}");
}

#[test]
fn only_the_named_places_may_differ() {
    let entry = |only: &str| format!("{ANY}only = ['{only}']\n");
    let line = case(r#"{"answer":{"a":1,"b":[1,2]}}"#, r#"{"a":2,"b":[1,3]}"#);
    let verdict =
        |deviations: &str| run(Puppet::new(false), deviations, std::slice::from_ref(&line));
    let (out, success) = verdict(&entry("a"));
    assert!(!success && out.contains("1 failed, 0 deviations"), "{out}");
    let (out, success) = verdict(&(entry("a") + &entry("b[*]")));
    assert!(success && out.contains("0 failed, 1 deviations"), "{out}");
    // An entry whose place is the same in every case is stale, even if others differ.
    let (out, success) = verdict(&(entry("a") + &entry("b[1]") + &entry("b[0]")));
    assert!(!success && out.starts_with("STALE deviation 3"), "{out}");
    let lack = [case(r#"{"do":"lack"}"#, "1")];
    let (out, success) = run(Puppet::new(false), &entry("a"), &lack);
    assert!(!success && out.contains("1 failed, 0 deviations"), "{out}");
}

#[test]
fn numbers_are_compared_by_value_and_to_the_last_digit() {
    assert!(passes(false, "[1, 100]", "[1.0, 1e2]"));
    let huge = "123456789012345678901234567890";
    assert!(passes(false, huge, huge));
    assert!(!passes(false, huge, "123456789012345678901234567891"));
    assert!(!passes(false, huge, "1.2345678901234568e29"));
    assert!(!passes(false, "9007199254740993", "9007199254740992"));
}

#[test]
fn special_values_are_compared_as_they_are_encoded() {
    let nan = r#"{"$float":"NaN"}"#;
    assert!(passes(false, nan, nan));
    assert!(!passes(false, nan, "null"));
    assert!(!passes(
        false,
        r#"{"$bytes":"AA=="}"#,
        r#"{"$bytes":"AQ=="}"#
    ));
}

#[test]
fn order_of_members_counts_where_the_arm_asks_for_it() {
    let (one, other) = (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#);
    assert!(passes(false, one, other));
    assert!(!passes(true, one, other));
    assert!(passes(true, one, one));
}

#[test]
fn deep_values_are_run_and_compared() {
    let deep = format!("{}7{}", "[".repeat(400), "]".repeat(400));
    assert!(passes(false, &deep, &deep));
    assert!(!passes(false, &deep, &deep.replace('7', "8")));
}

#[test]
fn long_values_are_cut_in_the_block() {
    let long = format!(r#""{}""#, "x".repeat(100_000));
    let (out, _) = run(Puppet::new(false), "", &[case(r#"{"answer":1}"#, &long)]);
    assert!(
        out.len() < 3_000 && out.contains("… (100002 bytes)"),
        "{}",
        out.len()
    );
}
