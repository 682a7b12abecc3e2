//! What is spelled differently in every case at once.
//!
//! These rules are decided for the project as a whole, so a case that differs by them alone has
//! passed. Whatever else differs is an entry of `deviations.toml`. An arm applies the rules to the
//! expected value before it compares.
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | level words | `WARNING`, `CRITICAL`, `NOTSET` | `WARN`, `ERROR`, `TRACE` | Lambda's own log filter knows `TRACE DEBUG INFO WARN ERROR`, and so does `tracing` | [`level`] |
//! | time format | `2023-11-14 17:13:20,500-0500`, or RFC 3339 with an offset | `2023-11-14T22:13:20.500Z` | Lambda takes a line with any timestamp but RFC 3339 for INFO; one zone for every function | [`timestamp`] |
//! | a single value of a metric | `[1.0]` | `1.0` | both are EMF, a bare number is shorter | [`metric_value`] |
//! | names of error kinds | Python's class and, where the vectors have one, a portable `code` | the code alone | class names belong to a language, codes are shared | [`error`] |

use jiff::Timestamp;

use crate::json::Json;

/// Python's word for a level in ours. A word that both share, or that nobody knows, stays.
#[must_use]
pub fn level(word: &str) -> &str {
    match word {
        "WARNING" => "WARN",
        "CRITICAL" => "ERROR",
        "NOTSET" => "TRACE",
        other => other,
    }
}

/// The instant of a timestamp in Python's default format or in RFC 3339, as we write it; `None`
/// if it is in neither.
#[must_use]
pub fn timestamp(text: &str) -> Option<String> {
    let instant = Timestamp::strptime("%Y-%m-%d %H:%M:%S,%3f%z", text)
        .or_else(|_| text.parse())
        .ok()?;
    Some(format!("{instant:.3}"))
}

/// The values of one metric as we write them: one value stands without its array.
#[must_use]
pub fn metric_value(values: &Json) -> &Json {
    match values.as_array() {
        Some([value]) => value,
        _ => values,
    }
}

/// An expected error without the name of its class, if a portable code says the same.
#[must_use]
pub fn error(expected: &Json) -> Json {
    match expected.as_object() {
        Some(object) if object.get("error").is_some() && object.get("code").is_some() => {
            let members = object.iter().filter(|(name, _)| *name != "error");
            Json::object(members.map(|(name, value)| (name, value.clone())))
        }
        _ => expected.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_become_the_five_words() {
        for (theirs, ours) in [
            ("WARNING", "WARN"),
            ("CRITICAL", "ERROR"),
            ("NOTSET", "TRACE"),
            ("DEBUG", "DEBUG"),
            ("LOUD", "LOUD"),
        ] {
            assert_eq!(level(theirs), ours);
        }
    }

    #[test]
    fn time_becomes_utc_with_milliseconds() {
        for text in [
            "2023-11-14 17:13:20,500-0500",
            "2023-11-14 22:13:20,500+0000",
            "2023-11-15T03:43:20.500+05:30",
            "2023-11-14T22:13:20.500Z",
        ] {
            assert_eq!(
                timestamp(text).as_deref(),
                Some("2023-11-14T22:13:20.500Z"),
                "{text}"
            );
        }
        let whole = timestamp("2023-11-14T22:13:20+00:00");
        assert_eq!(whole.as_deref(), Some("2023-11-14T22:13:20.000Z"));
        for text in ["<timestamp>", "14/11/2023", "2023-11-14 22:13:20"] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn single_value_stands_without_its_array() {
        for (theirs, ours) in [
            ("[1.0]", "1.0"),
            ("[1, 2]", "[1, 2]"),
            ("[]", "[]"),
            ("3", "3"),
        ] {
            let values = Json::parse(theirs).unwrap();
            assert_eq!(metric_value(&values).to_string(), ours);
        }
    }

    #[test]
    fn class_goes_only_where_a_code_stands_for_it() {
        for (theirs, ours) in [
            (r#"{"error": "E", "code": "c"}"#, r#"{"code": "c"}"#),
            (
                r#"{"error": "E", "code": "c", "path": "p"}"#,
                r#"{"code": "c", "path": "p"}"#,
            ),
            (r#"{"error": "E"}"#, r#"{"error": "E"}"#),
            (r#"{"result": 1}"#, r#"{"result": 1}"#),
            ("[1]", "[1]"),
        ] {
            assert_eq!(error(&Json::parse(theirs).unwrap()).to_string(), ours);
        }
    }
}
