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
    Integer,
    /// An exception's or a segment's id.
    Id,
    Ids,
    Texts,
    Objects,
    Object,
    Array,
    /// Looked at elsewhere.
    Checked,
}

/// Names and kinds of members.
pub(super) type Members = &'static [(&'static str, Kind)];

/// The members that a block may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    both: Members,
    segment: Members,
    subsegment: Members,
    open: bool,
}

impl Table {
    pub(super) const fn new(both: Members) -> Self {
        Self {
            both,
            segment: &[],
            subsegment: &[],
            open: false,
        }
    }

    /// With members that only a segment, and some that only a subsegment has.
    pub(super) const fn apart(mut self, segment: Members, subsegment: Members) -> Self {
        (self.segment, self.subsegment) = (segment, subsegment);
        self
    }

    /// Others may be there as well.
    pub(super) const fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

/// Checks every member of `object`, a part of a segment or of a subsegment.
pub(super) fn check(
    object: &Object,
    at: &str,
    table: Table,
    is_subsegment: bool,
    report: &mut Report,
) {
    let (own, foreign, rule) = match is_subsegment {
        true => (table.subsegment, table.segment, TraceRule::SegmentMember),
        false => (table.segment, table.subsegment, TraceRule::SubsegmentMember),
    };
    let known = |members: Members, key| members.iter().find(|(name, _)| *name == key);
    for (key, value) in object.iter() {
        let at = path::step(at, key);
        if let Some((_, kind)) = known(table.both, key).or_else(|| known(own, key)) {
            one(value, &at, *kind, report);
        } else if known(foreign, key).is_some() {
            report.add(rule, &at, &value.to_string());
        } else if !table.open {
            report.add(TraceRule::UnknownMember, &at, &value.to_string());
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
        Kind::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Kind::Id => value.as_text().is_some_and(is_id),
        Kind::Ids => all(value, |item| item.as_text().is_some_and(is_id)),
        Kind::Texts => all(value, |item| item.as_text().is_some()),
        Kind::Objects => all(value, |item| item.as_object().is_some()),
        Kind::Object => value.as_object().is_some(),
        Kind::Array => value.as_array().is_some(),
        Kind::Checked => true,
    };
    if !good {
        report.add(TraceRule::MemberType, at, &value.to_string());
    }
}

fn all(value: &Json, good: impl Fn(&Json) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(good))
}

/// 16 hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    is_hex(text, 16)
}

pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
