use serde_json::Value;

use super::parser::Parser;
use super::{CanonicalError, Dialect, text};

/// Which selected values count as no key at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Null, empty text, and arrays and objects that hold only nulls or nothing.
    Python,
    /// TypeScript that throws: each falsy value (0 and false too), and arrays and objects that
    /// hold only such values or nothing.
    TypeScript,
    /// TypeScript that skips: null alone, and only where an expression selected it.
    TypeScriptSkip,
}

impl Missing {
    pub(crate) fn in_value(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Python, Value::Array(items)) => items.iter().all(Value::is_null),
            (Self::Python, Value::Object(members)) => members.values().all(Value::is_null),
            (Self::Python, Value::String(text)) => text.is_empty(),
            (Self::TypeScript, Value::Array(items)) => items.iter().all(is_falsy),
            (Self::TypeScript, Value::Object(members)) => members.values().all(is_falsy),
            (Self::TypeScript, value) => is_falsy(value),
            (Self::Python | Self::TypeScriptSkip, value) => value.is_null(),
        }
    }

    pub(crate) fn in_json(self, json: &[u8]) -> Result<bool, CanonicalError> {
        let mut parser = Parser::new(json, self.dialect())?;
        let nested = matches!(parser.next_byte(), Some(b'{' | b'['));
        if !nested || self == Self::TypeScriptSkip {
            return Ok(self.is_missing_scalar(parser.whole()?.as_bytes()));
        }
        let mut children = Vec::new();
        parser.children(|key, value| {
            children.push((
                key.map(text::units),
                self.is_missing_child(value.as_bytes()),
            ));
        })?;
        parser.end()?;
        if children.iter().all(|(_, missing)| *missing) {
            return Ok(true);
        }
        // The last value of a key counts
        children.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut keys = children.chunk_by(|(a, _), (b, _)| a.is_some() && a == b);
        Ok(keys.all(|values| values.last().is_none_or(|(_, missing)| *missing)))
    }

    /// Of canonical bytes: looks no further than the first child that is there.
    ///
    /// Says what the other forms say of Python's bytes. TypeScript's lack two things that
    /// TypeScript sees: an infinity, written as null, is there, and so is the value of a member
    /// `__proto__`, which is never written. So what these say is there is there, but not the
    /// other way round.
    pub(crate) fn in_canonical(self, bytes: &[u8]) -> bool {
        let object = match bytes.first() {
            Some(b'{') if self != Self::TypeScriptSkip => true,
            Some(b'[') if self != Self::TypeScriptSkip => false,
            _ => return self.is_missing_scalar(bytes),
        };
        let mut rest = &bytes[1..];
        while !matches!(rest, [] | [b'}' | b']']) {
            rest = skip(rest, b", ");
            if object {
                rest = skip(after_key(rest), b": ");
            }
            // Commas and brackets stand in no value that is missing
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']'));
            let (child, after) = rest.split_at(end.unwrap_or(rest.len()));
            if !self.is_missing_child(child) {
                return false;
            }
            rest = after;
        }
        true
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Python => Dialect::Python,
            Self::TypeScript | Self::TypeScriptSkip => Dialect::TypeScript,
        }
    }

    fn is_missing_scalar(self, json: &[u8]) -> bool {
        match self {
            Self::Python => matches!(json, b"null" | b"\"\""),
            Self::TypeScript => is_falsy_json(json),
            Self::TypeScriptSkip => json == b"null",
        }
    }

    fn is_missing_child(self, json: &[u8]) -> bool {
        match self {
            Self::TypeScript => is_falsy_json(json),
            Self::Python | Self::TypeScriptSkip => json == b"null",
        }
    }
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_falsy_json(json: &[u8]) -> bool {
    match json {
        b"null" | b"false" | b"\"\"" | b"NaN" => true,
        // 1e-400 is zero too
        [b'-' | b'0'..=b'9', ..] => {
            std::str::from_utf8(json).is_ok_and(|number| number.parse() == Ok(0.0))
        }
        _ => false,
    }
}

fn skip<'j>(json: &'j [u8], bytes: &[u8]) -> &'j [u8] {
    let kept = json.iter().position(|byte| !bytes.contains(byte));
    &json[kept.unwrap_or(json.len())..]
}

/// What stands behind the string that `json` begins with.
fn after_key(json: &[u8]) -> &[u8] {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(&[], |end| &json[end + 2..])
}
