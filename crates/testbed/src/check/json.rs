//! A JSON value that hides nothing of what was written.

use std::{collections::HashMap, fmt};

use serde_json::Value;

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
        path::tokens(pointer)?.try_fold(self, |value, token| value.step(&token))
    }

    fn step(&self, token: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(token),
            Self::Array(items) => items.get(path::position(token)?),
            _ => None,
        }
    }

    /// The same value for `serde_json`. A repeated key keeps its last value, a number is an
    /// integer or its nearest float; one that is too large for both is `null`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => number.to_value(),
            Self::Text(text) => text.as_str().into(),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(object) => object.to_value(),
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
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
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

/// The same value, whatever the order of keys and the spelling of numbers: `1.0` equals `1`.
/// A number that is too large for a float equals none.
impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(value), Value::Bool(other)) => value == other,
            (Self::Number(number), Value::Number(other)) => number.equals(other),
            (Self::Text(text), Value::String(other)) => text == other,
            (Self::Array(items), Value::Array(others)) => items == others,
            (Self::Object(object), other) => object == other,
            _ => false,
        }
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

    fn to_value(&self) -> Value {
        if let Ok(integer) = self.0.parse::<u64>() {
            return integer.into();
        }
        self.as_i64()
            .map_or_else(|| self.as_f64().into(), Value::from)
    }

    fn equals(&self, other: &serde_json::Number) -> bool {
        match (self.0.parse::<i128>(), other.as_i128()) {
            // Two integers may differ where their nearest floats do not.
            (Ok(integer), Some(other)) => integer == other,
            _ => other.as_f64() == Some(self.as_f64()),
        }
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

    /// The value at a JSON pointer such as `/_aws/CloudWatchMetrics/0`; the empty pointer
    /// means the object itself, so there is none.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        let mut tokens = path::tokens(pointer)?;
        let first = self.get(&tokens.next()?)?;
        tokens.try_fold(first, |value, token| value.step(&token))
    }

    /// The same object for `serde_json`, as [`Json::to_value`] makes it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let members = self.iter();
        let members = members.map(|(key, value)| (key.to_owned(), value.to_value()));
        Value::Object(members.collect())
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

/// The same members, compared as [`Json`] is; of a repeated key the last value counts.
impl PartialEq<Value> for Object {
    fn eq(&self, other: &Value) -> bool {
        let Value::Object(others) = other else {
            return false;
        };
        let members: HashMap<&str, &Json> = self.iter().collect();
        let same = |(key, value): (&&str, &&Json)| others.get(*key).is_some_and(|o| *value == o);
        members.len() == others.len() && members.iter().all(same)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, (key, value)) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", Value::from(key))?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::check::parse;

    fn read(text: &str) -> Json {
        parse(text).0.unwrap()
    }

    proptest! {
        #[test]
        fn a_float_equals_itself_written_and_read(value in any::<f64>()) {
            prop_assume!(value.is_finite());
            let value = json!([value]);
            let read = read(&value.to_string());
            prop_assert!(read == value, "{value}");
            prop_assert_eq!(read.to_value(), value);
        }
    }

    #[test]
    fn numbers_are_equal_by_their_value_and_not_by_their_spelling() {
        let equal = [
            ("1.0", json!(1)),
            ("1", json!(1.0)),
            ("1e2", json!(100)),
            ("-0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("[{\"a\":1.50}]", json!([{"a": 1.5}])),
        ];
        for (text, value) in equal {
            assert!(read(text) == value, "{text}");
        }
        let different = [
            ("9007199254740993", json!(9_007_199_254_740_992_u64)),
            ("1", json!("1")),
            ("1", json!(true)),
            ("1e400", json!(null)),
            ("1e400", json!(f64::MAX)),
            ("[1e400]", json!([null])),
            ("[1]", json!([1, 2])),
            ("{\"a\":1}", json!({"a": 1, "b": 2})),
            ("{\"a\":1,\"b\":2}", json!({"a": 1})),
            ("{\"a\":1,\"a\":2}", json!({"a": 1})),
        ];
        for (text, value) in different {
            assert!(read(text) != value, "{text}");
        }
    }

    #[test]
    fn a_pointer_is_read_as_the_standard_says() {
        let value = read(r#"{"a":{"b/c":[1,2]},"":3}"#);
        let object = value.as_object().unwrap();
        let shown = |found: Option<&Json>| found.map(ToString::to_string);
        for (pointer, expected) in [
            ("/a/b~1c/1", Some("2")),
            ("/", Some("3")),
            ("a", None),
            ("/a/b~1c/+1", None),
            ("/a/b~1c/01", None),
            ("/a/b~1c/2", None),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(shown(value.pointer(pointer)), expected, "{pointer}");
            assert_eq!(shown(object.pointer(pointer)), expected, "{pointer}");
        }
        assert_eq!(value.pointer(""), Some(&value));
        assert_eq!(*object, value.to_value());
        assert_eq!(object.to_value(), value.to_value());
    }
}
