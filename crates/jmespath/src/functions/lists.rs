use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use crate::{
    compare,
    error::Error,
    functions::arguments::{Arguments, items, take},
    select::{element, null},
    steps::Steps,
};

pub(crate) fn contains<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let found = match (&*arguments[0], &*arguments[1]) {
        (Value::String(text), Value::String(part)) => {
            steps.take_text(text.len())?;
            text.contains(part.as_str())
        }
        (Value::Array(items), wanted) => {
            let mut found = false;
            for item in items {
                if compare::equal(item, wanted, steps)? {
                    found = true;
                    break;
                }
            }
            found
        }
        _ => false,
    };
    Ok(Cow::Owned(found.into()))
}

pub(crate) fn length<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let length = match &*arguments[0] {
        Value::String(text) => {
            steps.take_text(text.len())?;
            text.chars().count()
        }
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    Ok(Cow::Owned(length.into()))
}

pub(crate) fn max<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    best(arguments, Ordering::Greater, steps)
}

pub(crate) fn min<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    best(arguments, Ordering::Less, steps)
}

fn best<'v>(
    arguments: Arguments<'_, 'v>,
    wanted: Ordering,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    steps.take_leaves(items(arguments, 0))?;
    match position_of_best(items(arguments, 0), wanted) {
        Some(position) => Ok(element(take(arguments, 0), position)),
        None => Ok(null()),
    }
}

/// The first of the largest, or of the smallest.
pub(crate) fn position_of_best(
    keys: &[impl std::borrow::Borrow<Value>],
    wanted: Ordering,
) -> Option<usize> {
    let mut keys = keys.iter().map(std::borrow::Borrow::borrow).enumerate();
    let mut best: (usize, &Value) = keys.next()?;
    for (position, key) in keys {
        if compare::order(key, best.1) == Some(wanted) {
            best = (position, key);
        }
    }
    Some(best.0)
}

pub(crate) fn not_null<'v>(arguments: Arguments<'_, 'v>) -> Result<Cow<'v, Value>, Error> {
    let position = arguments.iter().position(|argument| !argument.is_null());
    Ok(position.map_or_else(null, |position| take(arguments, position)))
}

pub(crate) fn reverse<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let mut value = steps.own(take(arguments, 0))?;
    match &mut value {
        Value::Array(items) => {
            steps.take_glance(items.len())?;
            items.reverse();
        }
        Value::String(text) => {
            steps.take_text(text.len())?;
            *text = text.chars().rev().collect();
        }
        _ => {}
    }
    Ok(Cow::Owned(value))
}

pub(crate) fn sort<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let mut value = steps.own(take(arguments, 0))?;
    if let Value::Array(items) = &mut value {
        // Each is compared with some others
        steps.take(items.len())?;
        steps.take_leaves(items)?;
        items.sort_by(order_of_keys);
    }
    Ok(Cow::Owned(value))
}

/// The order of keys of one type, which is checked before.
pub(crate) fn order_of_keys(left: &Value, right: &Value) -> Ordering {
    compare::order(left, right).unwrap_or(Ordering::Equal)
}

pub(crate) fn to_array<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let value = take(arguments, 0);
    if value.is_array() {
        return Ok(value);
    }
    Ok(Cow::Owned(Value::Array(vec![steps.own(value)?])))
}
