//! Values of a case as a user's program holds them.
//!
//! JSON has no decimals, times and so on; the vectors write them as `{"$": KIND, …}`. How such a
//! value looks in a line is for its own `Serialize` to say. Ours say what Python's does: text.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::json::{Json, Number};

const KINDS: [&str; 9] = [
    "nan", "inf", "decimal", "datetime", "bytes", "set", "tuple", "object", "repeat",
];

/// A kind of special value that nobody knows, anywhere in here.
pub(in crate::arms) fn unknown(value: &Json) -> Option<String> {
    match value {
        Json::Array(items) => items.iter().find_map(unknown),
        Json::Object(object) => match kind(value) {
            Some(kind) if !KINDS.contains(&kind) || display(value).is_none() => {
                Some(value.to_string())
            }
            _ => object.iter().find_map(|(_, value)| unknown(value)),
        },
        _ => None,
    }
}

pub(in crate::arms) fn kind(value: &Json) -> Option<&str> {
    value.get("$")?.as_text()
}

/// A long text, or one that is written out.
pub(in crate::arms) fn text(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone()),
        other if kind(other) == Some("repeat") => display(other),
        _ => None,
    }
}

/// Python's display text.
pub(in crate::arms) fn display(value: &Json) -> Option<String> {
    let own = value.get("value");
    let text = || own.and_then(Json::as_text);
    Some(match kind(value)? {
        "nan" => "nan".to_owned(),
        "inf" => "inf".to_owned(),
        "decimal" => text()?.to_owned(),
        "datetime" => {
            let text = text()?.replacen('T', " ", 1);
            match text.strip_suffix('Z') {
                Some(local) => format!("{local}+00:00"),
                None => text,
            }
        }
        "bytes" => format!("b'{}'", text()?.escape_default()),
        "set" => {
            let items = own?.as_array()?;
            let items: Vec<_> = items.iter().map(literal).collect();
            match items.is_empty() {
                true => "set()".to_owned(),
                false => format!("{{{}}}", items.join(", ")),
            }
        }
        "tuple" => Json::Array(own?.as_array()?.to_vec()).to_string(),
        "object" => value.get("str")?.as_text()?.to_owned(),
        "repeat" => {
            let count = value.get("count")?.as_number()?.as_u64()?;
            let one = value.get("char")?.as_text()?;
            one.repeat(usize::try_from(count).ok()?)
        }
        _ => return None,
    })
}

fn literal(value: &Json) -> String {
    match value {
        Json::Text(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// A value of a case that can be serialized.
#[derive(Debug, Clone, Copy)]
pub(in crate::arms) struct Value<'a> {
    json: &'a Json,
    odd: Odd,
}

/// What is written for a value that JSON does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    /// Python's display text.
    Text,
    /// `<coerced>`.
    Coerced,
    /// Nothing: it cannot be serialized.
    Nothing,
}

impl<'a> Value<'a> {
    pub(in crate::arms) fn new(json: &'a Json, coerces: bool) -> Self {
        let odd = if coerces { Odd::Coerced } else { Odd::Text };
        Self { json, odd }
    }

    /// A value whose `Serialize` fails where JSON has nothing of the kind.
    pub(in crate::arms) fn strict(json: &'a Json) -> Self {
        let odd = Odd::Nothing;
        Self { json, odd }
    }

    fn with(self, json: &'a Json) -> Self {
        Self { json, ..self }
    }

    fn special<S: Serializer>(self, kind: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.json.get("value").and_then(Json::as_array);
        match (kind, items) {
            ("nan", _) => serializer.serialize_f64(f64::NAN),
            ("inf", _) => serializer.serialize_f64(f64::INFINITY),
            ("tuple", Some(items)) => {
                serializer.collect_seq(items.iter().map(|item| self.with(item)))
            }
            ("repeat", _) => serializer.serialize_str(&display(self.json).unwrap_or_default()),
            _ if self.odd == Odd::Coerced => serializer.serialize_str("<coerced>"),
            _ if self.odd == Odd::Nothing => {
                Err(serde::ser::Error::custom(format!("JSON has no {kind}")))
            }
            _ => serializer.serialize_str(&display(self.json).unwrap_or_default()),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.json {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => write_number(number, serializer),
            Json::Text(text) => serializer.serialize_str(text),
            Json::Array(items) => serializer.collect_seq(items.iter().map(|item| self.with(item))),
            Json::Object(object) => {
                if let Some(kind) = kind(self.json) {
                    return self.special(kind, serializer);
                }
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (name, value) in object.iter() {
                    map.serialize_entry(name, &self.with(value))?;
                }
                map.end()
            }
        }
    }
}

fn write_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    if !number.is_integer() {
        return serializer.serialize_f64(number.as_f64());
    }
    if let Some(integer) = number.as_i64() {
        return serializer.serialize_i64(integer);
    }
    match number.as_written().parse() {
        Ok(integer) => serializer.serialize_i128(integer),
        Err(_) => serializer.serialize_f64(number.as_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str, coerces: bool) -> String {
        let json = Json::parse(json).unwrap();
        assert_eq!(unknown(&json), None);
        serde_json::to_string(&Value::new(&json, coerces)).unwrap()
    }

    #[test]
    fn special_values_have_the_text_of_the_other_implementation() {
        for (json, expected) in [
            (r#"{"$":"decimal","value":"1.10"}"#, r#""1.10""#),
            (
                r#"{"$":"datetime","value":"2023-01-02T03:04:05+00:00"}"#,
                r#""2023-01-02 03:04:05+00:00""#,
            ),
            (r#"{"$":"bytes","value":"xyz"}"#, r#""b'xyz'""#),
            (r#"{"$":"object","str":"thing!"}"#, r#""thing!""#),
            (r#"{"$":"tuple","value":[1,{"$":"nan"}]}"#, "[1,null]"),
            (r#"{"$":"set","value":["a"]}"#, r#""{'a'}""#),
            (r#"{"$":"repeat","char":"a","count":3}"#, r#""aaa""#),
        ] {
            assert_eq!(written(json, false), expected);
        }
    }

    #[test]
    fn only_what_json_lacks_is_coerced() {
        let json = r#"{"b":[{"$":"decimal","value":"1"},{"$":"tuple","value":[2]}],"a":1.5}"#;
        assert_eq!(written(json, true), r#"{"b":["<coerced>",[2]],"a":1.5}"#);
    }

    #[test]
    fn strict_value_serializes_only_as_json() {
        let strict = |json: &str| {
            let json = Json::parse(json).unwrap();
            serde_json::to_string(&Value::strict(&json)).ok()
        };
        let written = strict(r#"[{"$":"tuple","value":[1]},{"$":"nan"}]"#);
        assert_eq!(written.as_deref(), Some("[[1],null]"));
        assert_eq!(strict(r#"{"a":{"$":"set","value":[1]}}"#), None);
    }

    #[test]
    fn kind_that_nobody_knows_is_told() {
        for json in [r#"[{"$":"enum"}]"#, r#"{"a":{"$":"decimal"}}"#] {
            assert!(unknown(&Json::parse(json).unwrap()).is_some(), "{json}");
        }
    }
}
