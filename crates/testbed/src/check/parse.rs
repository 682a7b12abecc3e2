//! Reads JSON without losing anything.
//!
//! `serde_json` does the reading. One level at a time is taken as raw text, because only raw
//! text still has a number's digits, and a visitor of our own keeps every key. A text of many
//! levels is so read once for each level, which takes seconds for a megabyte in 128 levels.

use std::fmt;

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Json, Number, Object, path::Path};

/// More levels than these are not read.
const MAX_DEPTH: usize = 128;

/// What is wrong with a text, and where as a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonFlaw {
    /// It is not JSON.
    Syntax(String, String),
    /// A key stands twice in one object. The value is readable, so it is no end.
    DuplicateKey(String),
    /// More than 128 levels.
    TooDeep(String),
}

/// Reads one JSON value, and lists what is wrong with it.
///
/// Repeated keys leave a value; with bad syntax or too many levels there is none.
pub(crate) fn parse(text: &str) -> (Option<Json>, Vec<JsonFlaw>) {
    let mut reader = Reader { flaws: Vec::new() };
    let value = reader.value(text, &Path::Root, 0);
    (value, reader.flaws)
}

struct Reader {
    flaws: Vec<JsonFlaw>,
}

impl Reader {
    fn value(&mut self, text: &str, at: &Path<'_>, depth: usize) -> Option<Json> {
        let first = text.trim_start().as_bytes().first();
        if depth >= MAX_DEPTH && matches!(first, Some(b'{' | b'[')) {
            self.flaws.push(JsonFlaw::TooDeep(at.to_string()));
            return None;
        }
        match first {
            Some(b'{') => {
                let Members(raw) = self.read(text, at)?;
                self.object(raw, at, depth)
            }
            Some(b'[') => {
                let raw: Vec<&RawValue> = self.read(text, at)?;
                let items = raw.iter().enumerate();
                let items: Vec<Option<Json>> = items
                    .map(|(i, item)| self.value(item.get(), &Path::Item(at, i), depth + 1))
                    .collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Json::Array)
            }
            Some(b'"') => self.read(text, at).map(Json::Text),
            Some(b't' | b'f') => self.read(text, at).map(Json::Bool),
            Some(b'n') => self.read::<()>(text, at).map(|()| Json::Null),
            // A number, or nothing that JSON knows.
            _ => {
                let raw: &RawValue = self.read(text, at)?;
                Some(Json::Number(Number::new(raw.get())))
            }
        }
    }

    fn object(
        &mut self,
        raw: Vec<(String, &RawValue)>,
        at: &Path<'_>,
        depth: usize,
    ) -> Option<Json> {
        let mut members = Vec::with_capacity(raw.len());
        let mut seen = std::collections::HashSet::new();
        let mut readable = true;
        for (key, value) in raw {
            let here = Path::Key(at, &key);
            if !seen.insert(key.clone()) {
                self.flaws.push(JsonFlaw::DuplicateKey(here.to_string()));
            }
            match self.value(value.get(), &here, depth + 1) {
                Some(value) => members.push((key, value)),
                None => readable = false,
            }
        }
        readable.then(|| Json::Object(Object::new(members)))
    }

    fn read<'a, T: Deserialize<'a>>(&mut self, text: &'a str, at: &Path<'_>) -> Option<T> {
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let flaw = JsonFlaw::Syntax(at.to_string(), error.to_string());
                self.flaws.push(flaw);
                None
            }
        }
    }
}

/// The members of an object, each of them: a map would keep one of two equal keys.
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
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_written_and_keys_in_their_order() {
        let text = r#"{"z":1.50,"a":[1e3,-0,18446744073709551616],"m":{"b":null,"a":true}}"#;
        let (value, flaws) = parse(text);
        assert_eq!(flaws, []);
        let value = value.unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(value.as_object().unwrap().keys(), ["z", "a", "m"]);
        assert_eq!(value.pointer("/a/0").unwrap().as_f64(), Some(1000.0));
    }

    #[test]
    fn every_repeated_key_is_listed_with_its_path() {
        let (value, flaws) = parse(r#"{"a":{"b/c":1,"b/c":2},"l":[{"x":1,"x":1}],"a":3}"#);
        let paths = ["/a/b~1c", "/l/0/x", "/a"];
        assert_eq!(
            flaws,
            paths.map(|path| JsonFlaw::DuplicateKey(path.to_owned()))
        );
        assert!(value.is_some());
    }

    #[test]
    fn an_escaped_key_equals_the_plain_one() {
        let (_, flaws) = parse(r#"{"a":1,"\u0061":2}"#);
        assert_eq!(flaws, [JsonFlaw::DuplicateKey("/a".to_owned())]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let cases = [
            ("nothing", ""),
            ("a_word", "nope"),
            ("not_a_number", r#"{"a":NaN}"#),
            ("a_leading_zero", r#"{"a":01}"#),
            ("a_bare_dot", r#"{"a":1.}"#),
            ("a_trailing_comma", r#"{"a":1,}"#),
            ("half_an_object", r#"{"a":{"b":1}"#),
            ("text_after_the_value", r#"{"a":1} x"#),
            ("a_raw_control_character", "{\"a\":\"\u{1}\"}"),
            ("half_a_surrogate_pair", r#"{"a":"\ud800"}"#),
            ("a_single_quote", r#"{'a':1}"#),
        ];
        for (name, text) in cases {
            let (value, flaws) = parse(text);
            assert_eq!(value, None, "{name}");
            assert!(
                matches!(flaws[..], [JsonFlaw::Syntax(..)]),
                "{name}: {flaws:?}"
            );
        }
    }

    #[test]
    fn too_many_levels_are_a_flaw_and_not_a_stack_overflow() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(parse(&deep(128)).1, []);
        assert!(matches!(parse(&deep(129)).1[..], [JsonFlaw::TooDeep(_)]));
        assert!(!parse(&deep(20_000)).1.is_empty());
    }
}
