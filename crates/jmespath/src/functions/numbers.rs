use std::borrow::Cow;

use serde_json::Value;

use crate::{
    error::Error,
    functions::arguments::{Arguments, items, number, take},
    number::Num,
    select::null,
    steps::Steps,
};

pub(crate) fn abs<'v>(arguments: Arguments<'_, 'v>) -> Result<Cow<'v, Value>, Error> {
    let result = match number(&arguments[0]) {
        Num::Int(int) => Num::Int(int.abs()),
        Num::Float(float) => Num::Float(float.abs()),
    };
    result.into_value().map(Cow::Owned)
}

pub(crate) fn ceil<'v>(arguments: Arguments<'_, 'v>) -> Result<Cow<'v, Value>, Error> {
    round(arguments, f64::ceil)
}

pub(crate) fn floor<'v>(arguments: Arguments<'_, 'v>) -> Result<Cow<'v, Value>, Error> {
    round(arguments, f64::floor)
}

fn round<'v>(arguments: Arguments<'_, 'v>, way: fn(f64) -> f64) -> Result<Cow<'v, Value>, Error> {
    match number(&arguments[0]) {
        Num::Int(_) => Ok(take(arguments, 0)),
        Num::Float(float) => Num::whole(way(float)).into_value().map(Cow::Owned),
    }
}

pub(crate) fn avg<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let items = items(arguments, 0);
    if items.is_empty() {
        return Ok(null());
    }
    #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
    let length = items.len() as f64;
    let average = total(items, steps)?.as_f64() / length;
    Num::Float(average).into_value().map(Cow::Owned)
}

pub(crate) fn sum<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    total(items(arguments, 0), steps)?
        .into_value()
        .map(Cow::Owned)
}

fn total(items: &[Value], steps: &Steps) -> Result<Num, Error> {
    steps.take_glance(items.len())?;
    Ok(items.iter().map(number).fold(Num::Int(0), Num::add))
}

pub(crate) fn to_number<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    match &*arguments[0] {
        Value::Number(_) => Ok(take(arguments, 0)),
        Value::String(text) => {
            steps.take_text(text.len())?;
            Ok(parse(text).map_or_else(null, Cow::Owned))
        }
        _ => Ok(null()),
    }
}

/// Text that JSON has for a number, without anything around it.
fn parse(text: &str) -> Option<Value> {
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        || !text.ends_with(|last: char| last.is_ascii_digit())
    {
        return None;
    }
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    // JSON's -0 is a float for serde_json
    let plain_zero = text == "-0";
    Some(if plain_zero { 0.into() } else { number.into() })
}
