//! Reads the answer to a batch by the rules that Lambda documents.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::outcome::Outcome;

/// Why a whole batch counts as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The function returned an error, or crashed.
    FunctionError,
    /// The function ran out of time.
    TimedOut,
    /// The answer is not JSON.
    InvalidJson,
    /// An entry has an empty, a null or no `itemIdentifier`.
    BadIdentifier,
    /// An entry names an item that is not in the batch (SQS only).
    UnknownIdentifier(String),
    /// The source has a tumbling window, and the answer has no `state`.
    MissingState,
    /// Lambda's documentation does not say what happens; see [`Undocumented`].
    Undocumented(String),
}

/// What to do with an answer that Lambda's documentation says nothing about, such as a sequence
/// number that is not in the batch, or a `batchItemFailures` that is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Undocumented {
    /// The batch fails, and the log notes a violation, so that every check of the log panics.
    #[default]
    Refuse,
    /// The batch fails.
    FailBatch,
    /// The part of the answer that is not understood counts as absent.
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Queue,
    Stream,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) kind: Kind,
    pub(crate) report_batch_item_failures: bool,
    pub(crate) undocumented: Undocumented,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    Success,
    /// The places in the batch of the failed items; never empty.
    Partial(BTreeSet<usize>),
    Failed(Cause),
}

#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) verdict: Verdict,
    pub(crate) violation: Option<String>,
}

impl From<Verdict> for Reading {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            violation: None,
        }
    }
}

impl From<Cause> for Reading {
    fn from(cause: Cause) -> Self {
        Verdict::Failed(cause).into()
    }
}

/// Reads the answer for a batch of `ids`.
pub(crate) fn read(outcome: &Outcome, ids: &[&str], rules: Rules) -> Reading {
    let body = match outcome {
        Outcome::Answer(body) => body,
        Outcome::Error => return Cause::FunctionError.into(),
        Outcome::TimedOut => return Cause::TimedOut.into(),
    };
    if !rules.report_batch_item_failures || body.trim_ascii().is_empty() {
        return Verdict::Success.into();
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return Cause::InvalidJson.into();
    };
    let list = match answer {
        Value::Object(mut fields) => fields.remove("batchItemFailures").unwrap_or(Value::Null),
        Value::Null => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        other => {
            return undocumented(
                rules.undocumented,
                format!("the answer is no object: {other}"),
            )
            .unwrap_or_else(|| Verdict::Success.into());
        }
    };
    match list {
        Value::Null => Verdict::Success.into(),
        Value::Array(entries) => read_entries(&entries, ids, rules),
        other => undocumented(
            rules.undocumented,
            format!("batchItemFailures is no list: {other}"),
        )
        .unwrap_or_else(|| Verdict::Success.into()),
    }
}

/// The `state` of an answer within a tumbling window.
pub(crate) fn read_state(outcome: &Outcome, policy: Undocumented) -> Result<Value, Reading> {
    let body = match outcome {
        Outcome::Answer(body) => body,
        Outcome::Error => return Err(Cause::FunctionError.into()),
        Outcome::TimedOut => return Err(Cause::TimedOut.into()),
    };
    if body.trim_ascii().is_empty() {
        return Err(Cause::MissingState.into());
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
        return Err(Cause::InvalidJson.into());
    };
    match answer.get_mut("state").map(Value::take) {
        Some(state @ Value::Object(_)) => Ok(state),
        None => Err(Cause::MissingState.into()),
        Some(other) => Err(
            undocumented(policy, format!("the state is no object: {other}"))
                .unwrap_or_else(|| Cause::MissingState.into()),
        ),
    }
}

fn read_entries(entries: &[Value], ids: &[&str], rules: Rules) -> Reading {
    let places: HashMap<&str, usize> = ids
        .iter()
        .enumerate()
        .map(|(place, id)| (*id, place))
        .collect();
    let mut failed = BTreeSet::new();
    for entry in entries {
        let identifier = match entry.get("itemIdentifier") {
            None | Some(Value::Null) => return Cause::BadIdentifier.into(),
            Some(Value::String(text)) if text.is_empty() => return Cause::BadIdentifier.into(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let is_text = entry["itemIdentifier"].is_string();
        match places.get(identifier.as_str()) {
            Some(place) if is_text => {
                failed.insert(*place);
            }
            // Of a queue it is known: what names no message of the batch fails the whole batch.
            _ if rules.kind == Kind::Queue => {
                return Cause::UnknownIdentifier(identifier).into();
            }
            _ => {
                let what = format!("no sequence number of the batch: {identifier}");
                if let Some(reading) = undocumented(rules.undocumented, what) {
                    return reading;
                }
            }
        }
    }
    if failed.is_empty() {
        Verdict::Success.into()
    } else {
        Verdict::Partial(failed).into()
    }
}

/// `None` if what is not documented counts as absent.
fn undocumented(policy: Undocumented, what: String) -> Option<Reading> {
    match policy {
        Undocumented::Ignore => None,
        Undocumented::FailBatch => Some(Cause::Undocumented(what).into()),
        Undocumented::Refuse => Some(Reading {
            violation: Some(format!("undocumented: {what}")),
            verdict: Verdict::Failed(Cause::Undocumented(what)),
        }),
    }
}
