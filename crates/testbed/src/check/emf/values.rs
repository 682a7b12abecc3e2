//! The numbers of a metric.

use super::{report::Report, rules::EmfRule};
use crate::check::{Json, Object, path};

/// 2^360, the largest number that CloudWatch takes.
const LARGEST: f64 = 2.348_542_582_773_833_2e108;

/// A number and how often it was seen.
pub(super) type Values = Vec<(f64, u64)>;

/// The numbers of the root member `name`, if all can be read.
pub(super) fn check(
    name: &str,
    root: &Object,
    values_and_counts: bool,
    report: &mut Report,
) -> Option<Values> {
    let at = path::step("", name);
    match root.get(name) {
        None => {
            report.wrong(EmfRule::ValueMissing, &at, None);
            None
        }
        Some(Json::Object(object)) if is_histogram(object) => {
            if values_and_counts {
                return histogram(object, &at, report);
            }
            report.add(EmfRule::ValuesAndCounts, &at, &object.to_string());
            None
        }
        Some(Json::Array(items)) => numbers(items, &at, report).map(once_each),
        Some(value) => number(value, &at, report).map(|value| vec![(value, 1)]),
    }
}

fn is_histogram(object: &Object) -> bool {
    object.get("Values").is_some()
}

fn once_each(values: Vec<f64>) -> Values {
    values.into_iter().map(|value| (value, 1)).collect()
}

fn numbers(items: &[Json], at: &str, report: &mut Report) -> Option<Vec<f64>> {
    if items.is_empty() {
        report.add(EmfRule::ValueEmpty, at, "[]");
    }
    if items.len() > 100 {
        report.add(EmfRule::ValueCount, at, &format!("{} numbers", items.len()));
    }
    let numbered = items.iter().enumerate();
    // Every item is looked at, also after a bad one.
    let read: Vec<Option<f64>> = numbered
        .map(|(i, item)| number(item, &path::item(at, i), report))
        .collect();
    read.into_iter().collect()
}

fn number(value: &Json, at: &str, report: &mut Report) -> Option<f64> {
    let Some(number) = value.as_number() else {
        report.add(EmfRule::Value, at, &value.to_string());
        return None;
    };
    let value = number.as_f64();
    if value.abs() > LARGEST {
        report.add(EmfRule::ValueRange, at, number.as_written());
        return None;
    }
    Some(value)
}

fn histogram(object: &Object, at: &str, report: &mut Report) -> Option<Values> {
    let array = |key| object.get(key).and_then(Json::as_array);
    let (Some(values), Some(counts)) = (array("Values"), array("Counts")) else {
        report.add(EmfRule::Counts, at, &object.to_string());
        return None;
    };
    let values = numbers(values, &path::step(at, "Values"), report);
    let counts: Option<Vec<u64>> = counts.iter().map(count).collect();
    match (values, counts) {
        (Some(values), Some(counts)) if values.len() == counts.len() => {
            Some(values.into_iter().zip(counts).collect())
        }
        // The numbers themselves are already reported.
        (None, Some(_)) => None,
        _ => {
            report.add(EmfRule::Counts, at, &object.to_string());
            None
        }
    }
}

fn count(value: &Json) -> Option<u64> {
    let count = u64::try_from(value.as_number()?.as_i64()?).ok()?;
    (count > 0).then_some(count)
}
