use std::{borrow::Cow, cell::Cell, collections::BTreeMap};

use proptest::prelude::*;

use super::*;

fn expression(text: Option<&str>) -> Option<Expression> {
    text.map(|text| Expression::new(text).expect("an expression"))
}

fn plan(key: Option<&str>, format: KeyFormat, require_key: bool) -> KeyPlan {
    KeyPlan {
        expression: expression(key),
        validation: None,
        format,
        function: format.default_function(),
        require_key,
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

/// The hashes of a payload, or why there are none.
type Hashes = Result<(Option<String>, Option<String>), IdempotencyErrorKind>;

fn hashes(identity: Result<Identity, IdempotencyError>) -> Hashes {
    match identity {
        Ok(Identity { key, payload, .. }) => Ok((key, payload)),
        Err(error) => Err(error.kind()),
    }
}

const FORMATS: [KeyFormat; 3] = [
    KeyFormat::Powertools,
    KeyFormat::Python,
    KeyFormat::TypeScript,
];

fn payload() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1..2_i8).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c\\PC]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop::sample::select(vec!["a", "b", "c", "__proto__"]);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            4 => prop::collection::btree_map(key.prop_map(str::to_owned), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_expression() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some("a"),
        Some("b.a"),
        Some("c.__proto__"),
        Some("[a, b]"),
        Some("c || a"),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_form_of_a_payload_has_the_same_identity(
        payload in payload(), key in any_expression(), validation in any_expression(),
        format in prop::sample::select(FORMATS.to_vec()), require_key: bool,
    ) {
        let plan = KeyPlan {
            validation: expression(validation),
            ..plan(key, format, require_key)
        };
        let expected = hashes(plan.of_value(&payload));
        let text = payload.to_string();
        prop_assert_eq!(&hashes(plan.of_json(text.as_bytes())), &expected);
        prop_assert_eq!(&hashes(plan.of(&payload)), &expected);
        prop_assert_eq!(&hashes(plan.of(&*raw(&text))), &expected);
        prop_assert_eq!(&hashes(plan.of_static(&payload)), &expected);
        prop_assert_eq!(&hashes(plan.of_static(&raw(&text))), &expected);
    }
}

#[derive(Serialize)]
struct Order<'a> {
    id: &'a str,
    note: Cow<'a, str>,
    tries: Cell<u8>,
}

#[test]
fn a_borrowed_payload_has_the_key_of_its_value() {
    let id = String::from("o-1");
    let order = Order {
        id: &id,
        note: Cow::Borrowed(&id[..1]),
        tries: Cell::new(0),
    };
    let value = serde_json::to_value(&order).expect("JSON");
    for key in [None, Some("id"), Some("note.id"), Some("[id, note]")] {
        for format in FORMATS {
            let plan = plan(key, format, false);
            assert_eq!(hashes(plan.of(&order)), hashes(plan.of_value(&value)));
        }
    }
    let plan = plan(None, KeyFormat::Powertools, true);
    let text = Value::from("order");
    assert_eq!(hashes(plan.of("order")), hashes(plan.of_value(&text)));
    assert_eq!(hashes(plan.of("")), Err(IdempotencyErrorKind::MissingKey));
}

#[test]
fn what_typescript_leaves_out_of_its_text_is_a_key() {
    let plan = plan(Some("a"), KeyFormat::TypeScript, true);
    let missing = Err(IdempotencyErrorKind::MissingKey);
    let of = |value: Value| hashes(plan.of(&BTreeMap::from([("a", value)])));
    assert!(of(serde_json::json!({"__proto__": 1})).is_ok());
    assert_eq!(of(serde_json::json!({"__proto__": 0})), missing);
    assert_eq!(of(serde_json::json!({})), missing);
    for there in ["1e999", "[-1e999]", r#"{"b":1e999}"#] {
        let payload = BTreeMap::from([("a", raw(there))]);
        assert!(plan.of(&payload).is_ok(), "{there}");
    }
    for number in [f64::INFINITY, f64::NAN] {
        let payload = BTreeMap::from([("a", [number])]);
        assert_eq!(plan.of(&payload).is_ok(), number.is_infinite());
    }
}

#[test]
fn a_path_serialises_nothing_else() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("card 4111"))
        }
    }
    #[derive(Serialize)]
    struct Payload {
        id: u8,
        other: Failing,
    }
    let payload = Payload {
        id: 1,
        other: Failing,
    };
    let path = plan(Some("id"), KeyFormat::Powertools, true);
    assert!(path.of(&payload).is_ok());
    for key in [None, Some("other"), Some("[id]")] {
        let error = plan(key, KeyFormat::Powertools, true).of(&payload);
        let error = error.expect_err("it fails");
        assert_eq!(error.kind(), IdempotencyErrorKind::Payload);
        assert!(!format!("{error} {error:?}").contains("4111"));
    }
}
