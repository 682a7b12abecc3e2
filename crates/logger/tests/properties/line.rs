//! A line as it was written.

use std::fmt;

use powertools_core::test_util::CapturedOutput;
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The members of a line in their order, with what a map would hide: names that are there
/// twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Checks every line, and gives their members.
pub(crate) fn check(
    output: &CapturedOutput,
    max: usize,
) -> Result<Vec<Map<String, Value>>, TestCaseError> {
    let text = output.text();
    prop_assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    let mut lines = Vec::new();
    for line in text.split_terminator('\n') {
        prop_assert!(line.len() < max, "{} of {max}: {line:.200}", line.len() + 1);
        prop_assert!(!line.contains(|char| char < ' '), "{line:?}");
        let Members(members) = serde_json::from_str(line)
            .map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
        let count = members.len();
        let map: Map<_, _> = members.into_iter().collect();
        prop_assert_eq!(map.len(), count, "a name is there twice: {}", line);
        lines.push(map);
    }
    Ok(lines)
}
