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
//! | names of error kinds | Python's class and, where the vectors have one, a portable `code` | the code alone, or a word for what the error's predicates tell | class names belong to a language, codes are shared | [`error`], [`error_kind`] |
//! | integers beyond 64 bits | their last digit | the nearest float | more needs serde_json's `arbitrary_precision`, which would change every crate of the user's program | [`nearest_float`] |
//!
//! For the lines of the logger:
//!
//! | subject | theirs | ours | reason | rule |
//! |---|---|---|---|---|
//! | levels as arguments | a word in any case, `WARN` and `FATAL` among them, or Python's number | a `LevelFilter` | a typed argument has no spelling | [`level_filter`] |
//! | place of a log call | `<location>` | module and line | each names its own source | [`placeholder`] |
//! | time of a line | `<timestamp>` | any time in our format | the clock of the vectors stands only if asked for | [`placeholder`] |
//! | text of an error | `<stack>`, the trace with its causes | name and text of the error and of its sources | Rust's errors carry no trace | [`placeholder`] |
//! | `stack_trace` | `module` of the class, a frame with its statement | `causes`, the frame of the log call | modules of classes are Python's | [`their_stack_trace`], [`our_stack_trace`] |
//! | NaN and Infinity | `NaN`, `Infinity`, shown as `<NaN>` | `null` | a line is JSON, which has neither | [`not_a_number`] |
//! | memory size that was given as text | text | the number | the runtime reads a number | [`memory_size`] |
//! | order of keys | the keys of both lines | the same | a key that only one of two lines has is told where it stands | the arm |
//! | lines too many | lines | laid beside those that they resemble most | one line more does not make all others differ | the arm |
//! | correlation id that is no text, asked for | the value | its JSON | `correlation_id()` gives text | [`same_id`] |
//! | warnings | `warnings` of Python, some of them twice | lines of the logger itself | each logger has one place to speak from; only at which operation is compared | the arm |
//! | an error that a handler returns | never logged, held lines dropped | both are switches, set as Python has them | our defaults are another language's | the arm |
//! | `log_event`, `correlation_id_path`, `flush_buffer_on_uncaught_error` | arguments of the decorator | of a second layer, built like the first | the builder has them | the arm |
//! | `clear_state` of an invocation | an option | always so | appended keys belong to the invocation | the arm |
//! | operations outside of an invocation | change the logger | run in an invocation of nobody, one for each logger | as above | the arm |
//! | `utc`, `use_rfc3339` | options | always so | see the time format | [`timestamp`] |
//! | display text of decimals, times, bytes, sets, objects | Python's | the same | what a value looks like is for its `Serialize` to say; the runner's own types do as Python | the arm |

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;

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

/// Python's name of an error's class as the logger's arm calls it. A name of a class that is
/// not in the list stays, as that of an error that a case raises itself.
#[must_use]
pub fn error_kind(class: &str) -> &str {
    match class {
        "ValueError" => "config",
        "InvalidLoggerSamplingRateError" => "config.sampling_rate",
        "ParseError" | "LexerError" | "IncompleteExpressionError" => "syntax",
        "EmptyExpressionError" => "empty_expression",
        "UnknownFunctionError" => "unknown_function",
        "ArityError" | "VariadictArityError" => "arity",
        other => other,
    }
}

/// A level that is given by its word, in any case, or by Python's number.
#[must_use]
pub fn level_filter(level: &Json) -> Option<LevelFilter> {
    let word = level.as_text().map(str::to_ascii_uppercase);
    let number = level.as_number().and_then(crate::json::Number::as_i64);
    Some(match (word.as_deref(), number) {
        (Some("TRACE" | "NOTSET"), _) | (_, Some(0)) => LevelFilter::TRACE,
        (Some("DEBUG"), _) | (_, Some(10)) => LevelFilter::DEBUG,
        (Some("INFO"), _) | (_, Some(20)) => LevelFilter::INFO,
        (Some("WARN" | "WARNING"), _) | (_, Some(30)) => LevelFilter::WARN,
        (Some("ERROR" | "CRITICAL" | "FATAL"), _) | (_, Some(40 | 50)) => LevelFilter::ERROR,
        _ => return None,
    })
}

/// The placeholder that stands for our value of this key, if the value is well formed.
#[must_use]
pub fn placeholder(key: &str, value: &str) -> Option<&'static str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match key {
        "timestamp" if timestamp(value).as_deref() == Some(value) => Some("<timestamp>"),
        "location" => {
            let is_call = value
                .rsplit_once(':')
                .is_some_and(|(module, line)| !module.is_empty() && is_number(line));
            (is_call || value == "powertools_logger").then_some("<location>")
        }
        "exception" if !value.is_empty() => Some("<stack>"),
        _ => None,
    }
}

