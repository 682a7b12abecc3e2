//! One directive: a namespace, dimension sets and metrics.

use std::collections::HashSet;

use super::{
    dimensions::{self, Dimensions},
    extracted::{Metric, MetricKey},
    names,
    report::Report,
    rules::EmfRule,
    values,
};
use crate::check::{Json, Object, path};

/// What every directive of a line stands on.
pub(super) struct Line<'a> {
    pub(super) root: &'a Object,
    pub(super) timestamp: i64,
    pub(super) metrics: HashSet<&'a str>,
    pub(super) dimensions: HashSet<&'a str>,
    pub(super) values_and_counts: bool,
}

/// The names of the metrics of a directive, as far as they can be read.
pub(super) fn metric_names(directive: &Json) -> impl Iterator<Item = &str> {
    let metrics = directive.pointer("/Metrics").and_then(Json::as_array);
    let metrics = metrics.unwrap_or_default().iter();
    metrics.filter_map(|metric| metric.as_object()?.text("Name"))
}

/// The names in the dimension sets of a directive, as far as they can be read.
pub(super) fn dimension_names(directive: &Json) -> impl Iterator<Item = &str> {
    let sets = directive.pointer("/Dimensions").and_then(Json::as_array);
    let sets = sets.unwrap_or_default().iter().filter_map(Json::as_array);
    sets.flatten().filter_map(Json::as_text)
}

/// Checks a directive and gives what can be read from it.
pub(super) fn check(
    directive: &Json,
    at: &str,
    line: &Line<'_>,
    report: &mut Report,
) -> Vec<Metric> {
    let Some(members) = directive.as_object() else {
        report.add(EmfRule::Directive, at, &directive.to_string());
        return Vec::new();
    };
    let namespace = namespace(members, &path::step(at, "Namespace"), report);
    let sets = dimensions::check(
        members.get("Dimensions"),
        &path::step(at, "Dimensions"),
        line.root,
        &line.metrics,
        report,
    );
    let at = path::step(at, "Metrics");
    let Some(metrics) = members.get("Metrics").and_then(Json::as_array) else {
        report.wrong(EmfRule::Metrics, &at, members.get("Metrics"));
        return Vec::new();
    };
    if metrics.len() > 100 {
        report.add(
            EmfRule::MetricsSize,
            &at,
            &format!("{} metrics", metrics.len()),
        );
    }
    let mut seen = HashSet::new();
    let mut read = Vec::new();
    for (position, metric) in metrics.iter().enumerate() {
        let at = path::item(&at, position);
        let Some(metric) = definition(metric, &at, line, report) else {
            continue;
        };
        if !seen.insert(metric.name.clone()) {
            report.add(EmfRule::MetricRepeated, &at, &metric.name);
        }
        read.extend(
            sets.iter()
                .map(|set| metric.with(namespace, set, line.timestamp)),
        );
    }
    read
}

fn namespace<'a>(members: &'a Object, at: &str, report: &mut Report) -> &'a str {
    let Some(text) = members.text("Namespace") else {
        report.wrong(EmfRule::Namespace, at, members.get("Namespace"));
        return "";
    };
    report.length(EmfRule::NamespaceLength, at, text, 255);
    if !text.is_empty() && !names::namespace_characters(text) {
        report.add(EmfRule::NamespaceCharacters, at, text);
    }
    if text.starts_with("AWS/") {
        report.add(EmfRule::NamespaceReserved, at, text);
    }
    text
}

/// One metric of a directive with its values.
struct Definition {
    name: String,
    unit: String,
    resolution: u32,
    values: values::Values,
}

impl Definition {
    fn with(&self, namespace: &str, dimensions: &Dimensions, timestamp: i64) -> Metric {
        let key = MetricKey::new(namespace, dimensions.clone(), &self.name)
            .with_unit(&self.unit)
            .with_resolution(self.resolution)
            .with_timestamp(timestamp);
        Metric::new(key, self.values.clone())
    }
}

fn definition(metric: &Json, at: &str, line: &Line<'_>, report: &mut Report) -> Option<Definition> {
    let members = metric.as_object();
    let Some((members, name)) = members.and_then(|all| Some((all, all.text("Name")?))) else {
        report.add(EmfRule::Metric, at, &metric.to_string());
        return None;
    };
    let name_at = path::step(at, "Name");
    report.length(EmfRule::MetricNameLength, &name_at, name, 255);
    if !name.is_empty() && (name.trim().is_empty() || name.contains(char::is_control)) {
        report.add(EmfRule::MetricNameCharacters, &name_at, name);
    }
    let unit = unit(members.get("Unit"), &path::step(at, "Unit"), report);
    let at = path::step(at, "StorageResolution");
    let resolution = resolution(members.get("StorageResolution"), &at, report);
    // A name that is a dimension as well is reported there; its value cannot be right.
    let values = if line.dimensions.contains(name) {
        None
    } else {
        values::check(name, line.root, line.values_and_counts, report)
    };
    Some(Definition {
        name: name.to_owned(),
        unit: unit.to_owned(),
        resolution,
        values: values.unwrap_or_default(),
    })
}

fn unit<'a>(unit: Option<&'a Json>, at: &str, report: &mut Report) -> &'a str {
    let Some(unit) = unit else { return "None" };
    let known = unit.as_text().filter(|unit| names::UNITS.contains(unit));
    known.unwrap_or_else(|| {
        report.add(EmfRule::Unit, at, &unit.to_string());
        "None"
    })
}

fn resolution(resolution: Option<&Json>, at: &str, report: &mut Report) -> u32 {
    let Some(resolution) = resolution else {
        return 60;
    };
    match resolution
        .as_number()
        .and_then(crate::check::Number::as_i64)
    {
        Some(1) => 1,
        Some(60) => 60,
        _ => {
            report.add(EmfRule::Resolution, at, &resolution.to_string());
            60
        }
    }
}
