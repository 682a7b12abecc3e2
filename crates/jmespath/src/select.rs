//! Parts of a value: borrowed from data that is borrowed, moved out of data that is not.

use std::borrow::Cow;

use serde_json::Value;

use crate::{error::Error, steps::Steps};

type Sink<'s, 'v> = &'s mut dyn FnMut(Cow<'v, Value>) -> Result<(), Error>;

#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: i64,
}

static NULL: Value = Value::Null;

pub(crate) fn null<'v>() -> Cow<'v, Value> {
    Cow::Borrowed(&NULL)
}

pub(crate) fn fields<'v>(data: &'v Value, names: &[Box<str>]) -> &'v Value {
    let mut value = data;
    for name in names {
        match value.as_object().and_then(|members| members.get(&**name)) {
            Some(member) => value = member,
            None => return &NULL,
        }
    }
    value
}

pub(crate) fn take_fields(mut data: Value, names: &[Box<str>]) -> Value {
    let mut value = &mut data;
    for name in names {
        let member = value
            .as_object_mut()
            .and_then(|members| members.get_mut(&**name));
        match member {
            Some(member) => value = member,
            None => return Value::Null,
        }
    }
    value.take()
}

/// One element; from the end if the index is negative.
pub(crate) fn index(data: Cow<'_, Value>, index: i64) -> Cow<'_, Value> {
    let length = data.as_array().map_or(0, Vec::len);
    match from_end(index, length).and_then(|index| usize::try_from(index).ok()) {
        Some(index) if index < length => element(data, index),
        _ => null(),
    }
}

pub(crate) fn element(list: Cow<'_, Value>, index: usize) -> Cow<'_, Value> {
    match list {
        Cow::Borrowed(list) => list.get(index).map_or_else(null, Cow::Borrowed),
        Cow::Owned(mut list) => list
            .get_mut(index)
            .map_or_else(null, |item| Cow::Owned(item.take())),
    }
}

fn from_end(index: i64, length: usize) -> Option<i64> {
    if index < 0 {
        i64::try_from(length).ok()?.checked_add(index)
    } else {
        Some(index)
    }
}

/// Hands on the elements of a list. False if it is none.
pub(crate) fn items<'v>(data: Cow<'v, Value>, sink: Sink<'_, 'v>) -> Result<bool, Error> {
    match data {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).try_for_each(sink)?,
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).try_for_each(sink)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Hands on the values of an object. False if it is none.
pub(crate) fn values<'v>(data: Cow<'v, Value>, sink: Sink<'_, 'v>) -> Result<bool, Error> {
    match data {
        Cow::Borrowed(Value::Object(members)) => {
            members.values().map(Cow::Borrowed).try_for_each(sink)?;
        }
        Cow::Owned(Value::Object(members)) => {
            members.into_values().map(Cow::Owned).try_for_each(sink)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Hands on the elements of a part of a list. False if it is none.
pub(crate) fn slice<'v>(
    data: Cow<'v, Value>,
    slice: &Slice,
    sink: Sink<'_, 'v>,
) -> Result<bool, Error> {
    match data {
        Cow::Borrowed(Value::Array(items)) => positions(slice, items.len())
            .filter_map(|position| items.get(position))
            .map(Cow::Borrowed)
            .try_for_each(sink)?,
        Cow::Owned(Value::Array(mut items)) => positions(slice, items.len())
            .filter_map(|position| items.get_mut(position).map(Value::take))
            .map(Cow::Owned)
            .try_for_each(sink)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// As Python counts: negative ends are from the end, and ends beyond the list are its ends.
fn positions(slice: &Slice, length: usize) -> impl Iterator<Item = usize> + use<> {
    let step = slice.step;
    let (lowest, highest) = if step > 0 {
        (0, length_of(length))
    } else {
        (-1, length_of(length) - 1)
    };
    let (first, last) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let end = |given: Option<i64>, default: i64| {
        given
            .and_then(|given| from_end(given, length))
            .map_or(default, |end| end.clamp(lowest, highest))
    };
    let stop = end(slice.stop, last);
    std::iter::successors(Some(end(slice.start, first)), move |at| {
        at.checked_add(step)
    })
    .take_while(move |at| if step > 0 { *at < stop } else { *at > stop })
    .filter_map(|at| usize::try_from(at).ok())
}

fn length_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// The elements at these positions, each of which comes once.
pub(crate) fn at_positions<'v>(
    array: Cow<'v, Value>,
    positions: Vec<usize>,
    steps: &Steps,
) -> Result<Cow<'v, Value>, Error> {
    let Value::Array(mut items) = steps.own(array)? else {
        return Ok(null());
    };
    let sorted = positions
        .into_iter()
        .filter_map(|position| items.get_mut(position).map(Value::take));
    Ok(Cow::Owned(sorted.collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slices_count_as_in_python() {
        let of_five = |start, stop, step| {
            let slice = Slice { start, stop, step };
            positions(&slice, 5).collect::<Vec<_>>()
        };
        assert_eq!(of_five(None, None, 1), [0, 1, 2, 3, 4]);
        assert_eq!(of_five(Some(1), Some(3), 1), [1, 2]);
        assert_eq!(of_five(Some(-2), None, 1), [3, 4]);
        assert_eq!(of_five(Some(-9), Some(9), 2), [0, 2, 4]);
        assert_eq!(of_five(None, None, -1), [4, 3, 2, 1, 0]);
        assert_eq!(of_five(Some(9), Some(-9), -2), [4, 2, 0]);
        assert_eq!(of_five(Some(3), Some(0), -1), [3, 2, 1]);
        assert_eq!(of_five(Some(3), Some(1), 1), [0; 0]);
        assert_eq!(of_five(None, None, i64::MAX), [0]);
        assert_eq!(of_five(None, None, i64::MIN), [4]);
        let slice = Slice {
            start: None,
            stop: None,
            step: -1,
        };
        assert_eq!(positions(&slice, 0).count(), 0);
    }

    #[test]
    fn owned_data_gives_what_borrowed_data_gives() {
        let data = json!({"a": [1, [2, 3], {"b": null}], "c": {"d": "x"}});
        let names = |names: &[&str]| -> Vec<Box<str>> {
            names.iter().map(|name| Box::from(*name)).collect()
        };
        for path in [
            &["a"][..],
            &["c", "d"],
            &["c", "x"],
            &["a", "b"],
            &["x", "y"],
        ] {
            let path = names(path);
            assert_eq!(*fields(&data, &path), take_fields(data.clone(), &path));
        }
        let list = &data["a"];
        for position in [-4, -3, -1, 0, 2, 3, i64::MIN, i64::MAX] {
            assert_eq!(
                index(Cow::Borrowed(list), position),
                index(Cow::Owned(list.clone()), position)
            );
        }
        assert_eq!(*index(Cow::Borrowed(list), -3), json!(1));
        assert!(index(Cow::Borrowed(list), -4).is_null());
    }
}
