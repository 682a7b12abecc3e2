//! The lines that passed.

use std::{slice, time::SystemTime};

use super::record;
use crate::check::{Json, Object};

/// One line that is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    number: usize,
    text: String,
    value: Json,
}

impl Line {
    /// `value` is an object.
    pub(super) fn new(number: usize, text: &str, value: Json) -> Self {
        Self {
            number,
            text: text.to_owned(),
            value,
        }
    }

    /// Its number in the output, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The line as written, without the newline.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its members.
    #[must_use]
    pub fn object(&self) -> &Object {
        let object = self.value.as_object();
        object.expect("the reader takes nothing else for a line")
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.object().get(key)
    }

    /// The text of a key, if it is a string.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.object().text(key)
    }

    /// The value at a JSON pointer such as `/error/message`; at the empty one the whole line.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        self.value.pointer(pointer)
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        self.object().keys()
    }

    /// The time in `timestamp`; `None` if it is not RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        record::timestamp(self.object()).map(Into::into)
    }

    /// Every one of these keys is there, in this order; others may stand between them.
    ///
    /// # Panics
    ///
    /// If one is missing or comes too early, with the line.
    pub fn assert_keys_in_order(&self, expected: &[&str]) {
        let keys = self.keys();
        let mut rest = keys.iter();
        for key in expected {
            assert!(
                rest.any(|found| found == key),
                "line {}: no {key:?} in its place among {keys:?}\n  expected {expected:?}\n  {}",
                self.number,
                self.text
            );
        }
    }

    /// The key has this value.
    ///
    /// # Panics
    ///
    /// If it has another or is missing, with the line.
    pub fn assert_value(&self, key: &str, expected: impl Into<serde_json::Value>) {
        let expected = expected.into();
        let found = self.get(key);
        assert!(
            found.is_some_and(|found| *found == expected),
            "line {}: {key:?} is {}, not {expected}\n  {}",
            self.number,
            found.map_or("missing".to_owned(), ToString::to_string),
            self.text
        );
    }
}

/// All lines of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(Vec<Line>);

impl Lines {
    pub(super) fn new(lines: Vec<Line>) -> Self {
        Self(lines)
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines, in their order.
    pub fn iter(&self) -> slice::Iter<'_, Line> {
        self.0.iter()
    }

    /// The lines whose key has this value.
    #[must_use]
    pub fn with(&self, key: &str, value: impl Into<serde_json::Value>) -> Vec<&Line> {
        let value = value.into();
        let wanted = |line: &&Line| line.get(key).is_some_and(|found| *found == value);
        self.0.iter().filter(wanted).collect()
    }

    /// The one line with this `message`.
    ///
    /// # Panics
    ///
    /// If there is none or more than one, with all lines.
    #[must_use]
    pub fn message(&self, message: &str) -> &Line {
        match self.with("message", message)[..] {
            [line] => line,
            ref found => panic!(
                "{} lines have the message {message:?}, not one\n{}",
                found.len(),
                self.listed()
            ),
        }
    }

    /// The only line.
    ///
    /// # Panics
    ///
    /// If there is none or more than one, with all lines.
    #[must_use]
    pub fn only(&self) -> &Line {
        match &self.0[..] {
            [line] => line,
            lines => panic!("{} lines, not one\n{}", lines.len(), self.listed()),
        }
    }

    fn listed(&self) -> String {
        let lines = self.0.iter();
        let lines = lines.map(|line| format!("  line {}: {}", line.number, line.text));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl<'a> IntoIterator for &'a Lines {
    type Item = &'a Line;
    type IntoIter = slice::Iter<'a, Line>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
