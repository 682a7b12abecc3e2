//! CloudWatch's Embedded Metric Format, straight into a buffer.

use std::ops::Range;

use crate::{
    Blob, Resolution,
    dimensions::SERVICE,
    series::{Metric, Series},
};

/// Up to here every float is an integer that prints as one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Brackets around the metrics, and the newline.
const FRAME: usize = 16;

/// Writes a blob as lines of at most `max` bytes, newline included: one, unless its names and
/// values are so many that they need more. Dimensions and metadata stand in each.
pub(crate) fn write(out: &mut Vec<u8>, blob: &Blob<'_>, namespace: &str, max: usize) {
    let series = blob.series;
    let start = out.len();
    directive(out, blob, namespace);
    let directive = start..out.len();
    if directive.len() + fixed_bytes(blob) + series.line_bytes() + FRAME <= max {
        metrics(out, series, 0..series.len());
        members(out, blob);
        values(out, series, 0..series.len());
        return;
    }
    let room = max.saturating_sub(directive.len() + fixed_bytes(blob) + FRAME);
    let mut from = 0;
    while from < series.len() {
        if from > 0 {
            out.extend_from_within(directive.clone());
        }
        let to = fit(series, from, room);
        metrics(out, series, from..to);
        members(out, blob);
        values(out, series, from..to);
        from = to;
    }
}

/// How far the metrics go that find room; at least one does.
fn fit(series: &Series, from: usize, room: usize) -> usize {
    let mut left = room.saturating_sub(series.get(from).line_bytes());
    let mut to = from + 1;
    while to < series.len() {
        let Some(rest) = left.checked_sub(series.get(to).line_bytes()) else {
            break;
        };
        left = rest;
        to += 1;
    }
    to
}

/// An upper bound of the members that are no metrics.
fn fixed_bytes(blob: &Blob<'_>) -> usize {
    let dimensions = blob.dimensions.pairs();
    let service = blob.service.map_or(0, |name| 2 * name.len() + 16);
    let metadata = blob.metadata.iter().flat_map(|pairs| pairs.iter());
    let metadata = metadata.map(|(name, json)| 6 * name.len() + json.len() + 4);
    2 * dimensions.bytes() + 6 * dimensions.len() + service + metadata.sum::<usize>()
}

/// From the beginning to the list of metrics.
fn directive(out: &mut Vec<u8>, blob: &Blob<'_>, namespace: &str) {
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    integer(out, blob.millis);
    out.extend_from_slice(b",\"CloudWatchMetrics\":[{\"Namespace\":\"");
    // No character of a namespace needs an escape.
    out.extend_from_slice(namespace.as_bytes());
    out.extend_from_slice(b"\",\"Dimensions\":[");
    for (index, set) in blob.dimension_sets().enumerate() {
        out.extend_from_slice(if index == 0 { b"[" } else { b",[" });
        for (index, (name, _)) in set.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            string(out, name);
        }
        out.push(b']');
    }
    out.extend_from_slice(b"],\"Metrics\":[");
}

fn metrics(out: &mut Vec<u8>, series: &Series, range: Range<usize>) {
    for index in range.clone() {
        let metric = series.get(index);
        let begin: &[u8] = if index == range.start {
            b"{\"Name\":"
        } else {
            b",{\"Name\":"
        };
        out.extend_from_slice(begin);
        name(out, metric);
        out.extend_from_slice(b",\"Unit\":\"");
        out.extend_from_slice(metric.unit().as_str().as_bytes());
        out.extend_from_slice(match metric.resolution() {
            Resolution::Standard => b"\"}",
            Resolution::High => b"\",\"StorageResolution\":1}",
        });
    }
    out.extend_from_slice(b"]}]}");
}

/// Dimensions and metadata.
fn members(out: &mut Vec<u8>, blob: &Blob<'_>) {
    for (name, value) in blob.dimensions.pairs().iter() {
        member(out, name);
        string(out, value);
    }
    if let Some(service) = blob.service
        && blob.dimensions.pairs().find(SERVICE).is_none()
    {
        out.extend_from_slice(b",\"service\":");
        string(out, service);
    }
    for (name, json) in blob.metadata() {
        member(out, name);
        out.extend_from_slice(json.as_bytes());
    }
}

fn values(out: &mut Vec<u8>, series: &Series, range: Range<usize>) {
    for index in range {
        let metric = series.get(index);
        out.push(b',');
        name(out, metric);
        out.push(b':');
        if metric.count() == 1 {
            number(out, metric.first());
            continue;
        }
        out.push(b'[');
        for (index, value) in metric.values().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            number(out, value);
        }
        out.push(b']');
    }
    out.extend_from_slice(b"}\n");
}

fn member(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    string(out, name);
    out.push(b':');
}

fn name(out: &mut Vec<u8>, metric: Metric<'_>) {
    match metric.is_clean() {
        true => quoted(out, metric.name()),
        false => string(out, metric.name()),
    }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    let clean = !text
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\');
    if clean {
        return quoted(out, text);
    }
    // A string into a vector: neither can fail.
    let _ = serde_json::to_writer(out, text);
}

pub(crate) fn integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The number must be finite.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, number: f64) {
    if number.trunc() == number && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 2^53")]
        let whole = number as i64;
        return integer(out, whole);
    }
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        number(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        for (value, expected) in [
            (1.0, "1"),
            (-3.0, "-3"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (2.5, "2.5"),
            (123_456_789_012_345.0, "123456789012345"),
            (9_007_199_254_740_991.0, "9007199254740991"),
        ] {
            assert_eq!(written(value), expected);
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back_as_itself(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            let text = written(value);
            prop_assert!(text.len() <= 25, "{}", text);
            prop_assert_eq!(text.parse::<f64>().unwrap(), value);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_number());
        }
    }
}
