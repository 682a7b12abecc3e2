//! A JSON value that hides nothing of what was written.

use std::fmt;

use super::path;

/// A JSON value: keys in their order and numbers as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(Number),
    /// A string, unescaped.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Object),
}

impl Json {
    /// The text, if it is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number as a float.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value at a JSON pointer such as `/_aws/CloudWatchMetrics/0`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        path::tokens(pointer).try_fold(self, |value, token| match value {
            Self::Object(object) => object.get(&token),
            Self::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The same value for `serde_json`. A repeated key keeps its last value, a number its
    /// nearest float or integer.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => serde_json::from_str(number.as_written()).unwrap_or_default(),
            Self::Text(text) => text.as_str().into(),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(object) => object
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_value()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// Compact JSON, numbers as written.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number.as_written()),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Array(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    let comma = if position == 0 { "" } else { "," };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Self::Object(object) => write!(f, "{object}"),
        }
    }
}

/// The same value, numbers compared as `serde_json` reads them (`1.0` is not `1`).
impl PartialEq<serde_json::Value> for Json {
    fn eq(&self, other: &serde_json::Value) -> bool {
        self.to_value() == *other
    }
}

/// A number as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    pub(crate) fn new(written: &str) -> Self {
        Self(written.to_owned())
    }

    /// The characters, such as `1.50` or `1e3`.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// The nearest float; infinite if the number is too large for one.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // Every JSON number is a number for Rust.
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The integer, if it is written as one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// The members of an object, in their order, repeated keys included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    pub(crate) fn new(members: Vec<(String, Json)>) -> Self {
        Self(members)
    }

    /// The value of this key; of a repeated key the last.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// The text of this key, if it is a string.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_text)
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).collect()
    }

    /// The members, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, (key, value)) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", serde_json::Value::from(key))?;
        }
        f.write_str("}")
    }
}
