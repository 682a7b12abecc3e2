//! Documents that break one rule.

use serde_json::json;
use testbed::check::trace::{TraceCheck, TraceRule};

use crate::{
    Case, broken,
    trace_document::{
        ID, PARENT, TRACE, annotations, on_segment, rules, subsegment, with, without,
    },
};

pub(crate) fn heads() -> Vec<Case<TraceRule>> {
    use TraceRule as R;
    let text = |text: &str| broken(TraceCheck::new().document(text));
    let document = subsegment().to_string();
    let twice = document.replacen("\"fault\":true", "\"fault\":true,\"fault\":true", 1);
    let large = with("", "metadata", json!({"pay": {"big": "x".repeat(65_536)}}));
    let mut nested_id = subsegment();
    nested_id["subsegments"][0]["id"] = json!(ID);
    vec![
        (
            "half_a_document",
            R::NotJson,
            text(&document[..document.len() - 1]),
        ),
        ("an_array", R::NotAnObject, text("[]")),
        ("a_key_twice", R::DuplicateKey, text(&twice)),
        ("more_than_64_kb", R::TooLarge, large),
        ("no_name", R::Name, without("name")),
        ("a_name_as_number", R::Name, with("", "name", json!(1))),
        ("an_empty_name", R::NameLength, with("", "name", json!(""))),
        (
            "a_long_subsegment_name",
            R::NameLength,
            with("", "name", json!("n".repeat(251))),
        ),
        (
            "a_long_segment_name",
            R::NameLength,
            on_segment("name", json!("n".repeat(201))),
        ),
        (
            "a_segment_name_with_a_bracket",
            R::NameCharacters,
            on_segment("name", json!("f(x)")),
        ),
        (
            "a_segment_name_with_a_newline",
            R::NameCharacters,
            on_segment("name", json!("a\nb")),
        ),
        ("no_id", R::Id, without("id")),
        (
            "a_short_id",
            R::Id,
            with("", "id", json!("70de5b6f19ff9a0")),
        ),
        (
            "an_id_of_other_letters",
            R::Id,
            with("", "id", json!("70de5b6f19ff9a0g")),
        ),
        (
            "an_id_twice_in_a_document",
            R::IdRepeated,
            rules(&nested_id),
        ),
        ("no_trace_id", R::TraceId, without("trace_id")),
        (
            "a_w3c_trace_id",
            R::TraceId,
            with("", "trace_id", json!(TRACE.replace('-', ""))),
        ),
        (
            "version_2",
            R::TraceId,
            with("", "trace_id", json!(TRACE.replacen('1', "2", 1))),
        ),
        (
            "no_parent_of_a_subsegment",
            R::ParentId,
            without("parent_id"),
        ),
        (
            "a_short_parent",
            R::ParentId,
            with("", "parent_id", json!("1")),
        ),
        (
            "a_bad_parent_of_a_segment",
            R::ParentId,
            on_segment("parent_id", json!("1")),
        ),
        (
            "a_nested_subsegment_with_another_parent",
            R::NestedParent,
            with("/subsegments/0", "parent_id", json!(PARENT)),
        ),
        (
            "a_nested_subsegment_of_another_trace",
            R::NestedParent,
            with("/subsegments/0", "trace_id", json!(TRACE.replace('a', "b"))),
        ),
        ("another_type", R::Type, with("", "type", json!("segment"))),
    ]
}

pub(crate) fn times() -> Vec<Case<TraceRule>> {
    use TraceRule as R;
    vec![
        ("no_start", R::StartTime, without("start_time")),
        (
            "a_start_as_text",
            R::StartTime,
            with("", "start_time", json!("1700000000")),
        ),
        (
            "an_end_as_text",
            R::EndTime,
            with("", "end_time", json!("1700000000")),
        ),
        (
            "a_start_in_milliseconds",
            R::EpochSeconds,
            with("", "start_time", json!(1.7e12)),
        ),
        (
            "a_start_of_zero",
            R::EpochSeconds,
            with("", "start_time", json!(0)),
        ),
        (
            "an_end_before_the_start",
            R::EndBeforeStart,
            with("", "end_time", json!(1.6e9)),
        ),
        ("no_end", R::EndOrInProgress, without("end_time")),
        (
            "an_end_in_progress",
            R::EndOrInProgress,
            with("", "in_progress", json!(true)),
        ),
    ]
}

