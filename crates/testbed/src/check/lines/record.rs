//! The members of a line that Lambda itself reads.

use jiff::Timestamp;

use super::rules::LineRule;
use crate::check::Object;

/// The words that Lambda's log filter knows.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// The rules that this record breaks, each with its path and what was found.
pub(super) fn check(object: &Object, any_rfc_3339: bool) -> Vec<(LineRule, &'static str, String)> {
    let mut broken = Vec::new();
    let shown = |key| {
        object
            .get(key)
            .map_or("no such key".to_owned(), |v| v.to_string())
    };
    let rule = match timestamp(object) {
        None => Some(LineRule::Timestamp),
        // Only the one spelling comes back unchanged.
        Some(time) if object.text("timestamp") == Some(&*format!("{time:.3}")) => None,
        Some(_) => (!any_rfc_3339).then_some(LineRule::TimestampSpelling),
    };
    broken.extend(rule.map(|rule| (rule, "/timestamp", shown("timestamp"))));
    let level = object.text("level");
    if !level.is_some_and(|level| LEVELS.contains(&level)) {
        broken.push((LineRule::Level, "/level", shown("level")));
    }
    broken
}

/// The time of a record, if it is written as it has to be.
pub(super) fn timestamp(object: &Object) -> Option<Timestamp> {
    let text = object.text("timestamp")?;
    // The library reads other forms as well.
    is_rfc_3339(text.as_bytes())
        .then(|| text.parse().ok())
        .flatten()
}

fn is_rfc_3339(text: &[u8]) -> bool {
    let Some((time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let zone = match rest.strip_prefix(b".") {
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // Without a digit the dot is left in place and is no zone.
            if digits == 0 { text } else { &rest[digits..] }
        }
        None => rest,
    };
    let is_zone =
        matches!(zone, b"Z" | b"z") || has_form(zone, b"+00:00") || has_form(zone, b"-00:00");
    is_zone && (has_form(time, b"0000-00-00T00:00:00") || has_form(time, b"0000-00-00t00:00:00"))
}

/// Digits stand where `form` has a 0, and everything else is the same.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let same = |(byte, form): (&u8, &u8)| byte == form || (*form == b'0' && byte.is_ascii_digit());
    text.len() == form.len() && text.iter().zip(form).all(same)
}
