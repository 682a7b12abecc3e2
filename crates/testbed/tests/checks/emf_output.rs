//! Lines of metrics among others, their size, and what is made of them.

use serde_json::{Value, json};
use testbed::check::{
    emf::{EmfCheck, EmfRule, MetricKey, Samples},
    lines::LineCheck,
};

use crate::{
    broken,
    emf_line::{check, good},
};

#[test]
fn lines_of_metrics_are_found_among_others_with_their_numbers() {
    let nested = json!({"message": "about _aws", "event": {"_aws": 1}});
    let output = format!("{{}}\n{}\nplain text\n{nested}\n{}\n", good(), good());
    let lines: Vec<usize> = check()
        .assert_lines(&output)
        .iter()
        .map(|emf| emf.line())
        .collect();
    assert_eq!(lines, [2, 5]);

    let half = good().to_string();
    let mut bad = good();
    bad["env"] = json!(1);
    let output = format!("{}\n\n{bad}\n{}\n", good(), &half[..half.len() - 1]);
    let violations = check().lines(&output).unwrap_err();
    let listed: Vec<_> = violations.iter().map(|v| (v.line(), v.rule())).collect();
    assert_eq!(
        listed,
        [(3, EmfRule::DimensionValue), (4, EmfRule::NotJson)]
    );
    let other_bytes = [b"{\"_aws\":\"".as_slice(), b"\xff\"}\n"].concat();
    assert_eq!(broken(check().lines(other_bytes)), [EmfRule::NotJson]);
}

#[test]
fn both_checks_count_the_size_of_a_line_alike() {
    let with_size = |size: usize| {
        let mut line = good();
        line["x"] = json!("");
        let missing = size - line.to_string().len();
        line["x"] = json!("x".repeat(missing));
        format!("{line}\n")
    };
    for (limit, emf, lines) in [
        (
            256 * 1024 - 26,
            EmfCheck::LAMBDA_BYTES,
            LineCheck::LAMBDA_BYTES,
        ),
        (
            1024 * 1024 - 26,
            EmfCheck::EVENT_BYTES,
            EmfCheck::EVENT_BYTES,
        ),
    ] {
        assert_eq!((emf, lines), (limit, limit));
        for size in [limit, limit + 1] {
            let line = with_size(size);
            for line in [line.as_str(), line.trim_end()] {
                let emf = check().max_bytes(limit).check(line).is_ok();
                assert_eq!(emf, size == limit, "{size}");
            }
            let lines = LineCheck::new().max_bytes(limit).check(&line).is_ok();
            assert_eq!(lines, size == limit, "{size}");
        }
    }
}

/// Two of the vectors that other implementations were recorded for are lines that CloudWatch's
/// public rules do not allow, so they cannot pass this check.
#[test]
fn two_recorded_lines_of_others_break_public_rules() {
    let directive = |namespace: &str, dimensions: Value| {
        let metrics = json!([{"Name": "orders", "Unit": "Count"}]);
        json!([{"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics}])
    };
    let time = 1_700_000_000_500_u64;
    let empty_namespace_over_env = json!({
        "_aws": {"Timestamp": time, "CloudWatchMetrics": directive("", json!([[]]))},
        "orders": [1.0],
    });
    let metric_collides_dimension = json!({
        "_aws": {
            "Timestamp": time,
            "CloudWatchMetrics": directive("app", json!([["orders", "service"]])),
        },
        "orders": [1.0], "service": "pay",
    });
    for (name, line, rule) in [
        (
            "metrics.empty_namespace_over_env",
            empty_namespace_over_env,
            EmfRule::NamespaceLength,
        ),
        (
            "metrics.metric_collides_dimension",
            metric_collides_dimension,
            EmfRule::MetricIsDimension,
        ),
    ] {
        assert_eq!(broken(check().check(&line.to_string())), [rule], "{name}");
    }
}

fn orders() -> MetricKey {
    MetricKey::new("app", [("service", "pay")], "orders")
}

fn samples(values: &[f64], time: i64) -> Samples {
    let mut samples = Samples::new();
    for value in values {
        samples.add(orders().with_timestamp(time), *value);
    }
    samples
}

#[test]
fn samples_of_a_real_clock_compare_without_their_times() {
    let mut line = good();
    line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([["service"]]);
    line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!([{"Name": "orders"}]);
    let lines = [1_700_000_000_500_u64, 1_700_000_000_501].map(|time| {
        line["_aws"]["Timestamp"] = json!(time);
        check().assert(&line.to_string())
    });
    let found: Samples = lines.iter().collect();
    assert_ne!(found, samples(&[1.0, 1.0], 0));
    found
        .ignoring_time()
        .assert_same_as(&samples(&[1.0, 1.0], 0));
}

#[test]
#[should_panic(
    expected = "missing:\n  1 x 2 None of orders in app [(\"service\", \"pay\")], 60 s, at 7\nnot expected:\n  2 x 3 None"
)]
fn a_failed_comparison_shows_what_is_missing_and_what_is_too_much() {
    samples(&[1.0, 3.0, 3.0], 7).assert_same_as(&samples(&[1.0, 2.0], 7));
}

#[test]
fn counts_near_the_largest_number_do_not_overflow() {
    let mut line = good();
    line["orders"] = json!({"Values": [1, 1, 1], "Counts": [i64::MAX, i64::MAX, i64::MAX]});
    let emf = check().values_and_counts(true).assert(&line.to_string());
    let samples: Samples = [&emf].into_iter().collect();
    assert_eq!(samples.len(), u64::MAX);
}
