use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{of, python, typescript};
use crate::canonical::writer::MAX_DEPTH;
use crate::canonical::{CanonicalError, Dialect, write};

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(u8);

#[derive(Serialize)]
struct Tuple(u8, &'static str);

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Variant {
    Unit,
    Newtype(i32),
    Tuple(i32, bool),
    Struct { zebra: i32, ant: Option<i32> },
}

#[derive(Serialize)]
struct Everything {
    zulu: Unit,
    newtype: Newtype,
    tuple: Tuple,
    pair: (f64, f32),
    variants: Vec<Variant>,
    #[serde(rename = "Alpha")]
    alpha: Option<char>,
    none: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    map: BTreeMap<i64, Value>,
    #[serde(serialize_with = "bytes")]
    bytes: &'static [u8],
    wide: (i128, u128),
    unit: (),
    raw: Box<RawValue>,
    #[serde(flatten)]
    flat: BTreeMap<char, bool>,
}

fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

fn everything() -> Everything {
    let variants = vec![
        Variant::Unit,
        Variant::Newtype(-1),
        Variant::Tuple(2, true),
        Variant::Struct {
            zebra: 3,
            ant: None,
        },
    ];
    Everything {
        zulu: Unit,
        newtype: Newtype(7),
        tuple: Tuple(1, "é"),
        pair: (1e16, 0.1),
        variants,
        alpha: Some('ß'),
        none: None,
        skipped: None,
        map: BTreeMap::from([(-5, json!({"y": 1, "x": 2})), (10, json!(null))]),
        bytes: &[0, 255],
        wide: (i128::MIN, u128::MAX),
        unit: (),
        raw: raw(r#"{"b":1e2,"a":18446744073709551616}"#),
        flat: BTreeMap::from([('q', true), ('Q', false)]),
    }
}

#[test]
fn every_shape_is_written_as_serde_json_shapes_it() {
    let json = serde_json::to_string(&everything()).expect("JSON");
    assert_eq!(of(&everything(), Dialect::Python), python(&json));
    assert_eq!(of(&everything(), Dialect::TypeScript), typescript(&json));
    assert_eq!(
        of(&everything().variants, Dialect::Python),
        r#"["unit", {"newtype": -1}, {"tuple": [2, true]}, {"struct": {"ant": null, "zebra": 3}}]"#
    );
}

fn object(entries: impl IntoIterator<Item = (impl Serialize, u8)>) -> impl Serialize {
    struct Entries<K>(Vec<(K, u8)>);
    impl<K: Serialize> Serialize for Entries<K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }
    Entries(entries.into_iter().collect())
}

#[test]
fn keys_become_text_as_serde_json_makes_them() {
    fn check(entries: &impl Serialize, expected: &str) {
        assert_eq!(of(entries, Dialect::Python), expected);
        let json = serde_json::to_string(entries).expect("JSON");
        assert_eq!(python(&json), expected);
        assert_eq!(of(entries, Dialect::TypeScript), typescript(&json));
    }
    check(&object([(10_u8, 1), (9, 2)]), r#"{"10": 1, "9": 2}"#);
    check(&object([(-1_i128, 1), (-10, 2)]), r#"{"-1": 1, "-10": 2}"#);
    check(
        &object([(true, 1), (false, 2)]),
        r#"{"false": 2, "true": 1}"#,
    );
    check(&object([('é', 1), ('"', 2)]), r#"{"\"": 2, "\u00e9": 1}"#);
    check(&object([(Variant::Unit, 1)]), r#"{"unit": 1}"#);
    check(&object([(Newtype(3), 1)]), r#"{"3": 1}"#);
    check(&object([(Some("x"), 1)]), r#"{"x": 1}"#);
    check(&object([(1.5_f64, 1)]), r#"{"1.5": 1}"#);
    check(
        &object([("b", 1), ("a", 2), ("b", 3)]),
        r#"{"a": 2, "b": 3}"#,
    );
}

#[test]
fn keys_that_cannot_be_text_are_refused() {
    fn check(entries: &impl Serialize) {
        let mut out = b"before".to_vec();
        let refused = write(entries, Dialect::Python, &mut out);
        assert_eq!(refused, Err(CanonicalError::Key));
        assert_eq!(out, b"before");
    }
    check(&object([((), 1)]));
    check(&object([(vec![1], 1)]));
    check(&object([(f64::NAN, 1)]));
    check(&object([(None::<u8>, 1)]));
    check(&object([(Variant::Newtype(1), 1)]));
}

#[test]
fn raw_json_loses_nothing_wherever_it_stands() {
    let text = r#"{"n":18446744073709551616,"s":"\uD83D","m":{"b":-0,"a":1.50,"a":2}}"#;
    let value = raw(text);
    assert_eq!(of(&*value, Dialect::Python), python(text));
    let nested = BTreeMap::from([("z", vec![Some(&value)])]);
    let expected = r#"{"z": [{"m": {"a": 2, "b": 0}, "n": 18446744073709551616, "s": "\ud83d"}]}"#;
    assert_eq!(of(&nested, Dialect::Python), expected);
}

#[test]
fn raw_json_counts_into_the_depth_around_it() {
    let value = raw(&("[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH)));
    assert_eq!(write(&value, Dialect::Python, &mut Vec::new()), Ok(()));
    let deeper = write(&[value], Dialect::Python, &mut Vec::new());
    assert_eq!(deeper, Err(CanonicalError::TooDeep));
}

#[test]
fn values_nested_too_deeply_are_refused() {
    let nested = |depth| (0..depth).fold(Value::Null, |value, _| json!({"a": value}));
    assert_eq!(
        write(&nested(MAX_DEPTH), Dialect::Python, &mut Vec::new()),
        Ok(())
    );
    let deeper = write(&nested(MAX_DEPTH + 1), Dialect::Python, &mut Vec::new());
    assert_eq!(deeper, Err(CanonicalError::TooDeep));
}

#[test]
fn the_message_of_a_failing_serialize_is_dropped() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("card 4111"))
        }
    }
    let mut out = Vec::new();
    let error = write(&("written", Failing), Dialect::Python, &mut out).expect_err("fails");
    assert_eq!(error, CanonicalError::Serialize);
    assert!(!format!("{error} {error:?}").contains("4111"));
    assert!(out.is_empty());
}
