//! The members of a line that Lambda itself reads.

use jiff::Timestamp;

use super::rules::LineRule;
use crate::check::Object;

/// The words that Lambda's log filter knows.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// The rules that this record breaks, each with its path and what was found.
pub(super) fn check(object: &Object) -> Vec<(LineRule, &'static str, String)> {
    let mut broken = Vec::new();
    let shown = |key| {
        object
            .get(key)
            .map_or("no such key".to_owned(), |v| v.to_string())
    };
    if timestamp(object).is_none() {
        broken.push((LineRule::Timestamp, "/timestamp", shown("timestamp")));
    }
    let level = object.text("level");
    if !level.is_some_and(|level| LEVELS.contains(&level)) {
        broken.push((LineRule::Level, "/level", shown("level")));
    }
    broken
}

/// The time of a record, if it is written as it has to be.
pub(super) fn timestamp(object: &Object) -> Option<Timestamp> {
    let text = object.text("timestamp")?;
    let timestamp: Timestamp = text.parse().ok()?;
    // Only the one spelling comes back unchanged.
    (format!("{timestamp:.3}") == text).then_some(timestamp)
}
