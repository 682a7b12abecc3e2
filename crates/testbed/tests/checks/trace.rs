//! X-Ray documents, each alone.

use serde_json::json;
use testbed::check::trace::{TraceCheck, TraceRule};

use crate::{
    assert_each_rule_is_broken_alone,
    trace_cases::{heads, members, times},
    trace_document::{ID, PARENT, annotations, on_segment, rules, segment, subsegment, with},
};

#[test]
fn each_rule_refuses_a_document_that_breaks_it_alone() {
    use TraceRule as R;
    let of_the_tree = [
        R::TraceIdsDiffer,
        R::IdTwice,
        R::Orphan,
        R::Circle,
        R::Root,
        R::TraceTooDeep,
    ];
    let cases: Vec<_> = [heads(), times(), members()].concat();
    assert_each_rule_is_broken_alone(&cases, &of_the_tree);
}

#[test]
fn what_is_good_passes() {
    let cases = [
        ("the_good_subsegment", rules(&subsegment())),
        ("the_good_segment", rules(&segment())),
        (
            "a_segment_with_a_parent",
            on_segment("parent_id", json!(ID)),
        ),
        (
            "letters_of_other_scripts",
            on_segment("name", json!("größe 注文_.:/%&#=+-@")),
        ),
        (
            "the_longest_segment_name",
            on_segment("name", json!("n".repeat(200))),
        ),
        ("50_annotations", with("", "annotations", annotations(50))),
        (
            "the_longest_annotation",
            with("/annotations", "a", json!("x".repeat(1000))),
        ),
        (
            "a_long_query",
            with("/sql", "sanitized_query", json!("x".repeat(5000))),
        ),
        (
            "capital_digits",
            with("", "parent_id", json!(PARENT.to_uppercase())),
        ),
        (
            "an_end_at_the_start",
            with("", "end_time", json!(1_700_000_000.1)),
        ),
        (
            "a_subsegment_name_of_generics",
            with("", "name", json!("## foo<T>")),
        ),
        (
            "a_member_of_aws_for_a_service",
            with("/aws", "bucket_name", json!("b")),
        ),
        ("what_x_ray_inferred", with("", "inferred", json!(true))),
        ("a_precursor", with("", "precursor_ids", json!([PARENT]))),
        (
            "a_named_parent",
            with("/subsegments/0", "parent_id", json!(ID)),
        ),
    ];
    for (name, rules) in cases {
        assert_eq!(rules, [], "{name}");
    }
}

#[test]
fn a_rule_holds_for_nested_subsegments_as_well() {
    let mut document = subsegment();
    let nested = &mut document["subsegments"][0];
    nested["http"] = json!({"response": {"status": "200"}});
    nested["annotations"] = json!({"a-b": 1});
    let violations = TraceCheck::new()
        .document(&document.to_string())
        .unwrap_err();
    let mut paths: Vec<_> = violations
        .iter()
        .map(|violation| violation.path())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "/subsegments/0/annotations/a-b",
            "/subsegments/0/http/response/status"
        ]
    );
}

#[test]
fn annotations_of_nested_subsegments_count() {
    let mut document = subsegment();
    document["annotations"] = annotations(25);
    document["subsegments"][0]["annotations"] = annotations(26);
    assert_eq!(rules(&document), [TraceRule::AnnotationCount]);
}

#[test]
#[should_panic(expected = "line 1 /fault member-type: \"yes\"")]
fn a_failed_assertion_shows_rule_and_place() {
    let mut document = subsegment();
    document["fault"] = json!("yes");
    TraceCheck::new().assert_document(&document.to_string());
}
