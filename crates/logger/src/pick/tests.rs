use std::{cell::Cell, collections::BTreeMap};

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::*;
use crate::json::{Redaction, zoo};

fn rules() -> Rules {
    Rules::new(Redaction::default(), usize::MAX)
}

fn picked<T: Serialize>(value: &T, path: &[&str]) -> Option<String> {
    let mut out = b"before".to_vec();
    let found = pick(value, path, &mut out, &rules());
    let text = String::from_utf8(out).unwrap();
    let json = text.strip_prefix("before").unwrap();
    assert_eq!(found, !json.is_empty());
    found.then(|| json.to_owned())
}

fn looked_up(value: &Value, path: &[String]) -> Option<Value> {
    let found = path
        .iter()
        .try_fold(value, |value, name| value.as_object()?.get(name))?;
    (!found.is_null()).then(|| found.clone())
}

/// All ways through the objects of a value, and as many that lead nowhere.
fn paths(value: &Value, path: &[String], all: &mut Vec<Vec<String>>) {
    all.push(path.to_vec());
    all.push([path, &["nowhere".to_owned()]].concat());
    for (name, value) in value.as_object().into_iter().flatten() {
        paths(value, &[path, std::slice::from_ref(name)].concat(), all);
    }
}

fn check_all_paths<T: Serialize>(value: &T) -> Result<(), TestCaseError> {
    let tree = serde_json::to_value(value).unwrap();
    let mut all = Vec::new();
    paths(&tree, &[], &mut all);
    for path in all {
        let mut out = Vec::new();
        let found = pick(value, &path, &mut out, &rules());
        let found = found.then(|| serde_json::from_slice::<Value>(&out).unwrap());
        // Both through the same parser, which reads some floats one bit off.
        let expected =
            looked_up(&tree, &path).map(|value| serde_json::from_str(&value.to_string()).unwrap());
        prop_assert_eq!(found, expected, "{:?}", path);
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_picked_is_what_stands_in_the_json(
        value in zoo::any_value(),
        zoo in zoo::any_zoo(),
    ) {
        check_all_paths(&value)?;
        check_all_paths(&zoo)?;
        check_all_paths(&zoo::Wrapped(Some(&zoo)))?;
        check_all_paths(&RawValue::from_string(value.to_string()).unwrap())?;
    }
}

#[test]
fn variants_are_members_as_serde_json_lays_them_out() {
    #[derive(Serialize)]
    enum Event {
        Ordered { id: u8, note: Option<u8> },
        Moved(u8, u8),
        Named(BTreeMap<&'static str, u8>),
        Gone,
    }
    let ordered = Event::Ordered { id: 7, note: None };
    assert_eq!(picked(&ordered, &["Ordered", "id"]).unwrap(), "7");
    assert_eq!(
        picked(&ordered, &["Ordered"]).unwrap(),
        r#"{"id":7,"note":null}"#
    );
    assert_eq!(picked(&ordered, &["Ordered", "note"]), None);
    assert_eq!(picked(&ordered, &["id"]), None);
    let moved = Event::Moved(1, 2);
    assert_eq!(picked(&moved, &["Moved"]).unwrap(), "[1,2]");
    assert_eq!(picked(&moved, &["Moved", "0"]), None);
    let named = Event::Named(BTreeMap::from([("a", 1)]));
    assert_eq!(picked(&named, &["Named", "a"]).unwrap(), "1");
    assert_eq!(picked(&Event::Gone, &["Gone"]), None);
    assert_eq!(picked(&Event::Gone, &[]).unwrap(), "\"Gone\"");
}

/// Members in any order and number.
struct Listed<'a>(&'a [(&'a str, Value)]);
impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[test]
fn of_members_given_twice_the_last_counts() {
    let twice = [
        ("a", json!({"b": 1})),
        ("c", json!(0)),
        ("a", json!({"b": 2})),
    ];
    assert_eq!(picked(&Listed(&twice), &["a", "b"]).unwrap(), "2");
    let emptied = [("a", json!({"b": 1})), ("a", json!({}))];
    assert_eq!(picked(&Listed(&emptied), &["a", "b"]), None);
    let null = [("a", json!(1)), ("a", json!(null))];
    assert_eq!(picked(&Listed(&null), &["a"]), None);
}

#[test]
fn what_is_off_the_path_is_not_serialised() {
    struct Untouched<'a>(&'a Cell<bool>);
    impl Serialize for Untouched<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(true);
            serializer.serialize_unit()
        }
    }
    #[derive(Serialize)]
    struct Order<'a> {
        before: Untouched<'a>,
        id: &'a str,
        after: BTreeMap<&'a str, Untouched<'a>>,
    }
    let touched = Cell::new(false);
    let order = Order {
        before: Untouched(&touched),
        id: "o-1",
        after: BTreeMap::from([("a", Untouched(&touched)), ("b", Untouched(&touched))]),
    };
    assert_eq!(picked(&order, &["id"]).unwrap(), "\"o-1\"");
    assert_eq!(picked(&order, &["after", "c"]), None);
    assert!(!touched.get());
    assert_eq!(picked(&order, &["after", "a"]), None);
    assert!(touched.get());
}

#[test]
fn a_hidden_name_on_the_path_gives_three_stars() {
    let request = json!({"headers": {"Authorization": "s3cret", "x": 1}, "cookie": {"a": 1}});
    assert_eq!(
        picked(&request, &["headers", "Authorization"]).unwrap(),
        "\"***\""
    );
    assert_eq!(picked(&request, &["cookie", "a"]).unwrap(), "\"***\"");
    assert_eq!(
        picked(&request, &["headers"]).unwrap(),
        r#"{"Authorization":"***","x":1}"#
    );
    #[derive(Serialize)]
    enum Secret {
        Cookie { a: u8 },
    }
    assert_eq!(
        picked(&Secret::Cookie { a: 1 }, &["Cookie", "a"]).unwrap(),
        "\"***\""
    );
}

#[test]
fn what_is_picked_keeps_to_its_bound() {
    #[derive(Serialize)]
    enum Event {
        Text { long: String },
    }
    let event = Event::Text {
        long: "x".repeat(100),
    };
    let rules = Rules::new(Redaction::default(), 20);
    for path in [&["Text"][..], &["Text", "long"]] {
        let mut out = Vec::new();
        assert!(pick(&event, path, &mut out, &rules));
        let json = String::from_utf8(out).unwrap();
        assert!(
            json.contains("…[cut]") && json.len() <= 20 + Rules::SLACK,
            "{json}"
        );
        serde_json::from_str::<Value>(&json).unwrap();
    }
}

#[test]
fn a_value_that_fails_is_marked_and_its_neighbours_do_not_matter() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("payload"))
        }
    }
    #[derive(Serialize)]
    struct Order {
        bad: Fails,
        id: u8,
    }
    #[derive(Serialize)]
    enum Event {
        Bad { id: u8, bad: Fails },
    }
    let order = Order { bad: Fails, id: 1 };
    assert_eq!(picked(&order, &["id"]).unwrap(), "1");
    assert_eq!(
        picked(&order, &["bad"]).unwrap(),
        "\"[cannot be serialized]\""
    );
    let event = Event::Bad { id: 1, bad: Fails };
    assert_eq!(
        picked(&event, &["Bad"]).unwrap(),
        "\"[cannot be serialized]\""
    );
}
