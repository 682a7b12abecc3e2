//! For the lines of the metrics.

use super::shared::not_a_number;
use crate::json::{Json, where_same};

/// The clock of the vectors, which they write as 0.
const NOW_MS: u64 = 1_700_000_000_500;

/// The values of one metric as we write them: one value stands without its array.
#[must_use]
pub fn metric_value(values: &Json) -> &Json {
    match values.as_array() {
        Some([value]) => value,
        _ => values,
    }
}

/// The kinds of error that we have for a class of Python's. A class that is not in the list is
/// that of an error that a case raises itself, and keeps its name.
#[must_use]
pub fn metrics_error_kinds(class: &str) -> &'static [&'static str] {
    match class {
        "MetricNameError" => &["name"],
        "MetricUnitError" => &["unit"],
        "MetricValueError" => &["value"],
        "MetricResolutionError" => &["resolution"],
        // No namespace, no metric, too many dimensions, or a name that Datadog does not take.
        "SchemaValidationError" => &["namespace", "empty", "dimension_limit", "name"],
        // A switch with a word that is none.
        "ValueError" => &["environment"],
        // Metadata that is no JSON.
        "TypeError" => &["metadata"],
        _ => &[],
    }
}

/// What is compared of an expected line: the values of each metric as we write them.
#[must_use]
pub fn their_blob(blob: &Json) -> Json {
    let names = metric_names(blob);
    let change = |name: &str, value: &Json| match names.contains(&name) {
        true => metric_value(value).clone(),
        false => value.clone(),
    };
    match blob.as_object() {
        Some(object) => {
            let members = object.iter();
            Json::object(members.map(|(name, value)| (name, change(name, value))))
        }
        None => blob.clone(),
    }
}

/// What is compared of our line: the clock of the vectors is 0, so that 0 itself has a name.
#[must_use]
pub fn our_blob(theirs: &Json, ours: &Json) -> Json {
    let ours = where_same(theirs, ours, not_a_number);
    let Some(aws) = ours.get("_aws").and_then(Json::as_object) else {
        return ours;
    };
    let time = |value: &Json| match value.as_number().and_then(crate::json::Number::as_u64) {
        Some(NOW_MS) => Json::Number(0.into()),
        Some(0) => Json::text("1970-01-01T00:00:00.000Z"),
        _ => value.clone(),
    };
    let aws = Json::object(aws.iter().map(|(name, value)| match name {
        "Timestamp" => (name, time(value)),
        _ => (name, value.clone()),
    }));
    let members = ours
        .as_object()
        .into_iter()
        .flat_map(|object| object.iter());
    Json::object(members.map(|(name, value)| match name {
        "_aws" => (name, aws.clone()),
        _ => (name, value.clone()),
    }))
}

fn metric_names(blob: &Json) -> Vec<&str> {
    let directives = blob
        .get("_aws")
        .and_then(|aws| aws.get("CloudWatchMetrics"));
    let directives = directives.and_then(Json::as_array).unwrap_or_default();
    let metrics = directives
        .iter()
        .filter_map(|directive| directive.get("Metrics")?.as_array());
    let names = metrics
        .flatten()
        .filter_map(|metric| metric.get("Name")?.as_text());
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    fn blob(time: &str, value: &str) -> Json {
        json(&format!(
            r#"{{"_aws":{{"Timestamp":{time},"CloudWatchMetrics":[{{"Metrics":[{{"Name":"a"}}]}}]}},"a":{value},"list":[1]}}"#
        ))
    }

    #[test]
    fn single_value_stands_without_its_array() {
        for (theirs, ours) in [
            ("[1.0]", "1.0"),
            ("[1, 2]", "[1, 2]"),
            ("[]", "[]"),
            ("3", "3"),
        ] {
            let values = Json::parse(theirs).unwrap();
            assert_eq!(metric_value(&values).to_string(), ours);
        }
    }

    #[test]
    fn only_values_of_metrics_stand_without_their_array() {
        assert_eq!(their_blob(&blob("0", "[1.0]")), blob("0", "1"));
        assert_eq!(their_blob(&blob("0", "[1, 2]")), blob("0", "[1, 2]"));
        assert_eq!(their_blob(&Json::Null), Json::Null);
    }

    #[test]
    fn clock_of_the_vectors_is_0_and_0_is_the_epoch() {
        let ours = |time| our_blob(&Json::Null, &blob(time, "1"));
        assert_eq!(ours("1700000000500"), blob("0", "1"));
        assert_eq!(ours("123"), blob("123", "1"));
        assert_ne!(ours("0"), blob("0", "1"));
    }

    #[test]
    fn every_kind_of_a_class_is_a_code() {
        assert_eq!(metrics_error_kinds("MetricUnitError"), ["unit"]);
        assert!(metrics_error_kinds("SchemaValidationError").contains(&"empty"));
        assert!(metrics_error_kinds("KeyError").is_empty());
    }
}