pub(crate) fn members() -> Vec<Case<TraceRule>> {
    use TraceRule as R;
    let long = || json!("x".repeat(251));
    let exception = "/cause/exceptions/0";
    let mut unnamed = subsegment();
    let removed = unnamed["cause"]["exceptions"][0]
        .as_object_mut()
        .unwrap()
        .remove("id");
    assert!(removed.is_some());
    vec![
        (
            "a_segment_with_sql",
            R::SubsegmentMember,
            on_segment("sql", json!({})),
        ),
        (
            "a_segment_with_a_namespace",
            R::SubsegmentMember,
            on_segment("namespace", json!("aws")),
        ),
        (
            "a_subsegment_with_an_origin",
            R::SegmentMember,
            with("", "origin", json!("AWS::Lambda")),
        ),
        (
            "a_subsegment_with_a_forwarded_address",
            R::SegmentMember,
            with("/http/request", "x_forwarded_for", json!(true)),
        ),
        (
            "a_segment_with_a_traced_request",
            R::SubsegmentMember,
            on_segment("http", json!({"request": {"traced": true}})),
        ),
        (
            "a_misspelt_member",
            R::UnknownMember,
            with("", "annotation", json!({})),
        ),
        (
            "a_misspelt_member_of_http",
            R::UnknownMember,
            with("/http", "requests", json!({})),
        ),
        (
            "a_misspelt_header",
            R::UnknownMember,
            with("/http/request", "uri", json!("x")),
        ),
        (
            "a_misspelt_frame",
            R::UnknownMember,
            with(&format!("{exception}/stack/0"), "l", 1.into()),
        ),
        (
            "a_fault_as_text",
            R::MemberType,
            with("", "fault", json!("true")),
        ),
        (
            "a_status_as_text",
            R::MemberType,
            with("/http/response", "status", json!("200")),
        ),
        (
            "annotations_as_array",
            R::MemberType,
            with("", "annotations", json!([])),
        ),
        (
            "a_nested_text",
            R::MemberType,
            with("", "subsegments", json!(["x"])),
        ),
        (
            "nested_as_object",
            R::MemberType,
            with("", "subsegments", json!({})),
        ),
        ("an_exception_without_id", R::MemberType, rules(&unnamed)),
        (
            "another_preparation",
            R::MemberType,
            with("/sql", "preparation", json!("none")),
        ),
        (
            "paths_of_numbers",
            R::MemberType,
            with("/cause", "paths", json!([1])),
        ),
        (
            "precursors_that_are_no_ids",
            R::MemberType,
            with("", "precursor_ids", json!(["x"])),
        ),
        (
            "half_a_truncated_frame",
            R::MemberType,
            with(exception, "truncated", json!(1.5)),
        ),
        (
            "half_a_line",
            R::MemberType,
            with(&format!("{exception}/stack/0"), "line", json!(1.5)),
        ),
        (
            "a_version_as_number",
            R::MemberType,
            on_segment("service", json!({"version": 5})),
        ),
        (
            "a_long_version",
            R::StringLength,
            on_segment("service", json!({"version": long()})),
        ),
        (
            "a_log_group_as_text",
            R::MemberType,
            with("/aws", "cloudwatch_logs", json!(["group"])),
        ),
        (
            "an_instrumentation_as_text",
            R::MemberType,
            with("/aws", "xray", json!({"auto_instrumentation": "yes"})),
        ),
        (
            "a_long_url",
            R::StringLength,
            with("/http/request", "url", long()),
        ),
        ("a_long_user", R::StringLength, on_segment("user", long())),
        (
            "a_long_table_name",
            R::StringLength,
            with("/aws", "table_name", long()),
        ),
        (
            "another_namespace",
            R::Namespace,
            with("", "namespace", json!("pay")),
        ),
        (
            "an_annotation_with_a_dash",
            R::AnnotationKey,
            with("/annotations", "a-b", json!(1)),
        ),
        (
            "an_empty_annotation_key",
            R::AnnotationKey,
            with("/annotations", "", json!(1)),
        ),
        (
            "a_long_key",
            R::AnnotationKey,
            with("/annotations", &"k".repeat(501), json!(1)),
        ),
        (
            "an_array_as_annotation",
            R::AnnotationValue,
            with("/annotations", "a", json!([1])),
        ),
        (
            "null_as_annotation",
            R::AnnotationValue,
            with("/annotations", "a", json!(null)),
        ),
        (
            "a_long_annotation",
            R::AnnotationLength,
            with("/annotations", "a", json!("x".repeat(1001))),
        ),
        (
            "51_annotations",
            R::AnnotationCount,
            with("", "annotations", annotations(51)),
        ),
        (
            "metadata_without_namespace",
            R::Metadata,
            with("", "metadata", json!({"a": 1})),
        ),
        (
            "metadata_as_array",
            R::Metadata,
            with("", "metadata", json!([])),
        ),
        (
            "metadata_of_aws",
            R::MetadataReserved,
            with("/metadata", "AWS.x", json!({})),
        ),
        (
            "a_cause_as_sentence",
            R::Cause,
            with("", "cause", json!("it broke")),
        ),
        ("a_cause_as_number", R::Cause, with("", "cause", json!(1))),
    ]
}
