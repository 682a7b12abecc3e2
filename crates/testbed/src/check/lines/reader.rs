//! Splits an output into lines and checks each.

use super::{
    line::{Line, Lines},
    record,
    rules::LineRule,
};
use crate::check::{Json, JsonFlaw, Violation, Violations, parse};

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
}

impl LineCheck {
    /// What one line on Lambda's way to CloudWatch may have: 256 KiB less the 26 bytes that
    /// are counted for each event. Reports say that longer lines are cut there; it is no
    /// documented limit.
    pub const LAMBDA_BYTES: usize = 256 * 1024 - 26;

    /// Every rule except those for records, with the limit [`LAMBDA_BYTES`](Self::LAMBDA_BYTES).
    pub fn new() -> Self {
        Self {
            max_bytes: Self::LAMBDA_BYTES,
            records: false,
        }
    }

    /// Another limit for a line with its newline.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Whether every line is a log record and must have a good `timestamp` and `level`.
    pub fn records(mut self, records: bool) -> Self {
        self.records = records;
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
            if bytes.len() > self.max_bytes {
                let shown = format!("{} bytes of at most {}", bytes.len(), self.max_bytes);
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
            if let Some(object) = self.line(text, &mut broken) {
                lines.push(Line::new(number, text, object));
            }
        }
        Violations::none_or(found, Lines::new(lines))
    }

    fn line(
        &self,
        text: &str,
        broken: &mut impl FnMut(LineRule, &str, &str),
    ) -> Option<crate::check::Object> {
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
        let object = match value? {
            Json::Object(object) => object,
            other => {
                broken(LineRule::NotAnObject, "", &other.to_string());
                return None;
            }
        };
        if self.records {
            for (rule, path, shown) in record::check(&object) {
                broken(rule, path, &shown);
            }
        }
        Some(object)
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
