//! Traces of several documents.

use serde_json::{Value, json};
use testbed::check::trace::{Trace, TraceCheck, TraceRule};

use crate::{
    broken,
    trace_document::{TRACE, segment, subsegment},
};

pub(crate) const GIVEN: &str = "6226467e3f845502";

pub(crate) fn id(number: u32) -> String {
    format!("{number:016x}")
}

/// A subsegment sent alone.
pub(crate) fn alone(name: &str, number: u32, parent: &str) -> Value {
    json!({
        "name": name, "id": id(number), "type": "subsegment", "trace_id": TRACE,
        "parent_id": parent, "annotations": {"n": number},
        "start_time": 1_700_000_000 + number, "end_time": 1_700_100_000,
    })
}

pub(crate) fn texts(documents: &[Value]) -> Vec<String> {
    documents.iter().map(Value::to_string).collect()
}

pub(crate) fn given() -> TraceCheck {
    TraceCheck::new().parent(GIVEN)
}

pub(crate) fn rules(check: &TraceCheck, documents: &[Value]) -> Vec<TraceRule> {
    broken(check.trace(&texts(documents)))
}

/// Children first, as a tracer sends them.
fn trace() -> Trace {
    given().assert_trace(&texts(&[
        alone("c", 3, &id(1)),
        alone("b", 2, &id(1)),
        alone("a", 1, GIVEN),
        alone("d", 4, GIVEN),
    ]))
}

#[test]
fn documents_become_a_tree_whatever_their_order() {
    let trace = trace();
    assert_eq!(trace.trace_id(), TRACE);
    assert_eq!(trace.len(), 4);
    assert_eq!(
        trace.to_string(),
        format!(
            "trace {TRACE}\n  a {{\"n\":1}}\n    b {{\"n\":2}}\n    c {{\"n\":3}}\n  d {{\"n\":4}}"
        )
    );
    trace.assert_annotation(&["a", "c"], "n", 3);
    assert_eq!(trace.assert_path(&["a", "b"]).parent_id(), Some(&*id(1)));
}

#[test]
fn a_path_is_found_behind_a_sibling_of_the_same_name() {
    let trace = given().assert_trace(&texts(&[
        alone("a", 1, GIVEN),
        alone("a", 2, GIVEN),
        alone("b", 3, &id(2)),
    ]));
    assert_eq!(trace.assert_path(&["a", "b"]).id(), id(3));
}

#[test]
#[should_panic(expected = "no a > nobody in the trace")]
fn a_missing_path_fails_the_test() {
    trace().assert_path(&["a", "nobody"]);
}

#[test]
#[should_panic(expected = "annotation \"n\" of a is 1, not 2")]
fn another_annotation_fails_the_test() {
    trace().assert_annotation(&["a"], "n", 2);
}

#[test]
fn a_segment_is_the_root_of_its_subsegments() {
    let trace = TraceCheck::new().assert_trace(&texts(&[subsegment(), segment()]));
    let inner = trace.assert_path(&["pay @ home", "## handler", "inner"]);
    assert!(inner.is_in_progress());
    let handler = trace.assert_path(&["pay @ home", "## handler"]);
    assert!(handler.flag("fault") && !handler.flag("error"));
    let response = handler.metadata("pay", "response").unwrap();
    assert_eq!(*response, json!([1, null]));
}

#[test]
fn a_subsegment_may_hang_from_a_nested_one() {
    let trace = given().assert_trace(&texts(&[
        alone("deep", 1, "b0d3f94e7d9d9f7d"),
        subsegment(),
    ]));
    trace.assert_path(&["## handler", "inner", "deep"]);
}

#[test]
fn a_complete_document_takes_the_place_of_the_one_in_progress() {
    let mut started = alone("a", 1, GIVEN);
    let members = started.as_object_mut().unwrap();
    members.remove("end_time");
    members.insert("in_progress".to_owned(), json!(true));
    let lone = given().assert_trace(&texts(&[started.clone()]));
    assert!(lone.assert_path(&["a"]).is_in_progress());
    let complete = alone("a", 1, GIVEN);
    let trace = given().assert_trace(&texts(&[started.clone(), complete.clone()]));
    assert_eq!(trace.len(), 1);
    assert!(!trace.assert_path(&["a"]).is_in_progress());

    let twice = [TraceRule::IdTwice];
    assert_eq!(rules(&given(), &[started.clone(), started.clone()]), twice);
    assert_eq!(
        rules(&given(), &[complete.clone(), complete.clone()]),
        twice
    );
    assert_eq!(rules(&given(), &[complete, started]), twice);
}

