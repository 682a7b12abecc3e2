//! Lines that break one rule of dimensions or of values.

use serde_json::{Value, json};
use testbed::check::emf::EmfRule;

use crate::{
    Case, broken,
    emf_line::{DIMENSIONS, DIRECTIVE, check, good, with, with_dimension, with_metric, without},
};

pub(crate) fn dimensions() -> Vec<Case<EmfRule>> {
    use EmfRule as R;
    let mut thirty_one = good();
    let names: Vec<String> = (0..31).map(|i| format!("d{i}")).collect();
    *thirty_one.pointer_mut(DIMENSIONS).unwrap() = json!([names]);
    for name in &names {
        thirty_one[name] = "v".into();
    }
    let sets = |sets: Value| with(DIMENSIONS, sets);
    let value = |value: Value| with("/env", value);
    vec![
        (
            "no_dimensions",
            R::Dimensions,
            without(DIRECTIVE, "Dimensions"),
        ),
        ("no_dimension_set", R::Dimensions, sets(json!([]))),
        (
            "dimensions_as_object",
            R::Dimensions,
            sets(json!({"service": "pay"})),
        ),
        (
            "a_flat_dimension_set",
            R::DimensionSet,
            sets(json!(["service"])),
        ),
        (
            "a_number_in_a_set",
            R::DimensionSet,
            sets(json!([["service", 1]])),
        ),
        (
            "31_names",
            R::DimensionSetSize,
            broken(check().check(&thirty_one.to_string())),
        ),
        (
            "a_name_twice",
            R::DimensionRepeated,
            sets(json!([["env", "env"]])),
        ),
        (
            "a_set_twice",
            R::DimensionSetRepeated,
            sets(json!([["env", "service"], ["service", "env"]])),
        ),
        (
            "an_empty_name",
            R::DimensionNameLength,
            with_dimension("", "v"),
        ),
        (
            "a_long_name",
            R::DimensionNameLength,
            with_dimension(&"n".repeat(251), "v"),
        ),
        (
            "a_name_not_in_ascii",
            R::DimensionNameCharacters,
            with_dimension("größe", "v"),
        ),
        (
            "a_blank_name",
            R::DimensionNameCharacters,
            with_dimension(" ", "v"),
        ),
        (
            "a_name_with_a_colon",
            R::DimensionNameCharacters,
            with_dimension(":env", "v"),
        ),
        (
            "a_control_character",
            R::DimensionNameCharacters,
            with_dimension("a\tb", "v"),
        ),
        (
            "no_member_for_a_name",
            R::DimensionMissing,
            without("", "env"),
        ),
        ("a_number_as_value", R::DimensionValue, value(json!(1))),
        ("a_truth_value", R::DimensionValue, value(json!(true))),
        ("null_as_value", R::DimensionValue, value(json!(null))),
        ("an_empty_value", R::DimensionValueLength, value(json!(""))),
        (
            "a_long_value",
            R::DimensionValueLength,
            value(json!("v".repeat(1025))),
        ),
        (
            "a_value_not_in_ascii",
            R::DimensionValueCharacters,
            value(json!("groß")),
        ),
        (
            "a_blank_value",
            R::DimensionValueCharacters,
            value(json!("  ")),
        ),
        (
            "a_newline_in_a_value",
            R::DimensionValueCharacters,
            value(json!("a\nb")),
        ),
        (
            "a_metric_as_dimension",
            R::MetricIsDimension,
            sets(json!([["orders"]])),
        ),
        (
            "a_text_as_metric_and_dimension",
            R::MetricIsDimension,
            with_metric(&json!({"Name": "env"}), "p".into()),
        ),
    ]
}

pub(crate) fn values() -> Vec<Case<EmfRule>> {
    use EmfRule as R;
    let value = |value: Value| with("/orders", value);
    let raw = |number: &str| {
        let line = good().to_string().replacen("\"orders\":1", number, 1);
        broken(check().check(&line))
    };
    let histogram = |value: Value| {
        let mut line = good();
        line["orders"] = value;
        broken(check().values_and_counts(true).check(&line.to_string()))
    };
    let nested = with_metric(&json!({"Name": "booking.id"}), json!(1));
    assert_eq!(nested, [], "a dot is a character like any other");
    let mut path = good();
    path["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!([{"Name": "booking.id"}]);
    vec![
        (
            "no_member_for_a_metric",
            R::ValueMissing,
            without("", "orders"),
        ),
        (
            "a_path_for_a_name",
            R::ValueMissing,
            broken(check().check(&path.to_string())),
        ),
        ("text_as_value", R::Value, value(json!("1"))),
        ("a_truth_value", R::Value, value(json!(true))),
        ("null_in_an_array", R::Value, value(json!([1, null]))),
        ("an_array_in_an_array", R::Value, value(json!([[1]]))),
        ("an_object_as_value", R::Value, value(json!({"value": 1}))),
        ("101_numbers", R::ValueCount, value(json!(vec![1; 101]))),
        ("no_number", R::ValueEmpty, value(json!([]))),
        (
            "more_than_2_to_the_360",
            R::ValueRange,
            raw("\"orders\":2.4e108"),
        ),
        (
            "less_than_minus_2_to_the_360",
            R::ValueRange,
            raw("\"orders\":[-2.4e108]"),
        ),
        (
            "more_than_any_float",
            R::ValueRange,
            raw("\"orders\":1e999"),
        ),
        (
            "a_histogram",
            R::ValuesAndCounts,
            value(json!({"Values": [1], "Counts": [1]})),
        ),
        (
            "fewer_counts",
            R::Counts,
            histogram(json!({"Values": [1, 2], "Counts": [1]})),
        ),
        (
            "a_count_of_0",
            R::Counts,
            histogram(json!({"Values": [1], "Counts": [0]})),
        ),
        (
            "half_a_count",
            R::Counts,
            histogram(json!({"Values": [1], "Counts": [0.5]})),
        ),
        ("no_counts", R::Counts, histogram(json!({"Values": [1]}))),
        (
            "text_among_values",
            R::Value,
            histogram(json!({"Values": ["1"], "Counts": [1]})),
        ),
    ]
}
