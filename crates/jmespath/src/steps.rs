use std::{borrow::Cow, cell::Cell};

use serde_json::{Map, Value};

use crate::error::{Error, Kind};

/// A list that is read out of text has room for four values at least.
pub(crate) const ROOM_OF_LIST: usize = 1;

/// The first member of an object brings the room of eleven.
pub(crate) const ROOM_OF_OBJECT: usize = 8;

/// A member's name, beside its value.
pub(crate) const NAME: usize = 1;

const TEXT_OF_STEP: usize = 16;

/// What one search may still do. An expression such as `[@,@] | [@,@] | …` doubles its data with
/// every few letters, and `{"":0}` of JSON text becomes a hundred times as large as a value:
/// neither depth nor the length of texts bounds them. A step is about 60 bytes of memory, or some
/// tens of nanoseconds.
#[derive(Debug)]
pub(crate) struct Steps {
    left: Cell<usize>,
    limit: usize,
}

impl Steps {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            left: Cell::new(limit),
            limit,
        }
    }

    pub(crate) fn take(&self, steps: usize) -> Result<(), Error> {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.exceeded()),
        }
    }

    /// The error of a search that takes more.
    pub(crate) fn exceeded(&self) -> Error {
        Error::from(Kind::Steps { limit: self.limit })
    }

    /// The steps of building or reading that much text.
    pub(crate) fn take_text(&self, bytes: usize) -> Result<(), Error> {
        self.take(text_weight(bytes))
    }

    /// How much text the steps that are left can build.
    pub(crate) fn text_left(&self) -> usize {
        self.left.get().saturating_mul(TEXT_OF_STEP)
    }

    /// The steps of a look at that many values: as cheap as one at letters.
    pub(crate) fn take_glance(&self, values: usize) -> Result<(), Error> {
        self.take(values / TEXT_OF_STEP)
    }

    /// The steps of reading values that hold no others.
    pub(crate) fn take_leaves(&self, leaves: &[Value]) -> Result<(), Error> {
        self.take_glance(leaves.len())?;
        let texts = leaves.iter().filter_map(Value::as_str);
        self.take(texts.map(str::len).sum::<usize>() / TEXT_OF_STEP)
    }

    /// The steps of finding or moving the names.
    pub(crate) fn take_names(&self, members: &Map<String, Value>) -> Result<(), Error> {
        members
            .keys()
            .try_for_each(|name| self.take_text(name.len()))
    }

    /// The value itself; one of the data is copied, and the copy counts.
    pub(crate) fn own(&self, value: Cow<'_, Value>) -> Result<Value, Error> {
        match value {
            Cow::Owned(value) => Ok(value),
            Cow::Borrowed(value) => {
                self.take(weight(value))?;
                Ok(value.clone())
            }
        }
    }

    /// The value, which counts as built.
    pub(crate) fn built(&self, value: Value) -> Result<Value, Error> {
        self.take(weight(&value))?;
        Ok(value)
    }
}

fn text_weight(bytes: usize) -> usize {
    1 + bytes / TEXT_OF_STEP
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text_weight(text.len()),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) if members.is_empty() => 1,
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| text_weight(name.len()) + weight(value))
            .sum::<usize>()
            .saturating_add(1 + ROOM_OF_OBJECT),
    }
}
