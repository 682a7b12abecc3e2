use std::fmt;

use serde_json::Value;

use super::Number;

/// A JSON value. Equality looks at values alone: the order of members and the spelling of
/// numbers do not count.
#[derive(Debug, Clone, PartialEq)]
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
    /// A string.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object of these members.
    #[must_use]
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
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

    /// The member of this name, if it is an object that has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// What a reader of JSON in Rust holds: an integer beyond 64 bits is its nearest float.
    /// `None` if a number is too large for a float.
    #[must_use]
    pub fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => {
                if let Some(integer) = number.as_u64() {
                    integer.into()
                } else if let Some(integer) = number.as_i64() {
                    integer.into()
                } else {
                    serde_json::Number::from_f64(number.as_f64())?.into()
                }
            }
            Self::Text(text) => Value::String(text.clone()),
            Self::Array(items) => items.iter().map(Self::to_value).collect::<Option<_>>()?,
            Self::Object(object) => {
                let members = object.iter();
                members
                    .map(|(name, value)| Some((name.to_owned(), value.to_value()?)))
                    .collect::<Option<_>>()?
            }
        })
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.into()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::object(
                members
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.into())),
            ),
        }
    }
}

/// Compact JSON, numbers as written.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { ", " })?;
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Object(object) => {
                f.write_str("{")?;
                for (position, (name, value)) in object.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { ", " })?;
                    write_text(f, name)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    f.write_str(&quoted)
}

/// The members of an object in their order. Of a repeated name the last value counts, at the
/// place of the first, as in Python.
#[derive(Debug, Clone, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, v)| v)
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The first name that is none of these.
    #[must_use]
    pub fn name_other_than(&self, known: &[&str]) -> Option<&str> {
        self.names().find(|name| !known.contains(name))
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

impl<K: Into<String>> FromIterator<(K, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Json)>>(members: I) -> Self {
        let mut own: Vec<(String, Json)> = Vec::new();
        for (name, value) in members {
            let name = name.into();
            match own.iter_mut().find(|(known, _)| *known == name) {
                Some(member) => member.1 = value,
                None => own.push((name, value)),
            }
        }
        Self(own)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let same = |(name, value)| other.get(name) == Some(value);
        self.len() == other.len() && self.iter().all(same)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn order_of_members_and_spelling_of_numbers_do_not_count() {
        assert_eq!(read(r#"{"a":1,"b":[2.0]}"#), read(r#"{"b":[2],"a":1.0}"#));
        for (one, other) in [
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#),
            (r#"{"a":null}"#, r#"{"b":null}"#),
            ("[1,2]", "[2,1]"),
            ("1", "true"),
            ("1", r#""1""#),
        ] {
            assert_ne!(read(one), read(other));
        }
    }

    #[test]
    fn value_of_the_crates_holds_the_nearest_float() {
        let big = read("[18446744073709551615, -9223372036854775808, 18446744073709551616]");
        assert_eq!(
            big.to_value(),
            Some(json!([u64::MAX, i64::MIN, 18_446_744_073_709_551_616.0]))
        );
        assert_eq!(read("[1e400]").to_value(), None);
    }

    #[test]
    fn first_unknown_name_is_told() {
        let object: Object = [("a", Json::Null), ("b", Json::Null)].into_iter().collect();
        assert_eq!(object.name_other_than(&["a"]), Some("b"));
        assert_eq!(object.name_other_than(&["b", "a"]), None);
    }

    proptest! {
        #[test]
        fn text_survives_being_written_and_read(text in any::<String>()) {
            let value = Json::object([(text.clone(), Json::text(text))]);
            prop_assert_eq!(&read(&value.to_string()), &value);
            prop_assert_eq!(Json::from(&value.to_value().unwrap()), value);
        }
    }
}
