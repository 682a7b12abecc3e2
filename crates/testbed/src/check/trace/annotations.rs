//! Annotations and metadata.

use super::{members::Report, rules::TraceRule};
use crate::check::{Json, Object, path};

/// How many annotations of a trace are indexed.
pub(super) const MOST: usize = 50;

/// Checks both blocks and gives the number of annotations.
pub(super) fn check(object: &Object, at: &str, report: &mut Report) -> usize {
    if let Some(metadata) = object.get("metadata") {
        self::metadata(metadata, &path::step(at, "metadata"), report);
    }
    let annotations = object.get("annotations").and_then(Json::as_object);
    let Some(annotations) = annotations else {
        return 0;
    };
    let at = path::step(at, "annotations");
    for (key, value) in annotations.iter() {
        annotation(key, value, &path::step(&at, key), report);
    }
    annotations.len()
}

fn annotation(key: &str, value: &Json, at: &str, report: &mut Report) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !(1..=500).contains(&key.len()) || !key.bytes().all(allowed) {
        report.add(TraceRule::AnnotationKey, at, key);
    }
    match value {
        Json::Text(text) => {
            let length = text.chars().count();
            if length > 1000 {
                report.add(
                    TraceRule::AnnotationLength,
                    at,
                    &format!("{length} characters"),
                );
            }
        }
        Json::Number(_) | Json::Bool(_) => {}
        _ => report.add(TraceRule::AnnotationValue, at, &value.to_string()),
    }
}

fn metadata(metadata: &Json, at: &str, report: &mut Report) {
    let Some(namespaces) = metadata.as_object() else {
        return report.add(TraceRule::Metadata, at, &metadata.to_string());
    };
    for (namespace, value) in namespaces.iter() {
        let at = path::step(at, namespace);
        if value.as_object().is_none() {
            report.add(TraceRule::Metadata, &at, &value.to_string());
        }
        if namespace.starts_with("AWS.") {
            report.add(TraceRule::MetadataReserved, &at, namespace);
        }
    }
}