/// What is compared of Python's `stack_trace`: not the module of the class.
#[must_use]
pub fn their_stack_trace(theirs: &Json) -> Json {
    without(theirs, "module")
}

/// What is compared of our `stack_trace`: not the causes. Where frames with file and line are,
/// there is the placeholder of the one frame that the vectors show.
#[must_use]
pub fn our_stack_trace(ours: &Json) -> Json {
    let is_frame = |frame: &Json| {
        let file = frame.get("file").and_then(Json::as_text);
        let line = frame.get("line").and_then(Json::as_number);
        file.is_some() && line.is_some()
    };
    let has_frames = ours
        .get("frames")
        .and_then(Json::as_array)
        .is_some_and(|frames| !frames.is_empty() && frames.iter().all(is_frame));
    let ours = without(ours, "causes");
    match ours.as_object() {
        Some(object) if has_frames => {
            let names = ["file", "line", "function", "statement"];
            let frame = Json::object(names.map(|name| (name, Json::text("<stack>"))));
            let members = object.iter().map(|(name, value)| match name {
                "frames" => (name, Json::Array(vec![frame.clone()])),
                _ => (name, value.clone()),
            });
            Json::object(members)
        }
        _ => ours,
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

/// Whether our text is the JSON of a correlation id that is no text itself.
#[must_use]
pub fn same_id(theirs: &Json, ours: &Json) -> bool {
    let is_other = !matches!(theirs, Json::Text(_) | Json::Null);
    let parsed = ours.as_text().and_then(|ours| Json::parse(ours).ok());
    is_other && parsed.as_ref() == Some(theirs)
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
    theirs.as_text() == Some("<NaN>") && *ours == Json::Null
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

    #[test]
    fn level_is_read_from_words_and_numbers() {
        for (text, expected) in [
            ("\"warn\"", Some(LevelFilter::WARN)),
            ("\"FATAL\"", Some(LevelFilter::ERROR)),
            ("10", Some(LevelFilter::DEBUG)),
            ("50", Some(LevelFilter::ERROR)),
            ("11", None),
            ("\"loud\"", None),
            ("true", None),
        ] {
            assert_eq!(
                level_filter(&Json::parse(text).unwrap()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn placeholder_stands_only_for_what_is_well_formed() {
        for (key, value, expected) in [
            ("timestamp", "2023-11-14T22:13:20.500Z", Some("<timestamp>")),
            ("timestamp", "2023-11-14T22:13:20.500+00:00", None),
            ("timestamp", "2023-11-14T22:13:20Z", None),
            ("location", "a::b:12", Some("<location>")),
            ("location", "powertools_logger", Some("<location>")),
            ("location", "a::b", None),
            ("location", ":1", None),
            ("exception", "E: m", Some("<stack>")),
            ("exception", "", None),
            ("message", "m", None),
        ] {
            assert_eq!(placeholder(key, value), expected, "{key} {value}");
        }
    }

    #[test]
    fn stack_traces_meet_without_what_is_of_one_language() {
        let frame =
            r#"{"file":"<stack>","line":"<stack>","function":"<stack>","statement":"<stack>"}"#;
        let theirs = format!(r#"{{"type":"E","value":"v","module":"m","frames":[{frame}]}}"#);
        let theirs = their_stack_trace(&Json::parse(&theirs).unwrap());
        for (ours, same) in [
            (
                r#"{"type":"E","value":"v","frames":[{"file":"f","line":1}],"causes":[]}"#,
                true,
            ),
            (
                r#"{"type":"E","value":"w","frames":[{"file":"f","line":1}]}"#,
                false,
            ),
            (r#"{"type":"E","value":"v","frames":[]}"#, false),
            (r#"{"type":"E","value":"v","frames":[{"line":1}]}"#, false),
        ] {
            let ours = our_stack_trace(&Json::parse(ours).unwrap());
            assert_eq!(ours == theirs, same, "{ours}");
        }
    }

    #[test]
    fn id_that_is_no_text_is_asked_for_as_json() {
        let id = Json::parse(r#"{"n":1}"#).unwrap();
        assert!(same_id(&id, &Json::text(r#"{"n": 1}"#)));
        assert!(!same_id(&id, &Json::text("n")));
        assert!(!same_id(&Json::text("1"), &Json::text("1")));
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
