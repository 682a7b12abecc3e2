use std::{cell::RefCell, collections::BTreeSet};

use serde_json::{Map, Value};

use super::super::fault::Fault;

/// What the aliases and placeholders of a request stand for, and which of them were used.
pub(in crate::arms::idempotency::dynamodb) struct Scope<'a> {
    names: Option<&'a Map<String, Value>>,
    values: Option<&'a Map<String, Value>>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Scope<'a> {
    pub(in crate::arms::idempotency::dynamodb) fn of(request: &'a Value) -> Self {
        let map = |name: &str| request.get(name).and_then(Value::as_object);
        Self {
            names: map("ExpressionAttributeNames"),
            values: map("ExpressionAttributeValues"),
            used: RefCell::default(),
        }
    }

    /// The attribute that a word of an expression names.
    pub(super) fn name(&self, word: &str) -> Result<String, Fault> {
        if !word.starts_with('#') {
            return Ok(word.to_owned());
        }
        self.used.borrow_mut().insert(word.to_owned());
        let name = self.names.and_then(|names| names.get(word)?.as_str());
        name.map(str::to_owned).ok_or_else(|| {
            Fault::validation(format!(
                "An expression attribute name is not defined: {word}"
            ))
        })
    }

    pub(super) fn value(&self, word: &str) -> Result<Value, Fault> {
        self.used.borrow_mut().insert(word.to_owned());
        let value = self.values.and_then(|values| values.get(word));
        value.cloned().ok_or_else(|| {
            Fault::validation(format!(
                "An expression attribute value is not defined: {word}"
            ))
        })
    }

    /// The service refuses what no expression uses.
    pub(in crate::arms::idempotency::dynamodb) fn check(&self) -> Result<(), Fault> {
        let used = self.used.borrow();
        let all = [self.names, self.values].into_iter().flatten();
        let unused = all.flat_map(Map::keys).find(|word| !used.contains(*word));
        match unused {
            None => Ok(()),
            Some(word) => Err(Fault::validation(format!("Unused in expressions: {word}"))),
        }
    }
}
