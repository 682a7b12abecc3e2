use std::{cell::Cell, collections::BTreeMap};

use powertools_jmespath::Expression;
use proptest::prelude::*;
use serde::{Serialize, Serializer, ser::Error};
use serde_json::{Value, json, value::RawValue};

use super::shape::{name, named_value, shape};
use super::{of, properties::shuffled};
use crate::canonical::writer::MAX_DEPTH;
use crate::canonical::{CanonicalError, Dialect, write_at};

const DIALECTS: [Dialect; 2] = [Dialect::Python, Dialect::TypeScript];

fn try_at<T: Serialize + ?Sized>(
    value: &T,
    path: &[&str],
    dialect: Dialect,
) -> Result<Option<String>, CanonicalError> {
    let mut out = b"before".to_vec();
    let found = write_at(value, path.iter().copied(), dialect, &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    let text = text.strip_prefix("before").expect("appended").to_owned();
    if found != Ok(true) {
        assert_eq!(text, "", "nothing is left behind");
    }
    Ok(found?.then_some(text))
}

fn at<T: Serialize + ?Sized>(value: &T, path: &[&str]) -> Option<String> {
    try_at(value, path, Dialect::Python).expect("canonical")
}

/// What a search in the value as JSON finds.
fn searched(json: &Value, path: &[&str], dialect: Dialect) -> Option<String> {
    let found = path
        .iter()
        .try_fold(json, |value, name| value.as_object()?.get(*name));
    if !path.is_empty() {
        let names: Vec<_> = path
            .iter()
            .map(|name| Value::from(*name).to_string())
            .collect();
        let expression = Expression::new(&names.join(".")).expect("a path");
        let result = expression.search(json).expect("paths do not fail");
        assert_eq!(&*result, found.unwrap_or(&Value::Null));
    }
    found.map(|found| of(found, dialect))
}

fn check<T: Serialize + ?Sized>(value: &T, path: &[&str]) {
    let json = serde_json::to_value(value).expect("JSON");
    for dialect in DIALECTS {
        let found = try_at(value, path, dialect).expect("canonical");
        assert_eq!(found, searched(&json, path, dialect), "{path:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_pick_is_what_a_search_finds_in_any_shape(
        shape in shape(), path in prop::collection::vec(name(), 0..4),
    ) {
        check(&shape, &path);
        for first in super::shape::NAMES {
            check(&shape, &[first]);
        }
    }

    #[test]
    fn a_pick_is_what_a_search_finds_in_a_value_and_in_its_text(
        value in named_value(), path in prop::collection::vec(name(), 0..4), mut seed: u64,
    ) {
        check(&value, &path);
        let raw = RawValue::from_string(shuffled(&value, &mut seed)).expect("JSON");
        check(&*raw, &path);
        check(&raw, &path);
    }
}

/// Serialises its members in order, whatever they are.
struct Object<T>(Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

#[test]
fn the_last_of_equal_names_counts_even_if_it_has_no_such_member() {
    #[derive(Serialize)]
    struct Flat {
        a: Value,
        #[serde(flatten)]
        more: BTreeMap<&'static str, Value>,
    }
    let flat = |more| Flat {
        a: json!({"b": 1}),
        more: BTreeMap::from([("a", more)]),
    };
    assert_eq!(
        at(&flat(json!({"b": 2})), &["a", "b"]).as_deref(),
        Some("2")
    );
    assert_eq!(at(&flat(json!({"c": 2})), &["a", "b"]), None);
    assert_eq!(at(&flat(json!(null)), &["a", "b"]), None);
    let twice = Object(vec![("a", raw(r#"{"b":[1]}"#)), ("a", raw("[2]"))]);
    assert_eq!(at(&twice, &["a", "b"]), None);
    assert_eq!(at(&twice, &["a"]).as_deref(), Some("[2]"));
}

#[test]
fn null_is_there_and_a_member_of_it_is_not() {
    let value = json!({"a": null});
    assert_eq!(at(&value, &["a"]).as_deref(), Some("null"));
    assert_eq!(at(&value, &["a", "b"]), None);
    assert_eq!(at(&value, &["b"]), None);
    assert_eq!(at(&json!([{"a": 1}]), &["a"]), None);
    assert_eq!(at("a", &["a"]), None);
}

#[test]
fn json_text_loses_nothing_on_the_path() {
    let value = raw(r#"{"a":{"n":18446744073709551616.0,"i":18446744073709551616,"\u0062":1}}"#);
    let around = BTreeMap::from([("x", Some(&value))]);
    assert_eq!(
        at(&around, &["x", "a", "i"]).as_deref(),
        Some("18446744073709551616")
    );
    assert_eq!(at(&around, &["x", "a", "b"]).as_deref(), Some("1"));
    assert_eq!(at(&raw(r#""\ud800""#), &[]).as_deref(), Some(r#""\ud800""#));
    assert_eq!(at(&raw("1"), &["a"]), None);
}

/// Counts how often it is serialised, and may fail.
struct Watched<'a>(&'a Cell<u32>, bool);

impl Serialize for Watched<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.set(self.0.get() + 1);
        if self.1 {
            return Err(S::Error::custom("card 4111"));
        }
        serializer.serialize_unit()
    }
}

#[derive(Serialize)]
enum Variant<T> {
    Newtype(T),
    Tuple(T, T),
    Struct { member: T },
}

#[test]
fn what_is_not_on_the_path_is_not_serialised() {
    let count = Cell::new(0);
    let failing = || Watched(&count, true);
    let object = Object(vec![("a", failing()), ("c", failing())]);
    assert_eq!(at(&object, &["b"]), None);
    assert_eq!(at(&[failing()], &["b"]), None);
    assert_eq!(at(&(failing(), failing()), &["b"]), None);
    for variant in [
        Variant::Newtype(failing()),
        Variant::Tuple(failing(), failing()),
        Variant::Struct { member: failing() },
    ] {
        assert_eq!(at(&variant, &["b"]), None);
    }
    assert_eq!(
        at(&Variant::Tuple(failing(), failing()), &["Tuple", "b"]),
        None
    );
    let inner = Variant::Struct { member: failing() };
    assert_eq!(at(&inner, &["Struct", "b"]), None);
    assert_eq!(count.get(), 0);

    let there = Object(vec![("a", Watched(&count, false))]);
    assert_eq!(at(&there, &["a"]).as_deref(), Some("null"));
    assert_eq!(count.get(), 1);
}

#[test]
fn what_fails_on_the_path_fails() {
    let count = Cell::new(0);
    let failing = || Watched(&count, true);
    let error = Err(CanonicalError::Serialize);
    let object = Object(vec![("a", Variant::Struct { member: failing() })]);
    for path in [
        &["a", "Struct", "member"][..],
        &["a", "Struct"],
        &["a"],
        &[],
    ] {
        assert_eq!(try_at(&object, path, Dialect::Python), error, "{path:?}");
    }
    assert_eq!(try_at(&failing(), &["a"], Dialect::Python), error);
    let refused = try_at(&BTreeMap::from([((), 1)]), &["a"], Dialect::Python);
    assert_eq!(refused, Err(CanonicalError::Key));
}

#[test]
fn the_levels_above_count_into_the_depth() {
    let nested = |depth| (0..depth).fold(json!("x"), |value, _| json!({"a": value}));
    fn pick(value: &impl Serialize) -> [Result<bool, CanonicalError>; 4] {
        [0, 1, 2, 9].map(|len| {
            let found = try_at(value, &vec!["a"; len], Dialect::Python);
            found.map(|found| found.is_some())
        })
    }
    fn is_too_deep(value: &impl Serialize, path: &[&str]) {
        let error = try_at(value, path, Dialect::Python);
        assert_eq!(error, Err(CanonicalError::TooDeep), "{path:?}");
    }
    let fits = nested(MAX_DEPTH);
    let deeper = nested(MAX_DEPTH + 1);
    let too_deep = Err(CanonicalError::TooDeep);
    assert_eq!(pick(&fits), [Ok(true); 4]);
    assert_eq!(pick(&deeper), [too_deep; 4]);
    // The same with JSON text from some level on, and with the innermost value alone
    let text = Object(vec![("a", raw(&nested(MAX_DEPTH - 1).to_string()))]);
    let more = Object(vec![("a", raw(&nested(MAX_DEPTH).to_string()))]);
    assert_eq!(pick(&text), [Ok(true); 4]);
    assert_eq!(pick(&more), [too_deep; 4]);
    let path = vec!["a"; MAX_DEPTH + 1];
    is_too_deep(&deeper, &path);
    assert_eq!(at(&fits, &path[1..]).as_deref(), Some(r#""x""#));
    // A second member of the name begins at the level of the first
    let twice = Object(vec![
        ("a", nested(MAX_DEPTH - 1)),
        ("a", nested(MAX_DEPTH - 1)),
    ]);
    assert!(at(&twice, &["a"]).is_some() && at(&twice, &path[1..]).is_some());
    let variant = Variant::Struct {
        member: nested(MAX_DEPTH - 2),
    };
    assert!(at(&variant, &["Struct", "member"]).is_some());
    let variant = Variant::Struct {
        member: nested(MAX_DEPTH - 1),
    };
    is_too_deep(&variant, &["Struct", "member"]);
    let variant = Variant::Tuple(nested(0), nested(MAX_DEPTH - 1));
    is_too_deep(&variant, &["Tuple"]);
    let variant = Variant::Newtype(nested(MAX_DEPTH));
    is_too_deep(&variant, &["Newtype"]);
}
