//! Splits an output into lines and checks each.

use super::{
    line::{Line, Lines},
    record,
    rules::LineRule,
};
use crate::check::{Json, JsonFlaw, Violation, Violations, parse, size};

/// Checks log lines.
///
/// ```
/// use testbed::check::lines::LineCheck;
///
/// let lines = LineCheck::new().assert("{\"level\":\"INFO\",\"message\":\"hello\"}\n");
/// lines.message("hello").assert_keys_in_order(&["level", "message"]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct LineCheck {
    max_bytes: usize,
    records: bool,
    any_rfc_3339: bool,
}

impl LineCheck {
    /// What one line on Lambda's way to CloudWatch may have: 256 KiB less the 26 bytes that
    /// are counted for each event. Reports say that longer lines are cut there; it is no
    /// documented limit.
    pub const LAMBDA_BYTES: usize = size::LAMBDA_BYTES;

    /// Every rule except those for records, with the limit [`LAMBDA_BYTES`](Self::LAMBDA_BYTES).
    pub fn new() -> Self {
        Self {
            max_bytes: Self::LAMBDA_BYTES,
            records: false,
            any_rfc_3339: false,
        }
    }

    /// Another limit for a line without its newline.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Whether every line is a log record and must have a good `timestamp` and `level`. A line
    /// with `_aws` is none: it holds metrics.
    pub fn records(mut self, records: bool) -> Self {
        self.records = records;
        self
    }

    /// Whether the `timestamp` of a record may be any RFC 3339, which is what Lambda takes.
    /// Without this it has to be in UTC with milliseconds.
    pub fn any_rfc_3339(mut self, allowed: bool) -> Self {
        self.any_rfc_3339 = allowed;
        self
    }

    /// Reads an output and lists every violation in it.
    ///
    /// # Errors
    ///
    /// If any line breaks any rule.
    pub fn check(&self, output: impl AsRef<[u8]>) -> Result<Lines, Violations<LineRule>> {
        let mut found = Vec::new();
        let mut lines = Vec::new();
        let output = output.as_ref();
        for (position, bytes) in output.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let number = position + 1;
            let mut broken = |rule, path: &str, shown: &str| {
                found.push(Violation::new(rule, number, path, shown));
            };
            if let Some(shown) = size::too_long(bytes, self.max_bytes) {
                broken(LineRule::TooLong, "", &shown);
            }
            let Ok(text) = std::str::from_utf8(bytes) else {
                broken(LineRule::NotUtf8, "", &String::from_utf8_lossy(bytes));
                continue;
            };
            let text = match text.strip_suffix('\n') {
                Some(text) => text,
                None => {
                    broken(LineRule::NoNewline, "", text);
                    text
                }
            };
            if let Some(value) = self.line(text, &mut broken) {
                lines.push(Line::new(number, text, value));
            }
        }
        Violations::none_or(found, Lines::new(lines))
    }

    fn line(&self, text: &str, broken: &mut impl FnMut(LineRule, &str, &str)) -> Option<Json> {
        if text.is_empty() {
            broken(LineRule::EmptyLine, "", "");
            return None;
        }
        if let Some(char) = text.chars().find(|char| *char < ' ') {
            broken(LineRule::ControlCharacter, "", &char.to_string());
        }
        if text.trim_matches(' ') != text {
            broken(LineRule::SurroundingSpace, "", text);
        }
        let (value, flaws) = parse(text);
        for flaw in flaws {
            match flaw {
                JsonFlaw::Syntax(path, why) => broken(LineRule::NotJson, &path, &why),
                JsonFlaw::DuplicateKey(path) => broken(LineRule::DuplicateKey, &path, ""),
                JsonFlaw::TooDeep(path) => broken(LineRule::TooDeep, &path, ""),
            }
        }
        let value = value?;
        let Some(object) = value.as_object() else {
            broken(LineRule::NotAnObject, "", &value.to_string());
            return None;
        };
        if self.records && object.get("_aws").is_none() {
            for (rule, path, shown) in record::check(object, self.any_rfc_3339) {
                broken(rule, path, &shown);
            }
        }
        Some(value)
    }

    /// [`check`](Self::check) for a test that expects no violation.
    ///
    /// # Panics
    ///
    /// If there is one, with all of them and their lines.
    pub fn assert(&self, output: impl AsRef<[u8]>) -> Lines {
        let output = output.as_ref();
        self.check(output).unwrap_or_else(|violations| {
            let text = String::from_utf8_lossy(output);
            violations.panic(&text.split('\n').collect::<Vec<_>>())
        })
    }
}

impl Default for LineCheck {
    fn default() -> Self {
        Self::new()
    }
}
