//! What stands in rows: ours, those of the other languages, and those that somebody has edited.

use std::{collections::HashMap, error::Error, fmt, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    attributes::{Attributes, ERROR, NO_RESPONSE, OVERFLOW, OWNER},
    native,
};
use crate::{
    record::{Answer, Status, StoredRecord},
    store::{StoreError, StoreErrorKind},
};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Reads a row. Attributes that mean nothing to it are left alone.
pub(super) fn read(attributes: &Attributes, item: Item) -> Result<StoredRecord, StoreError> {
    let mut row = Row(item);
    let status: Status = required(row.text(&attributes.status)?, &attributes.status)?.parse()?;
    let expiration = required(row.number(&attributes.expiry)?, &attributes.expiry)?;
    let mut record = StoredRecord::new(status, expiration)
        .with_in_progress_expiration(row.number(&attributes.in_progress_expiry)?);
    if let Some(hash) = row.text(&attributes.validation)? {
        record = record.with_payload_hash(hash);
    }
    if let Some(mark) = row.text(OWNER)? {
        record = record.with_owner(mark);
    }
    // A call that runs has no answer, whatever the row may have.
    if status == Status::Completed
        && let Some(answer) = row.answer(&attributes.data)?
    {
        record = record.with_answer(answer);
    }
    Ok(record)
}

struct Row(Item);

impl Row {
    fn text(&mut self, name: &str) -> Result<Option<String>, InvalidAttribute> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(InvalidAttribute::new(name, Problem::NotText)),
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<i64>, InvalidAttribute> {
        let number = match self.0.remove(name) {
            None => return Ok(None),
            Some(AttributeValue::N(number)) => floor(&number),
            Some(_) => None,
        };
        number
            .map(Some)
            .ok_or_else(|| InvalidAttribute::new(name, Problem::NotNumber))
    }

    /// The response comes first: another language that completes a row of ours writes it beside
    /// what we have left, and replays it.
    fn answer(&mut self, data: &str) -> Result<Option<Answer>, InvalidAttribute> {
        match self.0.remove(data) {
            None => {}
            // The JSON text of Python and of ours.
            Some(AttributeValue::S(json)) => return Ok(Some(Answer::Response(json.into()))),
            Some(native) => {
                let json = native::to_json(&native);
                let json = json.ok_or_else(|| InvalidAttribute::new(data, Problem::NotJson))?;
                return Ok(Some(Answer::Response(json.into())));
            }
        }
        if let Some(json) = self.text(ERROR)? {
            return Ok(Some(Answer::Error(json.into())));
        }
        if let Some(place) = self.text(OVERFLOW)? {
            return Ok(Some(Answer::Overflow(place.into())));
        }
        match self.0.remove(NO_RESPONSE) {
            None | Some(AttributeValue::Bool(false)) => Ok(None),
            Some(AttributeValue::Bool(true)) => Ok(Some(Answer::Omitted)),
            Some(_) => Err(InvalidAttribute::new(NO_RESPONSE, Problem::NotBool)),
        }
    }
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, InvalidAttribute> {
    value.ok_or_else(|| InvalidAttribute::new(name, Problem::Missing))
}

/// The whole number below. What is too large is the largest there is: it compares alike.
fn floor(number: &str) -> Option<i64> {
    if let Ok(whole) = number.parse() {
        return Some(whole);
    }
    // Without a float, which would round up what is close to the next number.
    if let Some((whole, fraction)) = number.split_once('.')
        && let Ok(whole) = whole.parse::<i64>()
        && fraction.bytes().all(|digit| digit.is_ascii_digit())
    {
        let below = number.starts_with('-') && fraction.bytes().any(|digit| digit != b'0');
        return Some(whole.saturating_sub(i64::from(below)));
    }
    let number: f64 = number.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, as it is to"
    )]
    number.is_finite().then(|| number.floor() as i64)
}

/// An attribute of a row without which it is no record, or that is not what it must be: the
/// source of errors of the kind [`InvalidRecord`](StoreErrorKind::InvalidRecord).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAttribute {
    attribute: Arc<str>,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Missing,
    NotText,
    NotNumber,
    NotBool,
    NotJson,
}

impl InvalidAttribute {
    fn new(attribute: &str, problem: Problem) -> Self {
        Self {
            attribute: attribute.into(),
            problem,
        }
    }

    /// The name of the attribute.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Whether the row does not have it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.problem == Problem::Missing
    }
}

impl fmt::Display for InvalidAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Missing => "is missing",
            Problem::NotText => "is not of type S",
            Problem::NotNumber => "is not of type N",
            Problem::NotBool => "is not of type BOOL",
            Problem::NotJson => "has a value that has no JSON text",
        };
        write!(f, "attribute `{}` {problem}", self.attribute)
    }
}

impl Error for InvalidAttribute {}

impl From<InvalidAttribute> for StoreError {
    fn from(invalid: InvalidAttribute) -> Self {
        Self::new(StoreErrorKind::InvalidRecord).with_source(invalid)
    }
}

#[cfg(test)]
mod tests;
