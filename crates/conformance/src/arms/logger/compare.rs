//! What is expected and what came, laid beside each other by the rules of the mapping.

use crate::{
    arms::common::{
        align::align,
        places::{by_place, change_members, list},
    },
    compare::{Comparison, Difference},
    json::{Json, where_same, without_nan},
    mapping::{self, without},
    place::Place,
};

pub(super) fn differences(expected: &Json, got: &Json) -> Vec<Difference> {
    let mut found = lines(expected, got);
    let theirs = by_place(expected, &OF_LINES, |name, value| match name {
        "values" => their_value(value),
        _ => without(value, "message"),
    });
    let ours = by_place(got, &OF_LINES, |_, value| value.clone());
    let ours = change_members(&ours, |list, value| {
        change_members(value, |at, own| {
            let theirs = theirs.get(list).and_then(|list| list.get(at));
            match list {
                "values" => our_value(theirs.unwrap_or(&Json::Null), own),
                "errors" => our_error(theirs.unwrap_or(&Json::Null), own),
                _ => own.clone(),
            }
        })
    });
    found.extend(Comparison::default().differences(&theirs, &ours));
    found
}

/// What belongs to lines: a line may have a partner on the other side, or none.
const OF_LINES: [&str; 3] = ["lines", "key_order", "raw"];

/// Where the lines differ, and with them the order of their keys and their text.
fn lines(expected: &Json, got: &Json) -> Vec<Difference> {
    let [theirs, their_order, their_texts] = OF_LINES.map(|name| list(expected, name));
    let [ours, our_order, our_texts] = OF_LINES.map(|name| list(got, name));
    let laid = |place: Place, i: usize, j: usize| {
        let (theirs, ours) = (their_line(&theirs[i]), our_line(&theirs[i], &ours[j]));
        Comparison::default().differences_at(place, &theirs, &ours)
    };
    // Lines of one message belong together, whatever else differs.
    let cost = |i: usize, j: usize| {
        let same = theirs[i].get("message") == ours[j].get("message");
        laid(Place::whole(), i, j).len() + if same { 0 } else { 100 }
    };
    let mut found = Vec::new();
    for pair in align(theirs.len(), ours.len(), cost) {
        let place = |name| Place::whole().member(name);
        let (i, j) = match pair {
            (Some(i), Some(j)) => (i, j),
            (Some(i), None) => {
                let theirs = their_line(&theirs[i]);
                found.push(Difference::new(place("lines").item(i), Some(theirs), None));
                continue;
            }
            (None, j) => {
                let ours = j.and_then(|j| ours.get(j)).cloned();
                let place = place("lines").item(j.unwrap_or_default());
                found.push(Difference::new(place, None, ours));
                continue;
            }
        };
        found.extend(laid(place("lines").item(i), i, j));
        if let (Some(theirs), Some(ours)) = (their_order.get(i), our_order.get(j)) {
            let (theirs, ours) = (shared(theirs, ours), shared(ours, theirs));
            if theirs != ours {
                let place = place("key_order").item(i);
                found.push(Difference::new(place, Some(theirs), Some(ours)));
            }
        }
        if let Some(theirs) = their_texts.get(i) {
            let theirs = their_raw(theirs);
            let ours = our_texts
                .get(j)
                .map_or(Json::Null, |raw| our_raw(&ours[j], raw));
            let place = place("raw").item(i);
            found.extend(Comparison::default().differences_at(place, &theirs, &ours));
        }
    }
    found
}

/// The names of the one line that the other has too.
fn shared(own: &Json, other: &Json) -> Json {
    let other = other.as_array().unwrap_or_default();
    let own = own.as_array().unwrap_or_default().iter();
    Json::Array(own.filter(|name| other.contains(name)).cloned().collect())
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
    change_members(ours, |name, value| {
        let expected = theirs.get(name).unwrap_or(&Json::Null);
        match (name, value) {
            ("stack_trace", trace) => mapping::our_stack_trace(trace),
            ("function_memory_size", size) => where_same(expected, size, mapping::memory_size),
            (_, Json::Text(text)) => {
                let placeholder = mapping::placeholder(name, text);
                match placeholder.filter(|own| expected.as_text() == Some(*own)) {
                    Some(placeholder) => Json::text(placeholder),
                    None => value.clone(),
                }
            }
            _ => where_same(expected, value, mapping::not_a_number),
        }
    })
}

/// The level word stands in text; a line begins with it, or has a space after the colon.
fn their_raw(raw: &Json) -> Json {
    let Json::Text(raw) = raw else {
        return raw.clone();
    };
    let mut text = without_nan(raw);
    for word in ["WARNING", "CRITICAL", "NOTSET"] {
        for space in ["", " "] {
            let theirs = format!("\"level\":{space}\"{word}\"");
            let ours = format!("\"level\":{space}\"{}\"", mapping::level(word));
            text = text.replacen(&theirs, &ours, 1);
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
    fn line_too_many_leaves_the_others_alone() {
        let two = r#"{"lines":[{"message":"a"},{"message":"b"}]}"#;
        let one = r#"{"lines":[{"message":"b"}]}"#;
        let first = r#"{"message": "a"}"#;
        assert_eq!(
            found(two, one),
            [format!("lines[0]: expected {first}, got nothing")]
        );
        assert_eq!(
            found(one, two),
            [format!("lines[0]: expected nothing, got {first}")]
        );
        let other = r#"{"lines":[{"message":"c"}]}"#;
        assert_eq!(found(two, other).len(), 2);
    }

    #[test]
    fn order_is_that_of_the_keys_of_both_lines() {
        let answer = |keys: &str| format!(r#"{{"lines":[{{}}],"key_order":[{keys}]}}"#);
        let theirs = answer(r#"["a","b","c"]"#);
        assert!(found(&theirs, &answer(r#"["x","a","c"]"#)).is_empty());
        assert_eq!(
            found(&theirs, &answer(r#"["c","a"]"#)),
            [r#"key_order[0]: expected ["a", "c"], got ["c", "a"]"#]
        );
    }

    #[test]
    fn number_that_json_does_not_have_is_null() {
        let theirs = r#"{"lines":[{"n":["<NaN>"]}],"raw":["{\"n\":[-Infinity]}"]}"#;
        let ours = |n| format!(r#"{{"lines":[{{"n":[{n}]}}],"raw":["{{\"n\":[{n}]}}"]}}"#);
        assert!(found(theirs, &ours("null")).is_empty());
        assert_eq!(found(theirs, &ours("1")).len(), 2);
    }

    #[test]
    fn raw_line_has_placeholders_where_the_line_has_them() {
        let expected = r#"{"lines":[{"location":"<location>"}],"raw":["{\"level\":\"WARNING\",\"location\":\"<location>\",\"a\":1}"]}"#;
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
        assert_eq!(found(expected, &got.replace(r#""0""#, r#""1""#)).len(), 2);
        assert_eq!(found("{}", got).len(), 2);
        assert!(found("{}", "{}").is_empty());
    }
}
