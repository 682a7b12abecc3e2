use std::borrow::Cow;

use serde_json::Value;

use crate::{
    compare,
    error::Error,
    functions::{
        arguments::{Arguments, items, take, text},
        json_text,
    },
    steps::Steps,
};

pub(crate) fn starts_with<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    steps.take_text(text(arguments, 1).len())?;
    let starts = text(arguments, 0).starts_with(text(arguments, 1));
    Ok(Cow::Owned(starts.into()))
}

pub(crate) fn ends_with<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    steps.take_text(text(arguments, 1).len())?;
    let ends = text(arguments, 0).ends_with(text(arguments, 1));
    Ok(Cow::Owned(ends.into()))
}

pub(crate) fn join<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let separator = text(arguments, 0);
    let mut joined = String::new();
    for (position, item) in items(arguments, 1).iter().enumerate() {
        let part = item.as_str().unwrap_or_default();
        steps.take_text(separator.len() + part.len())?;
        if position > 0 {
            joined.push_str(separator);
        }
        joined.push_str(part);
    }
    Ok(Cow::Owned(joined.into()))
}

pub(crate) fn to_string<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let value = take(arguments, 0);
    if value.is_string() {
        return Ok(value);
    }
    let text = json_text::write(&value, steps)?;
    Ok(Cow::Owned(text.into()))
}

pub(crate) fn type_of<'v>(arguments: Arguments<'_, 'v>) -> Result<Cow<'v, Value>, Error> {
    Ok(Cow::Owned(compare::type_name(&arguments[0]).into()))
}
