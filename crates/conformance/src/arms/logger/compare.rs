//! What is expected and what came, laid beside each other by the rules of the mapping.

use std::borrow::Cow;

use crate::{
    compare::{Comparison, Difference},
    json::{Json, Object},
    mapping::{self, without},
};

/// Lists that are absent if there is nothing in them.
const LISTS: [&str; 3] = ["errors", "values", "warnings"];

pub(super) fn differences(expected: &Json, got: &Json) -> Vec<Difference> {
    let theirs = members(expected, |name, value| match name {
        "lines" => each(value, their_line),
        "raw" => each(value, their_raw),
        "values" => each(value, their_value),
        "errors" => each(value, |error| without(error, "message")),
        "warnings" => places(value),
        _ => value.clone(),
    });
    let ours = members(got, |name, value| {
        let theirs = expected.get(name).and_then(Json::as_array);
        let theirs = theirs.unwrap_or_default();
        match name {
            "lines" => beside(theirs, value, our_line),
            "raw" => {
                let lines = got.get("lines").and_then(Json::as_array);
                beside(lines.unwrap_or_default(), value, our_raw)
            }
            "values" => beside(theirs, value, our_value),
            "errors" => beside(theirs, value, our_error),
            "warnings" => places(value),
            _ => value.clone(),
        }
    });
    Comparison::default().differences(&theirs, &ours)
}

/// The members, changed, and those lists that are absent.
fn members(value: &Json, change: impl Fn(&str, &Json) -> Json) -> Json {
    let object = value.as_object().cloned().unwrap_or_default();
    let absent = LISTS.into_iter().filter(|name| object.get(name).is_none());
    let absent = absent.map(|name| (name, Json::Array(Vec::new())));
    let members = object
        .iter()
        .map(|(name, value)| (name, change(name, value)));
    Json::object(members.chain(absent).collect::<Vec<_>>())
}

fn each(list: &Json, change: impl Fn(&Json) -> Json) -> Json {
    match list.as_array() {
        Some(items) => Json::Array(items.iter().map(change).collect()),
        None => list.clone(),
    }
}

/// Each item changed with a look at the one that stands beside it.
fn beside(theirs: &[Json], ours: &Json, change: impl Fn(&Json, &Json) -> Json) -> Json {
    let items = ours.as_array().unwrap_or_default().iter().enumerate();
    let beside = |item| theirs.get(item).unwrap_or(&Json::Null);
    Json::Array(items.map(|(item, own)| change(beside(item), own)).collect())
}

fn change_members(value: &Json, change: impl Fn(&str, &Json) -> Json) -> Json {
    match value.as_object() {
        Some(object) => {
            let members = object
                .iter()
                .map(|(name, value)| (name, change(name, value)));
            Json::Object(members.collect::<Object>())
        }
        None => value.clone(),
    }
}

fn their_line(line: &Json) -> Json {
    change_members(line, |name, value| match (name, value) {
        ("level", Json::Text(word)) => Json::text(mapping::level(word)),
        ("timestamp", Json::Text(time)) => {
            Json::text(mapping::timestamp(time).unwrap_or_else(|| time.clone()))
        }
        ("stack_trace", trace) => mapping::their_stack_trace(trace),
        _ => value.clone(),
    })
}

fn our_line(theirs: &Json, ours: &Json) -> Json {
    change_members(ours, |name, value| match (name, value) {
        ("stack_trace", trace) => mapping::our_stack_trace(trace),
        (_, Json::Text(text)) => {
            let expected = theirs.get(name).and_then(Json::as_text);
            let placeholder = mapping::placeholder(name, text);
            match placeholder.filter(|own| expected == Some(*own)) {
                Some(placeholder) => Json::text(placeholder),
                None => value.clone(),
            }
        }
        _ => value.clone(),
    })
}

/// The level word stands in text; a line begins with it, or has a space after the colon.
fn their_raw(raw: &Json) -> Json {
    let Json::Text(raw) = raw else {
        return raw.clone();
    };
    let mut text = Cow::Borrowed(raw.as_str());
    for word in ["WARNING", "CRITICAL", "NOTSET"] {
        for space in ["", " "] {
            let theirs = format!("\"level\":{space}\"{word}\"");
            let ours = format!("\"level\":{space}\"{}\"", mapping::level(word));
            text = text.replacen(&theirs, &ours, 1).into();
        }
    }
    Json::text(text)
}

