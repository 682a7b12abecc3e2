//! What fits into a row.

use super::attributes::{Attributes, ERROR, NO_RESPONSE, OVERFLOW, OWNER};
use crate::record::Status;

/// Of a partition key, in bytes.
pub(super) const MAX_PARTITION_KEY: usize = 2048;
/// Of a sort key.
pub(super) const MAX_SORT_KEY: usize = 1024;
/// Of a row, with the names of its attributes, and of what an update says.
const MAX_ROW: usize = 409_600;

/// Of a number; those here need less.
const NUMBER: usize = 21;
/// A hash of 512 bits, in hexadecimal digits.
const VALIDATION: usize = 128;
/// The digits of the mark.
const MARK: usize = 32;

/// What the server adds to an update, to each attribute that it sets, and that it removes.
const UPDATE: usize = 3;
const SET: usize = 19;
const REMOVE: usize = 1;

/// How long an answer may be beside a key.
pub(super) fn max_answer_len(attributes: &Attributes, static_pk: Option<&str>, key: &str) -> usize {
    // The answer may be an error, under its own name.
    let both = attributes.data.len().max(ERROR.len())
        + attributes.expiry.len()
        + NUMBER
        + attributes.status.len()
        + Status::Completed.as_str().len()
        + attributes.validation.len()
        + VALIDATION
        + OWNER.len()
        + MARK;
    let sort_key = attributes.sort_key.as_deref().map_or(0, str::len);
    let row = attributes.key.len()
        + static_pk.map_or(0, str::len)
        + sort_key
        + key.len()
        + attributes.in_progress_expiry.len()
        + NUMBER;
    // It sets the five attributes of `both` and removes the other answers.
    let others = [ERROR, NO_RESPONSE, OVERFLOW].map(|name| REMOVE + name.len());
    let update = UPDATE + 5 * SET + others.iter().sum::<usize>();
    MAX_ROW.saturating_sub(both + row.max(update))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_a_long_key_are_taken_from_the_room() {
        let attributes = Attributes::default();
        let with_key = |key: &str| max_answer_len(&attributes, None, key);
        assert_eq!(with_key(""), with_key("short"), "the update is longer");
        assert!((409_100..409_600).contains(&with_key("")));
        let long = "k".repeat(900);
        assert_eq!(with_key(&long) - with_key(&format!("{long}1234é")), 6);
        let sorted = Attributes {
            sort_key: Some("sort".to_owned()),
            ..Attributes::default()
        };
        let composite = max_answer_len(&sorted, Some("pk"), &long);
        assert_eq!(with_key(&long) - composite, "sort".len() + "pk".len());
        let renamed = Attributes {
            data: "d".repeat(100),
            ..Attributes::default()
        };
        let shorter = max_answer_len(&renamed, None, "");
        // A short name counts as that of an error, which may stand in its place.
        assert_eq!(with_key("") - shorter, 100 - ERROR.len());
    }

    #[test]
    fn names_that_leave_no_room_leave_none() {
        let attributes = Attributes {
            data: "d".repeat(MAX_ROW),
            ..Attributes::default()
        };
        assert_eq!(max_answer_len(&attributes, None, "k"), 0);
    }
}
