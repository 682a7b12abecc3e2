//! The Embedded Metric Format.

use serde_json::{Value, json};
use testbed::check::emf::{EmfCheck, MetricKey, Samples, UNITS};

use crate::{
    assert_each_rule_is_broken_alone, broken,
    emf_cases::{directives, roots},
    emf_line::{DIMENSIONS, NAMESPACE, NOW, UNIT, check, good, with, with_dimension, with_metric},
    emf_value_cases::{dimensions, values},
};

#[test]
fn each_rule_refuses_a_line_that_breaks_it_alone() {
    let cases: Vec<_> = [roots(), directives(), dimensions(), values()].concat();
    assert_each_rule_is_broken_alone(&cases, &[]);
}

#[test]
fn what_is_good_passes() {
    let limit = json!(vec![2f64.powi(360); 100]);
    let cases = [
        ("the_good_line", with("/env", json!("p"))),
        ("no_dimension", with(DIMENSIONS, json!([[]]))),
        ("no_directive", with("/_aws/CloudWatchMetrics", json!([]))),
        (
            "the_longest_namespace",
            with(NAMESPACE, json!("n".repeat(255))),
        ),
        (
            "every_namespace_character",
            with(NAMESPACE, json!("aZ0 .-_/#:")),
        ),
        (
            "the_longest_dimension_name",
            with_dimension(&"n".repeat(250), "v"),
        ),
        (
            "the_longest_dimension_value",
            with("/env", json!("v".repeat(1024))),
        ),
        ("a_colon_first_in_a_value", with("/env", json!(":p"))),
        ("100_numbers_at_the_limit", with("/orders", limit)),
        ("a_negative_number", with("/orders", json!(-1.5))),
        (
            "a_metric_name_of_255_umlauts",
            with_metric(&json!({"Name": "ö".repeat(255)}), 1.into()),
        ),
        (
            "the_oldest_timestamp",
            with("/_aws/Timestamp", json!(NOW - 14 * 24 * 3_600_000)),
        ),
        (
            "the_last_timestamp",
            with("/_aws/Timestamp", json!(NOW + 2 * 3_600_000)),
        ),
        ("an_unknown_member", with("/booking", json!({"_aws": 1}))),
    ];
    for (name, rules) in cases {
        assert_eq!(rules, [], "{name}");
    }
    let line = good().to_string();
    let exact = EmfCheck::new().max_bytes(line.len());
    assert_eq!(broken(exact.check(&format!("{line}\n"))), []);
}

#[test]
fn the_27_documented_units_pass() {
    let mut documented: Vec<String> =
        ["Seconds", "Microseconds", "Milliseconds", "Percent", "None"]
            .map(str::to_owned)
            .to_vec();
    for size in ["", "Kilo", "Mega", "Giga", "Tera"] {
        for plain in ["Bytes", "Bits"] {
            let unit = format!("{size}{}", plain.to_lowercase());
            let unit = if size.is_empty() {
                plain.to_owned()
            } else {
                unit
            };
            documented.extend([format!("{unit}/Second"), unit]);
        }
    }
    documented.extend(["Count".to_owned(), "Count/Second".to_owned()]);
    assert_eq!(documented.len(), 27);
    for unit in &documented {
        assert_eq!(with(UNIT, json!(unit)), [], "{unit}");
        assert!(UNITS.contains(&unit.as_str()), "{unit}");
    }
}

#[test]
fn thirty_names_and_a_hundred_metrics_pass() {
    let mut line = good();
    let names: Vec<String> = (0..30).map(|i| format!("d{i}")).collect();
    let metrics: Vec<String> = (0..100).map(|i| format!("m{i}")).collect();
    line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([names]);
    let definitions = metrics.iter().map(|name| json!({"Name": name}));
    line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = definitions.collect();
    for name in &names {
        line[name] = "v".into();
    }
    for name in &metrics {
        line[name] = 1.into();
    }
    let emf = check().assert(&line.to_string());
    assert_eq!(emf.metrics().len(), 100);
    assert_eq!(emf.metrics()[0].key().dimensions().len(), 30);
}

#[test]
fn every_violation_of_a_line_is_listed() {
    let mut line = good();
    line["env"] = json!(1);
    line["orders"] = json!("x");
    *line.pointer_mut(UNIT).unwrap() = json!("count");
    let violations = check().check(&line.to_string()).unwrap_err();
    let mut paths: Vec<_> = violations
        .iter()
        .map(|violation| violation.path())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, [UNIT, "/env", "/orders"]);
}

#[test]
fn each_metric_is_extracted_once_for_each_dimension_set() {
    let emf = check().assert(&good().to_string());
    assert_eq!(emf.metrics().len(), 4);
    let key = MetricKey::new("app", [("service", "pay"), ("env", "p")], "lat");
    let key = key.with_unit("Milliseconds").with_resolution(1);
    let key = key.with_timestamp(1_700_000_000_500);
    let lat = emf.named("lat");
    assert_eq!(lat[1].key(), &key);
    assert_eq!(lat[1].values(), [(2.5, 1), (3.0, 1)]);
    assert_eq!(emf.named("orders")[0].key().resolution(), 60);
}

#[test]
fn several_directives_share_the_members_of_the_root() {
    let mut line = good();
    let mut second = line["_aws"]["CloudWatchMetrics"][0].clone();
    second["Namespace"] = json!("other");
    second["Dimensions"] = json!([[]]);
    line["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap()
        .push(second);
    let emf = check().assert(&line.to_string());
    let spaces: Vec<_> = emf
        .named("lat")
        .iter()
        .map(|m| m.key().namespace())
        .collect();
    assert_eq!(spaces, ["app", "app", "other"]);
}

#[test]
fn a_histogram_passes_where_it_is_allowed() {
    let mut line = good();
    line["orders"] = json!({"Values": [1, 2.5], "Counts": [3, 1]});
    let emf = check().values_and_counts(true).assert(&line.to_string());
    assert_eq!(emf.named("orders")[0].values(), [(1.0, 3), (2.5, 1)]);
}

#[test]
fn samples_compare_whatever_the_order_and_the_split() {
    let line = |orders: Value| {
        let mut line = good();
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!([{"Name": "orders"}]);
        line["orders"] = orders;
        check().assert(&line.to_string())
    };
    let one: Samples = [&line(json!([3, 1, 1]))].into_iter().collect();
    let split: Samples = [&line(json!(1)), &line(json!([1.0, 3]))]
        .into_iter()
        .collect();
    assert_eq!(one, split);
    assert_eq!(one.len(), 6);
    let lost: Samples = [&line(json!([1, 3]))].into_iter().collect();
    assert_ne!(one, lost);

    let mut expected = Samples::new();
    for set in [
        vec![("service", "pay")],
        vec![("env", "p"), ("service", "pay")],
    ] {
        let key = MetricKey::new("app", set, "orders").with_timestamp(1_700_000_000_500);
        for value in [1.0, 3.0, 1.0] {
            expected.add(key.clone(), value);
        }
        assert_eq!(one.values(&key), [(1.0, 2), (3.0, 1)]);
    }
    assert_eq!(one, expected);
}

#[test]
#[should_panic(expected = "dimension-value: 1")]
fn a_failed_assertion_names_the_rule() {
    let mut line = good();
    line["env"] = json!(1);
    check().assert(&line.to_string());
}
