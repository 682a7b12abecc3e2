//! Reading arguments whose number and types are checked: what has another type is empty.

use std::{borrow::Cow, mem};

use serde_json::Value;

use crate::{number::Num, select::null};

pub(crate) type Arguments<'s, 'v> = &'s mut [Cow<'v, Value>];

pub(crate) fn take<'v>(arguments: Arguments<'_, 'v>, index: usize) -> Cow<'v, Value> {
    arguments
        .get_mut(index)
        .map_or_else(null, |argument| mem::replace(argument, null()))
}

pub(crate) fn text<'s>(arguments: &'s [Cow<'_, Value>], index: usize) -> &'s str {
    arguments
        .get(index)
        .and_then(|argument| argument.as_str())
        .unwrap_or_default()
}

pub(crate) fn items<'s>(arguments: &'s [Cow<'_, Value>], index: usize) -> &'s [Value] {
    arguments
        .get(index)
        .and_then(|argument| argument.as_array())
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn number(value: &Value) -> Num {
    value.as_number().map_or(Num::Int(0), Num::of)
}
