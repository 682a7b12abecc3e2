use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{
    error::Error,
    functions::arguments::{Arguments, take},
    select::null,
    steps::Steps,
};

pub(crate) fn keys<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let names = match steps_of_names(&arguments[0], steps)? {
        Some(members) => members.keys().cloned().map(Value::String).collect(),
        None => return Ok(null()),
    };
    Ok(Cow::Owned(Value::Array(names)))
}

fn steps_of_names<'v>(
    object: &'v Value,
    steps: &Steps,
) -> Result<Option<&'v Map<String, Value>>, Error> {
    let Some(members) = object.as_object() else {
        return Ok(None);
    };
    steps.take_names(members)?;
    Ok(Some(members))
}

pub(crate) fn values<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    match steps.own(take(arguments, 0))? {
        Value::Object(members) => Ok(Cow::Owned(members.into_values().collect())),
        _ => Ok(null()),
    }
}

pub(crate) fn merge<'v>(
    arguments: Arguments<'_, 'v>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let mut merged = Map::new();
    for position in 0..arguments.len() {
        if let Value::Object(members) = steps.own(take(arguments, position))? {
            steps.take_names(&members)?;
            merged.extend(members);
        }
    }
    Ok(Cow::Owned(merged.into()))
}
