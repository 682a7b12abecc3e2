//! What CloudWatch takes: the rules of `MetricDatum`, which values from EMF have to meet too.

use std::time::{Duration, SystemTime};

use crate::{MetricsError, MetricsErrorKind, text::is_plain};

/// Dimensions of one set, `service` among them: as in the other languages. CloudWatch itself
/// takes 30.
pub(crate) const MAX_DIMENSIONS: usize = 29;
/// Metrics of one line, and values of one metric.
pub(crate) const MAX_METRICS: usize = 100;

const MAX_METRIC_NAME: usize = 255;
const MAX_DIMENSION_NAME: usize = 250;
const MAX_DIMENSION_VALUE: usize = 1024;
const MAX_NAMESPACE: usize = 255;
const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const NEWEST: Duration = Duration::from_secs(2 * 60 * 60);
/// The member of the line that holds the directives.
const RESERVED: &str = "_aws";
/// 2^360.
const MAX_VALUE: f64 = f64::from_bits((1023 + 360) << 52);

/// The name of a metric, already without white space around it. True if JSON takes it as it
/// is.
#[inline]
pub(crate) fn metric_name(name: &str) -> Result<bool, MetricsError> {
    if is_plain(name) && !name.is_empty() && name.len() <= MAX_METRIC_NAME && name != RESERVED {
        return Ok(true);
    }
    odd_metric_name(name)
}

#[cold]
fn odd_metric_name(name: &str) -> Result<bool, MetricsError> {
    let fits = !name.is_empty()
        && (name.len() <= MAX_METRIC_NAME || name.chars().count() <= MAX_METRIC_NAME)
        && !name.chars().any(char::is_control)
        && name != RESERVED;
    match fits {
        true => Ok(!name.contains(['"', '\\'])),
        false => Err(MetricsError::named(MetricsErrorKind::Name, name)),
    }
}

#[inline]
pub(crate) fn value(name: &str, value: f64) -> Result<(), MetricsError> {
    // False for NaN as well.
    if value.abs() <= MAX_VALUE {
        return Ok(());
    }
    Err(MetricsError::named(MetricsErrorKind::Value, name))
}

/// Whether CloudWatch takes values of this time now.
pub(crate) fn is_in_time(at: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(at) {
        Ok(age) => age <= OLDEST,
        Err(ahead) => ahead.duration() <= NEWEST,
    }
}

pub(crate) fn dimension(name: &str, value: &str) -> Result<(), MetricsError> {
    let fits = is_dimension_text(name, MAX_DIMENSION_NAME)
        && !name.starts_with(':')
        && name != RESERVED
        && is_dimension_text(value, MAX_DIMENSION_VALUE);
    fits.then_some(())
        .ok_or_else(|| MetricsError::named(MetricsErrorKind::Dimension, name))
}

fn is_dimension_text(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= max
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && bytes.iter().any(|&byte| byte != b' ')
}

pub(crate) fn is_service(name: &str) -> bool {
    is_dimension_text(name, MAX_DIMENSION_VALUE)
}

pub(crate) fn is_namespace(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAMESPACE
        && bytes.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'#' | b':' | b' ')
        })
        && bytes.iter().any(|&byte| byte != b' ')
        && !name.starts_with(':')
        && !name.starts_with("AWS/")
}

pub(crate) fn metadata_key(key: &str) -> Result<(), MetricsError> {
    if key == RESERVED {
        return Err(MetricsError::named(MetricsErrorKind::Metadata, key));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_metrics() {
        let long = "x".repeat(255);
        for name in [
            "a",
            "Orders placed",
            "é",
            "a\"b\\c",
            &long,
            &"é".repeat(255),
        ] {
            assert_eq!(metric_name(name), Ok(!name.contains('"')), "{name}");
        }
        let too_long = format!("{long}x");
        for name in [
            "",
            "a\nb",
            "\u{7f}",
            "\u{85}",
            "_aws",
            &too_long,
            &"é".repeat(256),
        ] {
            assert!(metric_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn values() {
        for number in [0.0, -0.0, 1e100, MAX_VALUE, -MAX_VALUE, f64::MIN_POSITIVE] {
            assert_eq!(value("a", number), Ok(()), "{number}");
        }
        assert_eq!(MAX_VALUE, 2.0_f64.powi(360));
        for number in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            MAX_VALUE * 1.000_001,
            f64::MIN,
        ] {
            assert!(value("a", number).is_err(), "{number}");
        }
    }

    #[test]
    fn dimensions() {
        let long = "v".repeat(1024);
        for (name, text) in [
            ("a", "b"),
            (" a ", " b "),
            ("a:b", ":b"),
            (&long[..250], &long),
        ] {
            assert_eq!(dimension(name, text), Ok(()), "{name} {text}");
        }
        let too_long = format!("{long}v");
        for (name, text) in [
            ("", "b"),
            ("a", ""),
            ("  ", "b"),
            ("a", " "),
            (":a", "b"),
            ("é", "b"),
            ("a", "é"),
            ("a", "b\n"),
            ("a", "\u{7f}"),
            ("_aws", "b"),
            (&long[..251], "b"),
            ("a", &too_long),
        ] {
            assert!(dimension(name, text).is_err(), "{name} {text}");
        }
    }

    #[test]
    fn namespaces() {
        let long = "n".repeat(255);
        for name in ["app", "my app", "a.b-c_d/e#f:g", "AWS", &long] {
            assert!(is_namespace(name), "{name}");
        }
        for name in [
            "",
            " ",
            ":app",
            "AWS/Lambda",
            "é",
            "a\"b",
            &format!("{long}n"),
        ] {
            assert!(!is_namespace(name), "{name}");
        }
    }
}
