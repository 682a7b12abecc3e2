//! For the lines of the logger.

use tracing::level_filters::LevelFilter;

use super::shared::{timestamp, without};
use crate::json::Json;

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

/// Whether our text is the JSON of a correlation id that is no text itself.
#[must_use]
pub fn same_id(theirs: &Json, ours: &Json) -> bool {
    let is_other = !matches!(theirs, Json::Text(_) | Json::Null);
    let parsed = ours.as_text().and_then(|ours| Json::parse(ours).ok());
    is_other && parsed.as_ref() == Some(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