/// Each hangs from the one before.
pub(crate) fn chain(levels: u32) -> Vec<Value> {
    let parent = |number| {
        if number == 1 {
            GIVEN.to_owned()
        } else {
            id(number - 1)
        }
    };
    let levels = 1..=levels;
    levels
        .map(|number| alone("m", number, &parent(number)))
        .collect()
}

#[test]
fn each_rule_of_the_tree_refuses_documents_that_break_it_alone() {
    use TraceRule as R;
    let mut foreign = alone("b", 2, &id(1));
    foreign["trace_id"] = json!(TRACE.replace('a', "b"));
    let a = || alone("a", 1, GIVEN);
    let mut second = segment();
    second["id"] = json!(id(9));
    let cases = [
        (
            "two_trace_ids",
            R::TraceIdsDiffer,
            rules(&given(), &[a(), foreign]),
        ),
        (
            "a_parent_that_never_came",
            R::Orphan,
            rules(&given(), &[a(), alone("b", 2, &id(7))]),
        ),
        (
            "a_parent_that_never_came_with_a_child",
            R::Orphan,
            rules(
                &given(),
                &[alone("c", 3, &id(2)), a(), alone("b", 2, &id(7))],
            ),
        ),
        (
            "its_own_parent",
            R::Circle,
            rules(&given(), &[a(), alone("b", 2, &id(2))]),
        ),
        (
            "two_roots",
            R::Root,
            rules(&TraceCheck::new(), &[segment(), second]),
        ),
        (
            "a_root_above_the_given_parent",
            R::Root,
            rules(&given(), &[segment()]),
        ),
        ("no_document", R::Root, rules(&given(), &[])),
        ("129_levels", R::TraceTooDeep, rules(&given(), &chain(129))),
    ];
    for (name, rule, broken) in cases {
        assert_eq!(broken, [rule], "{name}");
    }
    let each_other = [a(), alone("b", 2, &id(3)), alone("c", 3, &id(2))];
    assert_eq!(rules(&given(), &each_other), [R::Circle; 2]);
}

#[test]
fn a_subsegment_alone_has_no_root_without_its_given_parent() {
    let documents = [alone("a", 1, GIVEN)];
    assert_eq!(rules(&TraceCheck::new(), &documents), [TraceRule::Orphan]);
    assert_eq!(rules(&given(), &documents), []);
}

#[test]
fn a_bad_document_is_named_by_its_number() {
    let mut bad = alone("b", 2, &id(1));
    bad["id"] = json!("x");
    let violations = given()
        .trace(&texts(&[alone("a", 1, GIVEN), bad]))
        .unwrap_err();
    let listed: Vec<_> = violations
        .iter()
        .map(|found| (found.line(), found.path()))
        .collect();
    assert_eq!(listed, [(2, "/id")]);
}

/// As AWS's SDK for Python, 2.15.0, sends them.
#[test]
fn documents_of_an_official_sdk_pass() {
    let documents = [
        r###"{"id": "2e3ec39b04926953", "name": "inner", "start_time": 1795245786.6201987, "parent_id": "27e21b785312a8f0", "in_progress": false, "cause": {"working_directory": "/var/task", "exceptions": [{"id": "b9d571a26ef6244a", "message": "boom", "type": "ValueError", "remote": false, "stack": [{"path": "app.py", "line": 17, "label": "<module>"}]}]}, "trace_id": "1-6b0146da-4fd447d26c75e65892b9183e", "type": "subsegment", "namespace": "remote", "sql": {"sanitized_query": "select", "preparation": "call"}, "fault": true, "end_time": 1795245786.6202912}"###,
        r###"{"id": "27e21b785312a8f0", "name": "## handler", "start_time": 1795245786.6201704, "parent_id": "5d465beb1cdd7e22", "in_progress": false, "http": {"request": {"url": "http://x"}, "response": {"status": 429}}, "annotations": {"Cold": true}, "trace_id": "1-6b0146da-4fd447d26c75e65892b9183e", "type": "subsegment", "namespace": "local", "throttle": true, "error": true, "end_time": 1795245786.6203868}"###,
        r###"{"id": "5d465beb1cdd7e22", "name": "pay @ home", "start_time": 1795245786.6200986, "in_progress": false, "annotations": {"a": 1}, "metadata": {"ns": {"k": {"x": [null]}}}, "aws": {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}}, "trace_id": "1-6b0146da-4fd447d26c75e65892b9183e", "user": "u", "service": {"runtime": "CPython", "runtime_version": "3.11.7"}, "end_time": 1795245786.6204162}"###,
    ];
    let trace = TraceCheck::new().assert_trace(&documents);
    let inner = trace.assert_path(&["pay @ home", "## handler", "inner"]);
    assert!(inner.flag("fault"));
    trace.assert_annotation(&["pay @ home", "## handler"], "Cold", true);
}
