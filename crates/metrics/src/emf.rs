//! CloudWatch's Embedded Metric Format, straight into a buffer.

use std::ops::Range;

use crate::{Blob, DimensionSet, dimensions::SERVICE, series::Series, text::is_plain};

/// Up to here every float is an integer that prints as one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Brackets around the metrics, and the newline.
const FRAME: usize = 16;

/// Writes a blob as lines of at most `max` bytes, newline included: one, unless its names and
/// values are so many that they need more. Dimensions and metadata stand in each.
pub(crate) fn write(out: &mut Vec<u8>, blob: &Blob<'_>, namespace: &str, max: usize) {
    let series = blob.series;
    let start = out.len();
    let plain = blob.dimensions.pairs().are_plain();
    directive(out, blob, namespace, plain);
    let directive = start..out.len();
    if directive.len() + fixed_bytes(blob) + series.line_bytes() + FRAME <= max {
        metrics(out, series, 0..series.len());
        members(out, blob, plain);
        values(out, series, 0..series.len());
        debug_assert!(out.len() - start <= max, "a bound is too low");
        return;
    }
    let room = max.saturating_sub(directive.len() + fixed_bytes(blob) + FRAME);
    let mut from = 0;
    while from < series.len() {
        let line = if from > 0 { out.len() } else { start };
        if from > 0 {
            out.extend_from_within(directive.clone());
        }
        let to = fit(series, from, room);
        metrics(out, series, from..to);
        members(out, blob, plain);
        values(out, series, from..to);
        // One metric alone cannot be split.
        let alone = to == from + 1;
        debug_assert!(alone || out.len() - line <= max, "a bound is too low");
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
    let service = blob.service.map_or(0, |name| 2 * name.len() + 16);
    let metadata = blob.metadata.iter().map(|pairs| pairs.json_members());
    blob.dimensions.pairs().string_members() + service + metadata.sum::<usize>()
}

/// From the beginning to the list of metrics.
fn directive(out: &mut Vec<u8>, blob: &Blob<'_>, namespace: &str, plain: bool) {
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    integer(out, blob.millis);
    out.extend_from_slice(b",\"CloudWatchMetrics\":[{\"Namespace\":\"");
    // No character of a namespace needs an escape.
    out.extend_from_slice(namespace.as_bytes());
    out.extend_from_slice(b"\",\"Dimensions\":[");
    names(out, blob.main_set(), plain);
    if blob.dimensions.has_sets() {
        for set in blob.further_sets() {
            out.push(b',');
            names(out, set, plain);
        }
    }
    out.extend_from_slice(b"],\"Metrics\":[");
}

/// The names of a dimension set.
fn names(out: &mut Vec<u8>, set: DimensionSet<'_>, plain: bool) {
    out.push(b'[');
    for (index, (name, _)) in set.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match plain {
            true => quoted(out, name),
            false => string(out, name),
        }
    }
    out.push(b']');
}

fn metrics(out: &mut Vec<u8>, series: &Series, range: Range<usize>) {
    out.extend_from_slice(series.definitions(range).as_bytes());
    out.extend_from_slice(b"]}]}");
}

/// Dimensions and metadata. Those dimensions are plain that need no escape.
fn members(out: &mut Vec<u8>, blob: &Blob<'_>, plain: bool) {
    let dimensions = blob.dimensions.pairs();
    if plain {
        for (name, value) in dimensions.bytes() {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":\"");
            out.extend_from_slice(value);
            out.push(b'"');
        }
    } else {
        for (name, value) in dimensions.iter() {
            member(out, name);
            string(out, value);
        }
    }
    if let Some(service) = blob.service
        && dimensions.find(SERVICE).is_none()
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
        out.extend_from_slice(metric.quoted_name().as_bytes());
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

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[inline]
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
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
    if let Some(number) = thousandths(number) {
        return decimal(out, number);
    }
    #[expect(clippy::cast_possible_truncation, reason = "what is lost is compared")]
    let whole = number as i64;
    if whole as f64 == number && number.abs() < EXACT {
        return integer(out, whole);
    }
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
}

/// Of a number with up to three decimals and fifteen digits, as most are. No other decimal of
/// so few digits is the same float: there is no need to look for the shortest.
#[inline]
fn thousandths(number: f64) -> Option<u64> {
    const DIGITS: u64 = 1_000_000_000_000_000;
    #[expect(clippy::cast_possible_truncation, reason = "what is lost is compared")]
    let rounded = (number * 1000.0 + 0.5) as i64;
    let positive = u64::try_from(rounded).ok()?;
    (positive < DIGITS && positive as f64 / 1000.0 == number).then_some(positive)
}

#[inline]
fn decimal(out: &mut Vec<u8>, thousandths: u64) {
    match u8::try_from(thousandths / 1000) {
        // Most metrics count to one.
        Ok(digit @ 0..10) => out.push(b'0' + digit),
        _ => integer(out, thousandths / 1000),
    }
    let decimals = u16::try_from(thousandths % 1000).unwrap_or_default();
    if decimals == 0 {
        return;
    }
    let digits = [decimals / 100, decimals / 10 % 10, decimals % 10];
    #[expect(clippy::cast_possible_truncation, reason = "each is below ten")]
    let [tenths, hundredths, thousandths] = digits.map(|digit| b'0' + digit as u8);
    let text = [b'.', tenths, hundredths, thousandths];
    out.extend_from_slice(match digits {
        [_, 0, 0] => &text[..2],
        [_, _, 0] => &text[..3],
        _ => &text,
    });
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

    #[test]
    fn decimals_are_written_without_zeros_at_their_end() {
        for (value, expected) in [
            (0.001, "0.001"),
            (12.5, "12.5"),
            (0.05, "0.05"),
            (1.005, "1.005"),
            (-2.25, "-2.25"),
            (999_999_999_999.999, "999999999999.999"),
            (0.000_5, "0.0005"),
        ] {
            assert_eq!(written(value), expected);
        }
    }

    proptest! {
        #[test]
        fn decimals_are_written_as_by_a_search_for_the_shortest(
            number in any::<u32>(),
            divisor in prop::sample::select(vec![10.0, 100.0, 1e3, 1e4]),
        ) {
            let value = f64::from(number) / divisor;
            prop_assume!(value.fract() != 0.0);
            let mut buffer = zmij::Buffer::new();
            prop_assert_eq!(written(value), buffer.format_finite(value));
        }

        #[test]
        fn every_number_reads_back_as_itself(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            let text = written(value);
            prop_assert!(text.len() <= 25, "{}", text);
            prop_assert_eq!(text.parse::<f64>().unwrap(), value);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_number());
        }
    }
}
