//! Documents that replace others, many documents, and several traces at once.

use serde_json::{Value, json};
use testbed::check::trace::{TraceCheck, TraceRule};

use crate::{
    trace_document::{PARENT, TRACE, segment},
    tree::{GIVEN, alone, chain, given, id, rules, texts},
};

fn in_progress(mut document: Value) -> Value {
    let members = document.as_object_mut().unwrap();
    members.remove("end_time");
    members.insert("in_progress".to_owned(), json!(true));
    document
}

fn with_nested(mut document: Value, nested: &Value) -> Value {
    document["subsegments"] = json!([nested]);
    document
}

fn inner() -> Value {
    json!({
        "name": "in", "id": id(1),
        "start_time": 1_700_000_000.1, "end_time": 1_700_000_000.2,
    })
}

fn shape(documents: &[Value]) -> String {
    let trace = TraceCheck::new().assert_trace(&texts(documents));
    let text = trace.to_string();
    text.replace(" {\"n\":1}", "")
        .replace(&format!("trace {TRACE}"), "")
}

#[test]
fn what_was_nested_in_progress_may_complete_alone() {
    let started = in_progress(with_nested(segment(), &in_progress(inner())));
    let alone = alone("in", 1, PARENT);
    let documents = [started.clone(), alone.clone()];
    assert_eq!(shape(&documents), "\n  pay @ home [in progress]\n    in");
    let documents = [started.clone(), alone.clone(), segment()];
    assert_eq!(shape(&documents), "\n  pay @ home\n    in");
    let still = with_nested(segment(), &in_progress(inner()));
    let documents = [started, still, alone];
    assert_eq!(shape(&documents), "\n  pay @ home\n    in");
}

#[test]
fn what_was_in_progress_alone_may_complete_nested() {
    let started = in_progress(alone("in", 1, PARENT));
    let complete = with_nested(segment(), &inner());
    assert_eq!(shape(&[started, complete]), "\n  pay @ home\n    in");
}

#[test]
fn a_complete_document_replaces_what_was_nested_in_the_one_in_progress() {
    let started = in_progress(with_nested(segment(), &inner()));
    let complete = with_nested(segment(), &inner());
    assert_eq!(
        shape(&[started.clone(), complete.clone()]),
        "\n  pay @ home\n    in"
    );
    assert_eq!(shape(&[started, segment()]), "\n  pay @ home");
    let twice = [alone("in", 1, PARENT), complete];
    assert_eq!(rules(&TraceCheck::new(), &twice), [TraceRule::IdTwice]);
}

#[test]
fn annotations_of_a_trace_are_counted_and_not_refused() {
    let documents: Vec<Value> = (1..=51).map(|number| alone("m", number, GIVEN)).collect();
    let trace = given().assert_trace(&texts(&documents));
    assert_eq!(trace.annotations(), 51);
}

#[test]
fn a_long_chain_is_a_violation_and_not_a_stack_overflow() {
    assert_eq!(given().assert_trace(&texts(&chain(128))).len(), 128);
    assert_eq!(rules(&given(), &chain(5000)), [TraceRule::TraceTooDeep]);
}

#[test]
fn ten_thousand_documents_are_read_in_time() {
    let documents: Vec<Value> = (1..=10_000)
        .map(|number| alone("m", number, GIVEN))
        .collect();
    let documents = texts(&documents);
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(given().assert_trace(&documents).len()));
    // By comparing each with each it took half a minute on an idle machine.
    let length = finished.recv_timeout(std::time::Duration::from_secs(25));
    assert_eq!(length, Ok(10_000));
}

#[test]
fn concurrent_invocations_make_a_trace_each() {
    let other = TRACE.replace('a', "b");
    let of_other = |mut document: Value| {
        document["trace_id"] = json!(other);
        document
    };
    let documents = [
        alone("a", 1, GIVEN),
        of_other(alone("b", 2, &id(9))),
        alone("c", 3, &id(1)),
    ];
    let check = given().parent(id(9));
    let traces = check.traces(&texts(&documents)).unwrap();
    assert_eq!(traces.len(), 2);
    traces[TRACE].assert_path(&["a", "c"]);
    traces[&other].assert_path(&["b"]);

    // A parent of the other trace is none, and the documents keep their numbers.
    let documents = [alone("a", 1, GIVEN), of_other(alone("b", 2, &id(1)))];
    let violations = given().traces(&texts(&documents)).unwrap_err();
    let listed: Vec<_> = violations.iter().map(|v| (v.line(), v.rule())).collect();
    assert_eq!(listed, [(2, TraceRule::Orphan)]);
}
