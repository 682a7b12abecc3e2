//! Arguments of a case as a user's program holds them. What the type of an argument excludes
//! counts as the error that a value of that type would give.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use powertools_metrics::{MetricValue, MetricsError, MetricsErrorKind, Resolution, Unit};

use crate::{
    arm::Refusal,
    arms::common::{
        fault::Fault,
        host::NOW_MS,
        members::{self, unknown},
        special,
    },
    json::Json,
};

/// A value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Bool(bool),
    Integer(i64),
    Float(f64),
}

impl MetricValue for Number {
    fn in_unit(self, unit: Unit) -> f64 {
        match self {
            Self::Bool(value) => value.in_unit(unit),
            Self::Integer(value) => value.in_unit(unit),
            Self::Float(value) => value.in_unit(unit),
        }
    }
}

/// What an error is called in the answer.
pub(super) fn failed(error: &MetricsError) -> Fault {
    refused(error.kind())
}

fn refused(kind: MetricsErrorKind) -> Fault {
    Fault::Failed(kind.code().to_owned())
}

/// The name of a metric.
pub(super) fn name(operation: &Json) -> Result<String, Fault> {
    let name = operation
        .get("name")
        .ok_or_else(|| unknown("a metric without `name`"))?;
    special::text(name).ok_or_else(|| refused(MetricsErrorKind::Name))
}

/// The value of a metric.
pub(super) fn number(value: &Json) -> Result<Number, Fault> {
    Ok(match value {
        Json::Bool(value) => Number::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Number::Integer(integer),
            None => Number::Float(number.as_f64()),
        },
        other => {
            let float = match special::kind(other) {
                Some("nan") => Some(f64::NAN),
                Some("inf") => Some(f64::INFINITY),
                Some("decimal") => special::display(other).and_then(|text| text.parse().ok()),
                _ => None,
            };
            Number::Float(float.ok_or_else(|| refused(MetricsErrorKind::Value))?)
        }
    })
}

/// The unit, which Datadog has none of.
pub(super) fn unit(operation: &Json, is_datadog: bool) -> Result<Unit, Fault> {
    match operation.get("unit") {
        None if is_datadog => Ok(Unit::None),
        None => Err(unknown("a metric without `unit`").into()),
        Some(Json::Text(text)) => text.parse().map_err(|error| failed(&error)),
        Some(_) => Err(refused(MetricsErrorKind::Unit)),
    }
}

/// The resolution, a minute unless the case says.
pub(super) fn resolution(operation: &Json) -> Result<Resolution, Fault> {
    let Some(given) = operation.get("resolution") else {
        return Ok(Resolution::Standard);
    };
    let seconds = given.as_number().and_then(crate::json::Number::as_u64);
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.ok_or_else(|| refused(MetricsErrorKind::Resolution))?;
    Resolution::try_from(seconds).map_err(|error| failed(&error))
}

/// A value as the text that a program would make of it.
pub(super) fn text(value: &Json) -> String {
    special::text(value)
        .or_else(|| special::display(value))
        .unwrap_or_else(|| value.to_string())
}

/// Names and values, as dimensions and tags.
pub(super) fn pairs(
    operation: &Json,
    name: &str,
) -> Result<Option<Vec<(String, String)>>, Refusal> {
    let fields = members::fields(operation, name)?.and_then(Json::as_object);
    let pairs = |object: &crate::json::Object| {
        let members = object.iter();
        members
            .map(|(name, value)| (name.to_owned(), text(value)))
            .collect()
    };
    Ok(fields.map(pairs))
}

/// As the methods take them.
pub(super) fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = pairs.iter();
    pairs
        .map(|pair| (pair.0.as_str(), pair.1.as_str()))
        .collect()
}

