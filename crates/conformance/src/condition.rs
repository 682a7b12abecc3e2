//! What a deviation may ask of a case.

use serde::Deserialize;

use crate::{case::Case, glob, json::Json, path::Path};

/// One condition of `when`; the header of `deviations.toml` lists the forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// The note contains this text.
    Note(String),
    /// A value that the path selects passes the test.
    Some {
        place: Place,
        path: Path,
        test: Test,
    },
    /// The path selects nothing.
    Nothing { place: Place, path: Path },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Input,
    Expected,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Exists,
    OneOf(Vec<Json>),
    Contains(String),
    Matches(String),
    Type(Type),
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
    /// A text that is JSON itself, as Python reads it.
    JsonText,
    Array,
    Object,
}

/// A condition as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    path: Option<String>,
    expected_path: Option<String>,
    note_contains: Option<String>,
    exists: Option<bool>,
    equals: Option<toml::Value>,
    one_of: Option<Vec<toml::Value>>,
    contains: Option<String>,
    matches: Option<String>,
    r#type: Option<Type>,
}

impl Written {
    pub(crate) fn read(self) -> Result<Condition, String> {
        let (place, path) = match (self.path, self.expected_path) {
            (Some(path), None) => (Place::Input, path),
            (None, Some(path)) => (Place::Expected, path),
            _ if self.note_contains.is_some() => (Place::Input, String::new()),
            _ => return Err("a condition has one of path, expected_path, note_contains".to_owned()),
        };
        let mut exists = self.exists;
        let tests: Vec<Test> = [
            exists.take_if(|exists| *exists).map(|_| Test::Exists),
            self.equals.map(|value| Test::OneOf(vec![json(&value)])),
            self.one_of
                .map(|values| Test::OneOf(values.iter().map(json).collect())),
            self.contains.map(Test::Contains),
            self.matches.map(Test::Matches),
            self.r#type.map(Test::Type),
        ]
        .into_iter()
        .flatten()
        .collect();
        let one_test = "a path has one test: exists, equals, one_of, contains, matches or type";
        if let Some(note) = self.note_contains {
            if !path.is_empty() || exists.is_some() || !tests.is_empty() {
                return Err("note_contains stands alone in its condition".to_owned());
            }
            return Ok(Condition::Note(note));
        }
        let path = Path::parse(&path)?;
        match (exists, <[Test; 1]>::try_from(tests)) {
            (None, Ok([test])) => Ok(Condition::Some { place, path, test }),
            (Some(_), Err(tests)) if tests.is_empty() => Ok(Condition::Nothing { place, path }),
            _ => Err(one_test.to_owned()),
        }
    }
}

impl Condition {
    pub(crate) fn holds(&self, case: &Case) -> bool {
        match self {
            Self::Note(part) => case.note().contains(part.as_str()),
            Self::Some { place, path, test } => path
                .select(place.of(case))
                .into_iter()
                .any(|v| test.passes(v)),
            Self::Nothing { place, path } => path.select(place.of(case)).is_empty(),
        }
    }
}

impl Place {
    fn of(self, case: &Case) -> &Json {
        match self {
            Self::Input => case.input(),
            Self::Expected => case.expected(),
        }
    }
}

impl Test {
    fn passes(&self, value: &Json) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values.contains(value),
            Self::Contains(part) => value.as_text().is_some_and(|text| text.contains(part)),
            Self::Matches(glob) => value
                .as_text()
                .is_some_and(|text| glob::matches(glob, text)),
            Self::Type(r#type) => r#type.is_of(value),
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
            (Self::JsonText, Json::Text(text)) => {
                matches!(text.trim(), "NaN" | "Infinity" | "-Infinity") || Json::parse(text).is_ok()
            }
            _ => false,
        }
    }
}

fn json(value: &toml::Value) -> Json {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = concat!(
        r#"{"id":"a","utility":"u","note":"oracle quirk: a note","#,
        r#""input":{"op":"log","n":1,"big":18446744073709551616,"f":1.5,"t":true,"z":null,"#,
        r#""list":["x",{"op":"deep"}],"json":"{\"a\":1}","nan":" NaN ","text":"plain"},"#,
        r#""expected":{"lines":[{"level":"INFO"}]}}"#,
    );

    fn condition(text: &str) -> Result<Condition, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        written.read()
    }

    fn holds(text: &str) -> bool {
        let case = Case::read_lines(CASE.as_bytes(), "x").unwrap().remove(0);
        condition(text).unwrap().holds(&case)
    }

    #[test]
    fn each_test_holds_and_fails() {
        for (text, expected) in [
            ("path = 'op'\nequals = 'log'", true),
            ("path = 'op'\nequals = 'lo'", false),
            ("path = 'n'\nequals = 1.0", true),
            ("path = 'n'\nequals = '1'", false),
            ("path = 't'\nequals = true", true),
            ("path = 'list[1]'\nequals = { op = 'deep' }", true),
            ("path = 'list'\nequals = ['x']", false),
            ("path = '**.op'\none_of = ['nothing', 'deep']", true),
            ("path = '**.op'\none_of = []", false),
            ("path = 'z'\nexists = true", true),
            ("path = 'y'\nexists = true", false),
            ("path = 'y'\nexists = false", true),
            ("path = 'z'\nexists = false", false),
            ("path = 'text'\ncontains = 'lai'", true),
            ("path = 'text'\ncontains = 'xyz'", false),
            ("path = 'n'\ncontains = '1'", false),
            ("path = 'text'\nmatches = 'p*n'", true),
            ("path = 'text'\nmatches = 'lai'", false),
            ("expected_path = 'lines[*].level'\nequals = 'INFO'", true),
            ("path = 'lines[*].level'\nequals = 'INFO'", false),
            ("note_contains = 'quirk'", true),
            ("note_contains = 'quark'", false),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn each_type_is_told_from_the_others() {
        for (path, types) in [
            ("z", "null"),
            ("t", "bool"),
            ("n", "number integer"),
            ("big", "number integer big-integer"),
            ("f", "number"),
            ("text", "text"),
            ("json", "text json-text"),
            ("nan", "text json-text"),
            ("list", "array"),
            ("list[1]", "object"),
        ] {
            for r#type in [
                "null",
                "bool",
                "number",
                "integer",
                "big-integer",
                "text",
                "json-text",
                "array",
                "object",
            ] {
                let text = format!("path = '{path}'\ntype = '{type}'");
                let expected = types.split(' ').any(|own| own == r#type);
                assert_eq!(holds(&text), expected, "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            "",
            "path = 'a'",
            "path = 'a'\nexpected_path = 'b'\nexists = true",
            "path = 'a'\nexists = true\nequals = 1",
            "path = 'a'\nexists = false\nequals = 1",
            "path = 'a'\ncontains = 'x'\nmatches = 'x'",
            "path = 'a['\nexists = true",
            "path = ''\nexists = true",
            "path = 'a'\ntype = 'word'",
            "path = 'a'\nregex = 'x'",
            "exists = true",
            "note_contains = 'x'\nexists = true",
            "note_contains = 'x'\nequals = 1",
            "path = 'a'\nnote_contains = 'x'",
        ] {
            assert!(condition(text).is_err(), "{text}");
        }
    }
}