fn our_raw(line: &Json, raw: &Json) -> Json {
    let Json::Text(raw) = raw else {
        return raw.clone();
    };
    let mut text = raw.clone();
    for name in ["location", "timestamp", "exception"] {
        let value = line.get(name).and_then(Json::as_text);
        let placeholder = value.and_then(|value| mapping::placeholder(name, value));
        if let (Some(value), Some(placeholder)) = (value, placeholder) {
            let json = |text: &str| Json::text(text).to_string();
            text = text.replacen(&json(value), &json(placeholder), 1);
        }
    }
    Json::text(text)
}

fn their_value(value: &Json) -> Json {
    change_members(value, |name, value| match (name, value) {
        ("value", Json::Text(word)) => Json::text(mapping::level(word)),
        _ => value.clone(),
    })
}

fn our_value(theirs: &Json, ours: &Json) -> Json {
    change_members(ours, |name, value| match (name, theirs.get("value")) {
        ("value", Some(theirs)) if mapping::same_id(theirs, value) => theirs.clone(),
        _ => value.clone(),
    })
}

/// The class that the mapping gives our kind, if it is the expected one.
fn our_error(theirs: &Json, ours: &Json) -> Json {
    change_members(ours, |name, value| {
        let class = theirs.get("kind").filter(|_| name == "kind");
        let same =
            class.filter(|class| class.as_text().map(mapping::error_kind) == value.as_text());
        same.unwrap_or(value).clone()
    })
}

/// At which operations there were warnings, each once.
fn places(warnings: &Json) -> Json {
    let warnings = warnings.as_array().unwrap_or_default();
    let mut places: Vec<_> = warnings
        .iter()
        .map(|warning| warning.get("at").map_or_else(String::new, Json::to_string))
        .collect();
    places.sort_unstable();
    places.dedup();
    Json::Array(places.into_iter().map(Json::text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expected: &str, got: &str) -> Vec<String> {
        let found = differences(&Json::parse(expected).unwrap(), &Json::parse(got).unwrap());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn line_is_compared_by_the_rules_of_the_mapping() {
        let expected = r#"{"lines":[{"level":"WARNING","location":"<location>",
            "timestamp":"2023-11-14 17:13:20,500-0500","n":1.0}]}"#;
        let got = |level, location, time| {
            format!(
                r#"{{"lines":[{{"level":"{level}","location":"{location}","timestamp":"{time}","n":1}}]}}"#
            )
        };
        let (location, time) = ("a:1", "2023-11-14T22:13:20.500Z");
        assert!(found(expected, &got("WARN", location, time)).is_empty());
        for other in [
            got("INFO", location, time),
            got("WARN", "here", time),
            got("WARN", location, "2023-11-14T22:13:20.501Z"),
        ] {
            assert_eq!(found(expected, &other).len(), 1, "{other}");
        }
    }

    #[test]
    fn raw_line_has_placeholders_where_the_line_has_them() {
        let expected = r#"{"raw":["{\"level\":\"WARNING\",\"location\":\"<location>\",\"a\":1}"]}"#;
        let got = |a| {
            format!(
                r#"{{"lines":[{{"location":"a:1"}}],"raw":["{{\"level\":\"WARN\",\"location\":\"a:1\",\"a\":{a}}}"]}}"#
            )
        };
        let places = |a| found(expected, &got(a)).join("\n");
        assert!(!places("1").contains("raw"), "{}", places("1"));
        assert!(places("1.0").contains("raw[0]"));
    }

    #[test]
    fn errors_are_compared_by_place_and_kind_and_warnings_by_place() {
        let expected = r#"{"errors":[{"at":"1","kind":"ParseError","message":"m"}],
            "warnings":[{"at":"0","kind":"W"},{"at":"0","kind":"V"}]}"#;
        let got = r#"{"errors":[{"at":"1","kind":"syntax"}],"warnings":[{"at":"0"}]}"#;
        assert!(found(expected, got).is_empty());
        assert_eq!(found(expected, &got.replace("syntax", "arity")).len(), 1);
        assert_eq!(found(expected, &got.replace(r#""0""#, r#""1""#)).len(), 1);
        assert_eq!(found("{}", got).len(), 2);
        assert!(found("{}", "{}").is_empty());
    }
}
