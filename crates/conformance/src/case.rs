//! One line of a vector file.

use std::{fmt, path::Path, sync::Arc};

use crate::json::Json;

const MEMBERS: [&str; 5] = ["id", "utility", "note", "input", "expected"];

/// A case: what goes in and what the other implementation answered.
#[derive(Debug, Clone)]
pub struct Case {
    file: Arc<str>,
    line: usize,
    id: String,
    utility: String,
    note: String,
    input: Json,
    expected: Json,
    unknown: Option<String>,
}

impl Case {
    /// The cases of a file of JSON lines; empty lines are skipped.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a line is no case; the error names file and line.
    pub fn read_file(path: &Path, shown_as: &str) -> Result<Vec<Self>, ReadError> {
        let bytes = std::fs::read(path).map_err(|error| ReadError::new(shown_as, None, &error))?;
        Self::read_lines(&bytes, shown_as)
    }

    /// The cases of these JSON lines; empty lines are skipped.
    ///
    /// # Errors
    ///
    /// If a line is no case.
    pub fn read_lines(bytes: &[u8], shown_as: &str) -> Result<Vec<Self>, ReadError> {
        let file: Arc<str> = shown_as.into();
        let mut cases = Vec::new();
        for (position, bytes) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let line = position + 1;
            let error = |message: &dyn fmt::Display| ReadError::new(shown_as, Some(line), message);
            let text = std::str::from_utf8(bytes).map_err(|utf8| error(&utf8))?;
            if text.trim().is_empty() {
                continue;
            }
            let json = Json::parse(text).map_err(|parse| error(&parse))?;
            let case = Self::new(&file, line, &json).map_err(|missing| error(&missing))?;
            cases.push(case);
        }
        Ok(cases)
    }

    fn new(file: &Arc<str>, line: usize, json: &Json) -> Result<Self, String> {
        let Some(object) = json.as_object() else {
            return Err("a case is an object".to_owned());
        };
        let member = |name| {
            let missing = || format!("the case has no member `{name}`");
            object.get(name).ok_or_else(missing)
        };
        let text = |name| {
            let other = || format!("the case's member `{name}` is no string");
            member(name)?.as_text().map(str::to_owned).ok_or_else(other)
        };
        Ok(Self {
            file: Arc::clone(file),
            line,
            id: text("id")?,
            utility: text("utility")?,
            note: text("note")?,
            input: member("input")?.clone(),
            expected: member("expected")?.clone(),
            unknown: object.name_other_than(&MEMBERS).map(str::to_owned),
        })
    }

    /// The file, as it was named when it was read.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from one.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The id, which is stable only within one file.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of the utility.
    #[must_use]
    pub fn utility(&self) -> &str {
        &self.utility
    }

    /// What the case shows, in words.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What goes in.
    #[must_use]
    pub fn input(&self) -> &Json {
        &self.input
    }

    /// What the other implementation answered.
    #[must_use]
    pub fn expected(&self) -> &Json {
        &self.expected
    }

    /// A member beside the five of a case: nobody knows what it asks for.
    #[must_use]
    pub fn unknown_member(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

/// Why a file cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(String);

impl ReadError {
    pub(crate) fn new(file: &str, line: Option<usize>, message: &dyn fmt::Display) -> Self {
        Self(match line {
            Some(line) => format!("{file}:{line}: {message}"),
            None => format!("cannot read {file}: {message}"),
        })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"a","utility":"u","note":"n","input":{"k":1},"expected":[2]}"#;

    fn read(text: &str) -> Result<Vec<Case>, String> {
        Case::read_lines(text.as_bytes(), "x.jsonl").map_err(|error| error.to_string())
    }

    #[test]
    fn case_keeps_its_members_and_its_line() {
        let cases = read(&format!("\n{GOOD}\r\n\n{GOOD}")).unwrap();
        let lines: Vec<_> = cases.iter().map(Case::line).collect();
        assert_eq!(lines, [2, 4]);
        let case = &cases[0];
        assert_eq!(
            (case.file(), case.id(), case.utility(), case.note()),
            ("x.jsonl", "a", "u", "n")
        );
        assert_eq!(case.input().to_string(), r#"{"k": 1}"#);
        assert_eq!(case.expected().to_string(), "[2]");
        assert_eq!(case.unknown_member(), None);
    }

    #[test]
    fn error_names_file_and_line() {
        for (line, part) in [
            ("{", "EOF"),
            ("[]", "a case is an object"),
            (r#"{"id":"a"}"#, "no member `utility`"),
            (
                &GOOD.replace(r#""note":"n""#, r#""note":1"#),
                "`note` is no string",
            ),
        ] {
            let error = read(&format!("{GOOD}\n{line}\n")).expect_err("a broken line");
            assert!(error.starts_with("x.jsonl:2: "), "{error}");
            assert!(error.contains(part), "{error}");
        }
        let error = Case::read_lines(b"\xff", "x.jsonl").expect_err("no text");
        assert!(error.to_string().starts_with("x.jsonl:1: "), "{error}");
    }

    #[test]
    fn member_beside_the_five_is_remembered() {
        let cases = read(&GOOD.replacen('{', r#"{"extra":1,"#, 1)).unwrap();
        assert_eq!(cases[0].unknown_member(), Some("extra"));
    }
}
