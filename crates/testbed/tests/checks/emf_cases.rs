//! Lines that break one rule of the root, of the metadata or of a directive.

use std::time::Duration;

use serde_json::json;
use testbed::check::emf::{EmfCheck, EmfRule};

use crate::{
    Case, broken,
    emf_line::{
        AWS, DIRECTIVE, METRICS, NAMESPACE, NOW, RESOLUTION, UNIT, check, good, with, with_metric,
        without,
    },
};

pub(crate) fn roots() -> Vec<Case<EmfRule>> {
    use EmfRule as R;
    let text = |text: &str| broken(check().check(text));
    let line = good().to_string();
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60).as_millis();
    let ahead = u128::from(NOW) + hours(2) + 1;
    let old = u128::from(NOW) - hours(14 * 24) - 1;
    let at = |time: u128| with("/_aws/Timestamp", json!(u64::try_from(time).unwrap()));
    let twice = line.replacen("\"env\":\"p\"", "\"env\":\"p\",\"env\":\"p\"", 1);
    let undated = |time: &str| {
        let line = line.replacen(&NOW.to_string(), time, 1);
        broken(EmfCheck::new().check(&line))
    };
    let long = EmfCheck::new().max_bytes(line.len() - 1);
    vec![
        ("one_byte_too_many", R::TooLong, broken(long.check(&line))),
        ("half_a_line", R::NotJson, text(&line[..line.len() - 1])),
        (
            "text_before_the_object",
            R::NotJson,
            text(&format!("INFO {line}")),
        ),
        (
            "text_after_the_object",
            R::NotJson,
            text(&format!("{line}x")),
        ),
        (
            "a_space_before_the_object",
            R::Surrounded,
            text(&format!(" {line}")),
        ),
        (
            "a_second_newline",
            R::ControlCharacter,
            text(&format!("{line}\n\n")),
        ),
        (
            "a_newline_inside_the_object",
            R::ControlCharacter,
            text(&line.replacen(',', ",\n", 1)),
        ),
        (
            "a_tab_inside_the_object",
            R::ControlCharacter,
            text(&line.replacen(',', ",\t", 1)),
        ),
        (
            "an_array_as_root",
            R::RootObject,
            text(&format!("[{line}]")),
        ),
        ("a_key_twice", R::DuplicateKey, text(&twice)),
        ("no_metadata", R::Aws, without("", "_aws")),
        ("metadata_as_text", R::Aws, with(AWS, json!("x"))),
        ("no_timestamp", R::Timestamp, without(AWS, "Timestamp")),
        (
            "a_timestamp_as_text",
            R::Timestamp,
            with("/_aws/Timestamp", json!(NOW.to_string())),
        ),
        (
            "a_timestamp_as_float",
            R::Timestamp,
            with("/_aws/Timestamp", json!(1.7e12)),
        ),
        (
            "a_timestamp_in_seconds",
            R::TimestampWindow,
            at(u128::from(NOW) / 1000),
        ),
        ("a_timestamp_too_far_ahead", R::TimestampWindow, at(ahead)),
        ("a_timestamp_too_old", R::TimestampWindow, at(old)),
        (
            "a_timestamp_in_seconds_without_a_clock",
            R::EpochMilliseconds,
            undated("1700000000"),
        ),
        (
            "a_timestamp_in_microseconds_without_a_clock",
            R::EpochMilliseconds,
            undated("1700000000500000"),
        ),
        (
            "a_negative_timestamp_without_a_clock",
            R::EpochMilliseconds,
            undated("-1"),
        ),
        (
            "no_directives",
            R::Directives,
            without(AWS, "CloudWatchMetrics"),
        ),
        (
            "directives_as_object",
            R::Directives,
            with("/_aws/CloudWatchMetrics", json!({})),
        ),
        (
            "a_directive_as_text",
            R::Directive,
            with(DIRECTIVE, json!("x")),
        ),
    ]
}

