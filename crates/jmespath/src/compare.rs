use std::cmp::Ordering;

use serde_json::Value;

use crate::{error::Error, number::Num, steps::Steps};

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What counts as true in `&&`, `||`, `!` and filters. Zero does.
pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Deep equality with numbers by value, which `Value` itself does not have: there 1 is not 1.0.
pub(crate) fn equal(left: &Value, right: &Value, steps: &Steps) -> Result<bool, Error> {
    steps.take(1)?;
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            Ok(Num::of(left).compare(Num::of(right)) == Ordering::Equal)
        }
        (Value::String(left), Value::String(right)) if left.len() == right.len() => {
            steps.take_text(left.len())?;
            Ok(left == right)
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.iter().zip(right) {
                if !equal(left, right, steps)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
            for (name, left) in left {
                steps.take_text(name.len())?;
                match right.get(name) {
                    Some(right) if equal(left, right, steps)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Value::Array(_) | Value::Object(_), _) => Ok(false),
        (left, right) => Ok(left == right),
    }
}

/// Whether one is text and the other a number: as in Python, an error and not null.
pub(crate) fn is_mixed(left: &Value, right: &Value) -> bool {
    matches!(
        (left, right),
        (Value::String(_), Value::Number(_)) | (Value::Number(_), Value::String(_))
    )
}

/// How much text `order` reads.
pub(crate) fn text_of_order(left: &Value, right: &Value) -> usize {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.len().min(right.len()),
        _ => 0,
    }
}

/// Numbers by value, text by code points; nothing else has an order.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(Num::of(left).compare(Num::of(right))),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
