//! The dimension sets of a directive.

use std::collections::HashSet;

use super::{names, report::Report, rules::EmfRule};
use crate::check::{Json, Object, path};

/// Names and values of one set, sorted by name.
pub(super) type Dimensions = Vec<(String, String)>;

/// Checks `Dimensions` and gives the sets whose values can be read.
///
/// `metrics` are the names of all metrics of the line.
pub(super) fn check(
    sets: Option<&Json>,
    at: &str,
    root: &Object,
    metrics: &HashSet<&str>,
    report: &mut Report,
) -> Vec<Dimensions> {
    let Some([first, rest @ ..]) = sets.and_then(Json::as_array) else {
        report.wrong(EmfRule::Dimensions, at, sets);
        return Vec::new();
    };
    let mut seen: HashSet<Vec<String>> = HashSet::new();
    let mut read = Vec::new();
    for (position, set) in [first].into_iter().chain(rest).enumerate() {
        let at = path::item(at, position);
        let Some(names) = names_of(set) else {
            report.add(EmfRule::DimensionSet, &at, &set.to_string());
            continue;
        };
        if names.len() > 30 {
            report.add(
                EmfRule::DimensionSetSize,
                &at,
                &format!("{} names", names.len()),
            );
        }
        let mut sorted: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            report.add(EmfRule::DimensionRepeated, &at, &set.to_string());
        }
        if !seen.insert(sorted) {
            report.add(EmfRule::DimensionSetRepeated, &at, &set.to_string());
        }
        let mut values = Dimensions::new();
        for (position, name) in names.into_iter().enumerate() {
            name_rules(name, &path::item(&at, position), report);
            if let Some(value) = value(name, root, metrics, report) {
                values.push((name.to_owned(), value.to_owned()));
            }
        }
        values.sort_unstable();
        read.push(values);
    }
    read
}

fn names_of(set: &Json) -> Option<Vec<&str>> {
    set.as_array()?.iter().map(Json::as_text).collect()
}

fn name_rules(name: &str, at: &str, report: &mut Report) {
    report.length(EmfRule::DimensionNameLength, at, name, 250);
    if !name.is_empty() && !names::dimension_name_characters(name) {
        report.add(EmfRule::DimensionNameCharacters, at, name);
    }
}

fn value<'a>(
    name: &str,
    root: &'a Object,
    metrics: &HashSet<&str>,
    report: &mut Report,
) -> Option<&'a str> {
    let at = path::step("", name);
    if metrics.contains(name) {
        report.add(EmfRule::MetricIsDimension, &at, name);
        return None;
    }
    let Some(value) = root.get(name) else {
        report.wrong(EmfRule::DimensionMissing, &at, None);
        return None;
    };
    let Some(text) = value.as_text() else {
        report.add(EmfRule::DimensionValue, &at, &value.to_string());
        return None;
    };
    report.length(EmfRule::DimensionValueLength, &at, text, 1024);
    if !text.is_empty() && !names::dimension_value_characters(text) {
        report.add(EmfRule::DimensionValueCharacters, &at, text);
    }
    Some(text)
}
