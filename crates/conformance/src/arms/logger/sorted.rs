use powertools_logger::{LogFormatter, LogRecord};

use crate::json::Json;

/// The serializer that the vectors call `sorted`: members by name, and a space after each comma
/// and colon.
#[derive(Debug)]
pub(super) struct Sorted;

impl LogFormatter for Sorted {
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
        if let Ok(json) = Json::parse(record.json()) {
            line.extend_from_slice(sorted(&json).to_string().as_bytes());
        }
    }
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        Json::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Json::object(
                members
                    .into_iter()
                    .map(|(name, value)| (name, sorted(value))),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_at_any_depth() {
        let value = Json::parse(r#"{"b":[{"z":1,"y":2}],"a":0}"#).unwrap();
        assert_eq!(
            sorted(&value).to_string(),
            r#"{"a": 0, "b": [{"y": 2, "z": 1}]}"#
        );
    }
}
