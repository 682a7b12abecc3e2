//! What is recorded. Where Python raises, the method that tells is called; where it warns and
//! goes on, the one that never fails.

use powertools_metrics::{Metrics, MetricsError, MetricsErrorKind, MetricsScope, Resolution, Unit};

use super::given::{self, Number, failed};
use crate::{
    arm::Refusal,
    arms::common::{fault::Fault, members::unknown, special},
    json::Json,
};

pub(super) const METRIC: &[&str] = &["name", "unit", "value", "resolution", "timestamp", "tags"];

/// One value. Datadog's tags and time belong to it alone, so it is recorded in a scope.
pub(super) fn metric(metrics: &Metrics, operation: &Json, is_datadog: bool) -> Result<(), Fault> {
    let value = operation.get("value");
    let value = given::number(value.ok_or_else(|| unknown("a metric without `value`"))?)?;
    let sample = Sample {
        unit: given::unit(operation, is_datadog)?,
        resolution: given::resolution(operation)?,
        name: given::name(operation)?,
        value,
    };
    let tags = given::pairs(operation, "tags")?.unwrap_or_default();
    let time = given::seconds(operation)?;
    let added = match (time, tags.as_slice()) {
        (None, []) => sample.add(metrics),
        (None, tags) => sample.add(&metrics.with_dimensions(given::borrowed(tags))),
        (Some(time), []) => sample.add(&metrics.at(time)),
        (Some(time), tags) => {
            let scope = metrics.with_dimensions(given::borrowed(tags)).at(time);
            sample.add(&scope)
        }
    };
    added.map_err(|error| failed(&error))
}

struct Sample {
    name: String,
    unit: Unit,
    resolution: Resolution,
    value: Number,
}

impl Sample {
    fn add(&self, target: &impl Target) -> Result<(), MetricsError> {
        match self.resolution {
            Resolution::High => target.high(&self.name, self.unit, self.value),
            _ => target.standard(&self.name, self.unit, self.value),
        }
    }
}

/// What values are recorded into.
trait Target {
    fn standard(&self, name: &str, unit: Unit, value: Number) -> Result<(), MetricsError>;
    fn high(&self, name: &str, unit: Unit, value: Number) -> Result<(), MetricsError>;
}

macro_rules! target {
    ($target:ty) => {
        impl Target for $target {
            fn standard(&self, name: &str, unit: Unit, value: Number) -> Result<(), MetricsError> {
                self.try_add(name, unit, value)
            }

            fn high(&self, name: &str, unit: Unit, value: Number) -> Result<(), MetricsError> {
                self.try_add_high_resolution(name, unit, value)
            }
        }
    };
}

target!(Metrics);
target!(MetricsScope);

/// Repeats an operation for each number, which stands for `{i}`, until one fails.
pub(super) fn each(
    range: &Json,
    mut run: impl FnMut(&Json) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let end = |name| {
        let number = range.get(name).and_then(Json::as_number);
        let number = number.and_then(crate::json::Number::as_i64);
        number.ok_or_else(|| unknown(format!("a range without an integer as `{name}`")))
    };
    for i in end("from")?..=end("to")? {
        let members = range
            .as_object()
            .into_iter()
            .flat_map(|object| object.iter());
        let one = Json::object(members.map(|(name, value)| match (name, value) {
            ("name", Json::Text(text)) => (name, Json::text(text.replace("{i}", &i.to_string()))),
            ("value", Json::Text(text)) if text == "{i}" => (name, Json::Number(i.into())),
            _ => (name, value.clone()),
        }));
        run(&one)?;
    }
    Ok(())
}

/// A dimension: Python raises if there are too many, and warns of one that cannot be.
pub(super) fn dimension(metrics: &Metrics, operation: &Json) -> Result<(), Fault> {
    let (name, value) = name_and_value(operation)?;
    or_warn(metrics.try_add_dimension(&name, &value), || {
        metrics.add_dimension(&name, &value);
    })
}

pub(super) fn name_and_value(operation: &Json) -> Result<(String, String), Refusal> {
    let text = |name| {
        let value = operation.get(name).map(given::text);
        value.ok_or_else(|| unknown(format!("a dimension without `{name}`")))
    };
    Ok((text("name")?, text("value")?))
}

/// A dimension set; the same.
pub(super) fn dimensions(metrics: &Metrics, operation: &Json) -> Result<(), Fault> {
    let set = given::pairs(operation, "dimensions")?;
    let set = set.ok_or_else(|| unknown("a dimension set without `dimensions`"))?;
    or_warn(metrics.try_add_dimensions(given::borrowed(&set)), || {
        metrics.add_dimensions(given::borrowed(&set));
    })
}

fn or_warn(tried: Result<(), MetricsError>, add: impl FnOnce()) -> Result<(), Fault> {
    use MetricsErrorKind::{Dimension, DimensionSet};
    match tried {
        Err(error) if matches!(error.kind(), Dimension | DimensionSet) => {
            add();
            Ok(())
        }
        tried => tried.map_err(|error| failed(&error)),
    }
}

/// Metadata. The key is a text, so one that is none is given as such.
pub(super) fn metadata(metrics: &Metrics, operation: &Json) -> Result<(), Fault> {
    let (key, value) = key_and_value(operation)?;
    let added = metrics.try_add_metadata(&key, special::Value::strict(value));
    added.map_err(|error| failed(&error))
}

pub(super) fn key_and_value(operation: &Json) -> Result<(String, &Json), Refusal> {
    let member = |name| {
        let member = operation.get(name);
        member.ok_or_else(|| unknown(format!("metadata without `{name}`")))
    };
    Ok((given::text(member("key")?), member("value")?))
}
