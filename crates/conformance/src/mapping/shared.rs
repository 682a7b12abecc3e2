//! For every utility.

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

/// The object without a member; what is no object stays.
#[must_use]
pub(crate) fn without(value: &Json, name: &str) -> Json {
    match value.as_object() {
        Some(object) => {
            let members = object.iter().filter(|(own, _)| *own != name);
            Json::object(members.map(|(own, value)| (own, value.clone())))
        }
        None => value.clone(),
    }
}

/// Whether ours is the float nearest to an integer that 64 bits do not hold.
#[must_use]
pub fn nearest_float(theirs: &Json, ours: &Json) -> bool {
    let (Json::Number(theirs), Json::Number(ours)) = (theirs, ours) else {
        return false;
    };
    let is_big = theirs.is_integer() && theirs.as_i64().is_none() && theirs.as_u64().is_none();
    // Both are read in the same way, so equal floats have equal bits.
    is_big && !ours.is_integer() && theirs.as_f64().to_bits() == ours.as_f64().to_bits()
}

/// Whether ours stands for a number that JSON does not have.
#[must_use]
pub fn not_a_number(theirs: &Json, ours: &Json) -> bool {
    let words = ["<NaN>", "<Infinity>", "<-Infinity>"];
    theirs.as_text().is_some_and(|word| words.contains(&word)) && *ours == Json::Null
}

/// Whether ours is the number of a memory size that was given as text.
#[must_use]
pub fn memory_size(theirs: &Json, ours: &Json) -> bool {
    let number = theirs.as_text().and_then(|text| Json::parse(text).ok());
    ours.as_number().is_some() && number.as_ref() == Some(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::where_same;

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

    #[test]
    fn same_is_told_at_any_depth() {
        let json = |text: &str| Json::parse(text).unwrap();
        for (theirs, ours, same, expected) in [
            (
                "[{\"a\":18446744073709551616}]",
                "[{\"a\":1.8446744073709552e19}]",
                nearest_float as fn(&Json, &Json) -> bool,
                true,
            ),
            (
                "18446744073709551616",
                "1.8446744073709556e19",
                nearest_float,
                false,
            ),
            (
                "18446744073709551615",
                "1.8446744073709552e19",
                nearest_float,
                false,
            ),
            ("18446744073709551616", "\"1\"", nearest_float, false),
            (r#"{"a":["<NaN>"]}"#, r#"{"a":[null]}"#, not_a_number, true),
            (
                r#"{"a":["<NaN>"]}"#,
                r#"{"a":["<NaN>x"]}"#,
                not_a_number,
                false,
            ),
            ("[\"<-Infinity>\"]", "[null]", not_a_number, true),
            ("[\"<NaN>\"]", "[null, null]", not_a_number, false),
            ("\"NaN\"", "null", not_a_number, false),
            ("\"128\"", "128", memory_size, true),
            ("\"128\"", "129", memory_size, false),
            ("\"x\"", "128", memory_size, false),
        ] {
            let (theirs, ours) = (json(theirs), json(ours));
            assert_eq!(
                where_same(&theirs, &ours, same) == theirs,
                expected,
                "{theirs} {ours}"
            );
        }
    }
}
