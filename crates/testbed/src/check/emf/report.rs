//! Where the parts of the checker put what they find.

use super::rules::EmfRule;
use crate::check::{Json, Violation};

/// The violations of one line.
#[derive(Debug)]
pub(super) struct Report {
    line: usize,
    found: Vec<Violation<EmfRule>>,
}

impl Report {
    pub(super) fn new(line: usize) -> Self {
        Self {
            line,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, rule: EmfRule, path: &str, found: &str) {
        let violation = Violation::new(rule, self.line, path, found);
        self.found.push(violation);
    }

    /// A member that is missing or has the wrong type.
    pub(super) fn wrong(&mut self, rule: EmfRule, path: &str, found: Option<&Json>) {
        let found = found.map_or("missing".to_owned(), ToString::to_string);
        self.add(rule, path, &found);
    }

    /// The number of characters, if it is not from 1 to `most`.
    pub(super) fn length(&mut self, rule: EmfRule, path: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length == 0 || length > most {
            self.add(
                rule,
                path,
                &format!("{length} characters, 1 to {most} allowed"),
            );
        }
    }

    pub(super) fn into_violations(self) -> Vec<Violation<EmfRule>> {
        self.found
    }
}
