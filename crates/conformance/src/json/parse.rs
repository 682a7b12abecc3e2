//! Reads JSON without losing anything.
//!
//! `serde_json` does the reading, one level at a time as raw text, because only raw text still
//! has the digits of a number. A text of many levels is so read once for each of them, which is
//! nothing for lines of a few kilobytes.

use std::fmt;

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Json, Number};

/// More levels than these are not read: they would overflow the stack.
const MAX_DEPTH: usize = 500;

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

impl Json {
    /// Reads one value. Half a surrogate pair, which no text of Rust can hold, becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or nested deeper than 500 levels.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let whole: &RawValue = read(text)?;
        value(whole.get(), 0)
    }
}

fn value(text: &str, depth: usize) -> Result<Json, ParseError> {
    if depth > MAX_DEPTH {
        return Err(ParseError(format!("nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = read(text)?;
            let members = members.into_iter();
            let members = members.map(|(name, raw)| Ok((name, value(raw.get(), depth + 1)?)));
            Json::Object(members.collect::<Result<_, _>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = read(text)?;
            let items = items.iter();
            let items = items.map(|raw| value(raw.get(), depth + 1));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Text(read::<Text>(text)?.0),
        Some(b't' | b'f') => Json::Bool(read(text)?),
        Some(b'n') => read::<()>(text).map(|()| Json::Null)?,
        _ => Json::Number(Number::new(text.to_owned())),
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(text).map_err(|error| ParseError(error.to_string()))
}

/// The members of an object in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// A string, read as bytes: only so does `serde_json` let half a surrogate pair through.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_order_are_kept() {
        let text = r#"{"z": 1.50, "a": [1e3, -0, 123456789012345678901234567890], "é": null}"#;
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn of_a_repeated_name_the_last_value_counts() {
        let value = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a": 3, "b": 2}"#);
    }

    #[test]
    fn half_a_surrogate_pair_is_shown_as_a_replacement() {
        let value = Json::parse(r#"{"\ud800":"x\ud800y"}"#).unwrap().to_string();
        assert!(value.contains('\u{fffd}'), "{value}");
        assert_eq!(
            Json::parse(r#""\ud83d\ude00""#).unwrap().as_text(),
            Some("😀")
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "nope",
            "NaN",
            "[1,]",
            "01",
            "{'a':1}",
            "{\"a\":1",
            "1 2",
            "\"\u{1}\"",
        ] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn too_many_levels_are_an_error_and_no_stack_overflow() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::parse(&deep(MAX_DEPTH)).is_ok());
        let error = Json::parse(&deep(20_000))
            .expect_err("too deep")
            .to_string();
        assert!(error.contains("500 levels"), "{error}");
    }
}
