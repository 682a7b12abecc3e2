//! Members and their types.

use super::rules::TraceRule;
use crate::check::{Json, Object, Violation, path};

/// The violations of one document.
#[derive(Debug)]
pub(super) struct Report {
    line: usize,
    found: Vec<Violation<TraceRule>>,
}

impl Report {
    pub(super) fn new(line: usize) -> Self {
        Self {
            line,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, rule: TraceRule, path: &str, found: &str) {
        self.found
            .push(Violation::new(rule, self.line, path, found));
    }

    pub(super) fn wrong(&mut self, rule: TraceRule, path: &str, found: Option<&Json>) {
        let found = found.map_or("missing".to_owned(), ToString::to_string);
        self.add(rule, path, &found);
    }

    pub(super) fn into_violations(self) -> Vec<Violation<TraceRule>> {
        self.found
    }
}

/// What a member has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A string of at most 250 characters.
    Text,
    /// A string without a limit in the schema.
    LongText,
    Bool,
    Number,
    /// An exception's or a segment's id.
    Id,
    Texts,
    Object,
    Array,
    /// Looked at elsewhere.
    Checked,
}

/// Checks every member of `object` against the table.
pub(super) fn check(object: &Object, at: &str, table: &[(&str, Kind)], report: &mut Report) {
    for (key, value) in object.iter() {
        let at = path::step(at, key);
        match table.iter().find(|(name, _)| *name == key) {
            Some((_, kind)) => one(value, &at, *kind, report),
            None => report.add(TraceRule::UnknownMember, &at, &value.to_string()),
        }
    }
}

/// Checks one value.
pub(super) fn one(value: &Json, at: &str, kind: Kind, report: &mut Report) {
    let good = match kind {
        Kind::Text => {
            let length = value.as_text().map(|text| text.chars().count());
            if let Some(length @ 251..) = length {
                report.add(TraceRule::StringLength, at, &format!("{length} characters"));
            }
            length.is_some()
        }
        Kind::LongText => value.as_text().is_some(),
        Kind::Bool => value.as_bool().is_some(),
        Kind::Number => value.as_number().is_some(),
        Kind::Id => value.as_text().is_some_and(is_id),
        Kind::Texts => {
            let items = value.as_array();
            items.is_some_and(|items| items.iter().all(|item| item.as_text().is_some()))
        }
        Kind::Object => value.as_object().is_some(),
        Kind::Array => value.as_array().is_some(),
        Kind::Checked => true,
    };
    if !good {
        report.add(TraceRule::MemberType, at, &value.to_string());
    }
}

/// 16 hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    is_hex(text, 16)
}

pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
