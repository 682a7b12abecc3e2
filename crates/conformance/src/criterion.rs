//! What a deviation may ask of one value.

use serde::Deserialize;

use crate::{
    glob,
    json::{Json, without_nan},
    path::Path,
};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Exists,
    OneOf(Vec<Json>),
    Contains(String),
    Matches(String),
    Type(Vec<Type>),
    /// An object with a member of one of these names.
    Names(Vec<String>),
    /// A number less than this.
    Below(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Type {
    Null,
    Bool,
    Number,
    /// A number without point and exponent.
    Integer,
    /// An integer that 64 bits do not hold.
    BigInteger,
    Text,
    /// A text of white space, or of nothing.
    Blank,
    /// A text with a character that is not printable ASCII.
    NotAscii,
    /// A text that is JSON itself, as Python reads it.
    JsonText,
    /// A text that is JSON for Python alone, because of NaN or Infinity.
    LooseJson,
    /// A text that is JSON, as Python reads it, with an integer that 64 bits do not hold.
    BigJson,
    Array,
    Object,
}

impl Test {
    pub(crate) fn passes(&self, value: &Json) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values.contains(value),
            Self::Contains(part) => value.as_text().is_some_and(|text| text.contains(part)),
            Self::Matches(glob) => value
                .as_text()
                .is_some_and(|text| glob::matches(glob, text)),
            Self::Type(types) => types.iter().any(|r#type| r#type.is_of(value)),
            Self::Names(names) => names.iter().any(|name| value.get(name).is_some()),
            Self::Below(limit) => value.as_number().is_some_and(|n| n.as_f64() < *limit),
        }
    }
}

impl Type {
    fn is_of(self, value: &Json) -> bool {
        match (self, value) {
            (Self::Null, Json::Null)
            | (Self::Bool, Json::Bool(_))
            | (Self::Number, Json::Number(_))
            | (Self::Text, Json::Text(_))
            | (Self::Array, Json::Array(_))
            | (Self::Object, Json::Object(_)) => true,
            (Self::Integer, Json::Number(number)) => number.is_integer(),
            (Self::BigInteger, Json::Number(number)) => {
                number.is_integer() && number.as_i64().is_none() && number.as_u64().is_none()
            }
            (Self::Blank, Json::Text(text)) => text.trim().is_empty(),
            (Self::NotAscii, Json::Text(text)) => {
                !text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            }
            (Self::JsonText, Json::Text(text)) => {
                Json::parse(text).is_ok() || Self::LooseJson.is_of(value)
            }
            (Self::LooseJson, Json::Text(text)) => {
                let standard = without_nan(text);
                standard != *text && Json::parse(&standard).is_ok()
            }
            (Self::BigJson, Json::Text(text)) => {
                let parsed = Json::parse(&without_nan(text));
                let mut all = Vec::new();
                parsed
                    .iter()
                    .for_each(|json| all.extend(Path::everything(json)));
                all.into_iter().any(|value| Self::BigInteger.is_of(value))
            }
            _ => false,
        }
    }
}

pub(crate) fn json(value: &toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::text(text.as_str()),
        toml::Value::Integer(integer) => Json::Number((*integer).into()),
        // A float that JSON cannot spell equals nothing, not even null.
        toml::Value::Float(float) => serde_json::Number::from_f64(*float).map_or_else(
            || Json::text(float.to_string()),
            |n| Json::Number((&n).into()),
        ),
        toml::Value::Boolean(value) => Json::Bool(*value),
        toml::Value::Datetime(time) => Json::text(time.to_string()),
        toml::Value::Array(items) => Json::Array(items.iter().map(json).collect()),
        toml::Value::Table(members) => Json::object(
            members
                .iter()
                .map(|(name, value)| (name.as_str(), json(value))),
        ),
    }
}