pub(crate) fn directives() -> Vec<Case<EmfRule>> {
    use EmfRule as R;
    let names: Vec<String> = (0..101).map(|i| format!("m{i}")).collect();
    let mut many = good();
    let metrics = names.iter().map(|name| json!({"Name": name}));
    *many.pointer_mut(METRICS).unwrap() = metrics.collect();
    for name in &names {
        many[name] = json!(1);
    }
    let many = broken(check().check(&many.to_string()));
    let mut repeated = good();
    let metric = json!({"Name": "orders", "Unit": "Seconds"});
    repeated
        .pointer_mut(METRICS)
        .unwrap()
        .as_array_mut()
        .unwrap()
        .push(metric);
    let repeated = broken(check().check(&repeated.to_string()));
    let mut in_two = good();
    let metric = json!({
        "Namespace": "app", "Dimensions": [["env", "service"]], "Metrics": [{"Name": "orders"}],
    });
    in_two["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap()
        .push(metric);
    let in_two = broken(check().check(&in_two.to_string()));
    vec![
        (
            "no_namespace",
            R::Namespace,
            without(DIRECTIVE, "Namespace"),
        ),
        (
            "a_namespace_as_number",
            R::Namespace,
            with(NAMESPACE, json!(1)),
        ),
        (
            "an_empty_namespace",
            R::NamespaceLength,
            with(NAMESPACE, json!("")),
        ),
        (
            "a_long_namespace",
            R::NamespaceLength,
            with(NAMESPACE, json!("n".repeat(256))),
        ),
        (
            "an_umlaut",
            R::NamespaceCharacters,
            with(NAMESPACE, json!("größe")),
        ),
        (
            "a_blank_namespace",
            R::NamespaceCharacters,
            with(NAMESPACE, json!("  ")),
        ),
        (
            "a_colon_first",
            R::NamespaceCharacters,
            with(NAMESPACE, json!(":app")),
        ),
        (
            "a_plus",
            R::NamespaceCharacters,
            with(NAMESPACE, json!("a+b")),
        ),
        (
            "the_namespace_of_aws",
            R::NamespaceReserved,
            with(NAMESPACE, json!("AWS/Lambda")),
        ),
        ("no_metrics", R::Metrics, without(DIRECTIVE, "Metrics")),
        ("metrics_as_object", R::Metrics, with(METRICS, json!({}))),
        ("a_hundred_and_one_metrics", R::MetricsSize, many),
        (
            "a_metric_as_text",
            R::Metric,
            with(METRICS, json!(["orders"])),
        ),
        (
            "a_metric_without_name",
            R::Metric,
            with(METRICS, json!([{"Unit": "Count"}])),
        ),
        (
            "an_empty_metric_name",
            R::MetricNameLength,
            with_metric(&json!({"Name": ""}), 1.into()),
        ),
        (
            "a_long_metric_name",
            R::MetricNameLength,
            with_metric(&json!({"Name": "n".repeat(256)}), 1.into()),
        ),
        (
            "a_blank_metric_name",
            R::MetricNameCharacters,
            with_metric(&json!({"Name": " "}), 1.into()),
        ),
        (
            "a_metric_name_with_a_control_character",
            R::MetricNameCharacters,
            with_metric(&json!({"Name": "a\u{0}"}), 1.into()),
        ),
        ("a_metric_twice", R::MetricRepeated, repeated),
        ("a_metric_in_two_directives", R::MetricRepeated, in_two),
        (
            "a_unit_in_small_letters",
            R::Unit,
            with(UNIT, json!("count")),
        ),
        (
            "a_unit_of_an_enum",
            R::Unit,
            with(UNIT, json!("CountPerSecond")),
        ),
        ("a_unit_as_null", R::Unit, with(UNIT, json!(null))),
        (
            "a_resolution_of_30",
            R::Resolution,
            with(RESOLUTION, json!(30)),
        ),
        (
            "a_resolution_as_text",
            R::Resolution,
            with(RESOLUTION, json!("1")),
        ),
    ]
}