/// A time; nothing if the type of the argument excludes it.
pub(super) fn time(operation: &Json) -> Result<Option<SystemTime>, Refusal> {
    let integer = |name: &str| {
        let number = operation.get(name).and_then(Json::as_number);
        number.and_then(crate::json::Number::as_i64)
    };
    if operation.get("raw").is_some() {
        return Ok(None);
    }
    if let Some(text) = members::text(operation, "datetime")? {
        let read = instant(text).ok_or_else(|| unknown(format!("the time `{text}`")))?;
        return Ok(Some(read.into()));
    }
    let now = i64::try_from(NOW_MS).unwrap_or(i64::MAX);
    let millis = match (integer("ms"), integer("offset_ms")) {
        (Some(millis), None) => millis,
        (None, Some(offset)) => now + offset,
        _ => return Err(unknown("a time of this form")),
    };
    Ok(since_epoch(millis, Duration::from_millis))
}

/// Datadog's seconds.
pub(super) fn seconds(operation: &Json) -> Result<Option<SystemTime>, Refusal> {
    let Some(given) = members::given(operation, "timestamp") else {
        return Ok(None);
    };
    let seconds = given.as_number().and_then(crate::json::Number::as_i64);
    let seconds = seconds.ok_or_else(|| unknown("a `timestamp` that is no integer"))?;
    Ok(since_epoch(seconds, Duration::from_secs))
}

fn since_epoch(count: i64, unit: fn(u64) -> Duration) -> Option<SystemTime> {
    let length = unit(count.unsigned_abs());
    match count {
        0.. => SystemTime::UNIX_EPOCH.checked_add(length),
        _ => SystemTime::UNIX_EPOCH.checked_sub(length),
    }
}

/// One without a zone is in that of the process, UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let local = || {
        let local: DateTime = text.parse().ok()?;
        let zoned = local.to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    };
    text.parse().ok().or_else(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn what_a_type_excludes_is_the_error_of_that_type() {
        let code = |code: &str| Fault::Failed(code.to_owned());
        for value in ["null", "\"1\"", "[1]", r#"{"$":"object","str":"1"}"#] {
            assert_eq!(number(&json(value)), Err(code("value")), "{value}");
        }
        for given in ["\"1\"", "null", "30", "-1", "1.5"] {
            let operation = json(&format!(r#"{{"resolution":{given}}}"#));
            assert_eq!(resolution(&operation), Err(code("resolution")), "{given}");
        }
        for given in ["\"seconds\"", "null", "1"] {
            let operation = json(&format!(r#"{{"unit":{given}}}"#));
            assert_eq!(unit(&operation, true), Err(code("unit")), "{given}");
        }
        assert_eq!(name(&json(r#"{"name":1}"#)), Err(code("name")));
    }

    #[test]
    fn numbers_are_what_they_are_written_as() {
        for (text, expected) in [
            ("true", Number::Bool(true)),
            ("-3", Number::Integer(-3)),
            ("2.5", Number::Float(2.5)),
            ("1e21", Number::Float(1e21)),
            (r#"{"$":"decimal","value":"1.25"}"#, Number::Float(1.25)),
        ] {
            assert_eq!(number(&json(text)), Ok(expected), "{text}");
        }
        assert!(matches!(number(&json(r#"{"$":"nan"}"#)), Ok(Number::Float(f)) if f.is_nan()));
    }

    #[test]
    fn times_are_read_in_every_form() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        for (operation, expected) in [
            (r#"{"ms":5}"#, at(5)),
            (r#"{"offset_ms":-500}"#, at(1_700_000_000_000)),
            (r#"{"datetime":"1970-01-01T01:00:00.123+01:00"}"#, at(123)),
            (r#"{"datetime":"1970-01-01T00:00:01"}"#, at(1000)),
        ] {
            assert_eq!(time(&json(operation)), Ok(Some(expected)), "{operation}");
        }
        assert_eq!(time(&json(r#"{"raw":"x"}"#)), Ok(None));
        assert!(time(&json("{}")).is_err());
        let operation = json(r#"{"timestamp":123}"#);
        assert_eq!(seconds(&operation), Ok(Some(at(123_000))));
    }

    #[test]
    fn text_of_what_is_no_text_is_its_json() {
        for (value, expected) in [
            ("\"v\"", "v"),
            ("1.5", "1.5"),
            ("true", "true"),
            ("null", "null"),
            (r#"{"$":"repeat","char":"x","count":3}"#, "xxx"),
        ] {
            assert_eq!(text(&json(value)), expected);
        }
    }
}
