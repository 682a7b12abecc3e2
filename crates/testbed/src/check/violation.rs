//! What a check found wrong.

use std::{error::Error, fmt};

use super::Rule;

/// One rule that is broken at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation<R> {
    rule: R,
    line: usize,
    path: String,
    found: String,
}

impl<R: Rule> Violation<R> {
    pub(crate) fn new(rule: R, line: usize, path: impl Into<String>, found: &str) -> Self {
        Self {
            rule,
            line,
            path: path.into(),
            found: shortened(found, 120),
        }
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> R {
        self.rule
    }

    /// The number of the line or of the document, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Where, as a JSON pointer; empty for the whole line.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands there, shortened.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl<R: Rule> fmt::Display for Violation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        write!(f, "line {} {path} {}", self.line, self.rule.id())?;
        if self.found.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.found)
    }
}

/// Every violation that a check found; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations<R>(Vec<Violation<R>>);

impl<R: Rule> Violations<R> {
    pub(crate) fn none_or<T>(found: Vec<Violation<R>>, value: T) -> Result<T, Self> {
        if found.is_empty() {
            return Ok(value);
        }
        Err(Self(found))
    }

    /// All of them, in the order in which the check found them: line by line, and within a
    /// line what is wrong with its text before what is wrong with its members.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation<R>> {
        self.0.iter()
    }

    /// The rules that are broken, one for each violation.
    #[must_use]
    pub fn rules(&self) -> Vec<R> {
        self.0.iter().map(Violation::rule).collect()
    }

    /// Whether this rule is among them.
    #[must_use]
    pub fn has(&self, rule: R) -> bool {
        self.0.iter().any(|violation| violation.rule == rule)
    }

    /// Fails the test with every violation and the lines that have one.
    pub(crate) fn panic(&self, texts: &[&str]) -> ! {
        let mut message = format!("{self}");
        let mut shown: Vec<usize> = self.0.iter().map(|violation| violation.line).collect();
        shown.sort_unstable();
        shown.dedup();
        for line in shown {
            let text = texts.get(line.saturating_sub(1)).copied();
            let text = shortened(text.unwrap_or("(not there)"), 2_000);
            message.push_str(&format!("\n  line {line}: {text}"));
        }
        panic!("{message}")
    }
}

impl<'a, R: Rule> IntoIterator for &'a Violations<R> {
    type Item = &'a Violation<R>;
    type IntoIter = std::slice::Iter<'a, Violation<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<R: Rule> fmt::Display for Violations<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} violation(s)", self.0.len())?;
        for violation in &self.0 {
            write!(f, "\n  {violation}")?;
        }
        Ok(())
    }
}

impl<R: Rule> Error for Violations<R> {}

/// `text` with its control characters visible, cut after `limit` characters.
fn shortened(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for (position, char) in text.chars().enumerate() {
        if position == limit {
            short.push_str(&format!("… ({} bytes)", text.len()));
            break;
        }
        if char.is_control() {
            short.extend(char.escape_default());
        } else {
            short.push(char);
        }
    }
    short
}
