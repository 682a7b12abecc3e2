use std::{borrow::Cow, cell::Cell};

use serde_json::Value;

use crate::{
    error::{Error, Kind},
    limits::MAX_STEPS,
};

/// What one search may still do. An expression such as `[@,@] | [@,@] | …` doubles its data with
/// every few letters; depth alone does not bound it.
#[derive(Debug)]
pub(crate) struct Steps(Cell<usize>);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(Cell::new(MAX_STEPS))
    }

    pub(crate) fn take(&self, steps: usize) -> Result<(), Error> {
        match self.0.get().checked_sub(steps) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(Error::from(Kind::Steps { limit: MAX_STEPS })),
        }
    }

    /// The steps of building or reading that much text.
    pub(crate) fn take_text(&self, bytes: usize) -> Result<(), Error> {
        self.take(text_weight(bytes))
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
    1 + bytes / 16
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text_weight(text.len()),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| text_weight(name.len()) + weight(value))
            .sum::<usize>()
            .saturating_add(1),
    }
}
