use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::{of, python, try_json, typescript};
use crate::canonical::{Dialect, Missing, select};

const DIALECTS: [Dialect; 2] = [Dialect::Python, Dialect::TypeScript];

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-3..3_i64).prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-cA-C_]{0,3}",
        "[0-9]{1,3}",
        "\\PC{0,3}",
        "[\\x00-\\x1f\"\\\\\u{7f}é\u{ffee}😀ΣİK]{0,2}",
        Just("__proto__".to_owned()),
    ]
}

pub(super) fn value(
    key: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number().prop_map(Value::Number),
        any::<String>().prop_map(Value::from),
        Just(Value::from("")),
    ];
    leaf.prop_recursive(4, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    value(key().boxed())
}

/// JSON text whose members stand in another order at each level, some of them twice.
pub(super) fn shuffled(value: &Value, seed: &mut u64) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| shuffled(item, seed)).collect();
            format!("[{}]", items.join(" ,\n"))
        }
        Value::Object(members) => {
            let mut texts: Vec<_> = members
                .iter()
                .map(|(key, value)| {
                    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let member = format!("{} :{}", Value::from(&**key), shuffled(value, seed));
                    (*seed >> 33, format!("{}:0", Value::from(&**key)), member)
                })
                .collect();
            texts.sort();
            let twice = texts.iter().filter(|(rank, ..)| rank % 4 == 0);
            let first = twice.map(|(_, zero, _)| zero.clone());
            let texts: Vec<_> = first
                .chain(texts.iter().map(|(.., text)| text.clone()))
                .collect();
            format!("{{{}}}", texts.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// As JavaScript sees it: numbers are doubles, and no object has a prototype of its own.
fn as_javascript(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(as_javascript).collect(),
        Value::Object(members) => {
            let members = members.iter().filter(|(key, _)| *key != "__proto__");
            let members: Map<_, _> = members
                .map(|(key, value)| (key.clone(), as_javascript(value)))
                .collect();
            members.into()
        }
        // Zero has no sign here
        Value::Number(number) => (number.as_f64().expect("a double") + 0.0).into(),
        scalar => scalar.clone(),
    }
}

proptest! {
    #[test]
    fn a_value_and_its_json_text_have_the_same_bytes(value in any_value()) {
        for dialect in DIALECTS {
            let json = value.to_string();
            prop_assert_eq!(Ok(of(&value, dialect)), try_json(json.as_bytes(), dialect));
        }
    }

    #[test]
    fn the_order_of_members_changes_nothing_in_python(value in any_value(), mut seed: u64) {
        prop_assert_eq!(python(&shuffled(&value, &mut seed)), of(&value, Dialect::Python));
    }

    #[test]
    fn the_order_of_members_changes_nothing_in_typescript_unless_case_alone_tells_keys_apart(
        value in value("[a-c_0-9é😀\u{ffee}]{0,3}".boxed()), mut seed: u64,
    ) {
        prop_assert_eq!(typescript(&shuffled(&value, &mut seed)), of(&value, Dialect::TypeScript));
    }

    #[test]
    fn the_bytes_are_the_value_again(value in any_value()) {
        let back: Value = serde_json::from_str(&of(&value, Dialect::Python)).expect("JSON");
        prop_assert_eq!(&back, &value);
        let back: Value = serde_json::from_str(&of(&value, Dialect::TypeScript)).expect("JSON");
        prop_assert_eq!(as_javascript(&back), as_javascript(&value));
    }

    #[test]
    fn python_writes_ascii_alone(value in any_value()) {
        let text = of(&value, Dialect::Python);
        prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    #[test]
    fn canonical_bytes_are_canonical(value in any_value()) {
        for dialect in DIALECTS {
            let once = of(&value, dialect);
            prop_assert_eq!(try_json(once.as_bytes(), dialect), Ok(once.clone()));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(json in "[\\[\\]{}:,\"\\\\u0-9dDeE.+ntfalsNI é-]{0,20}") {
        for dialect in DIALECTS {
            let ours = try_json(json.as_bytes(), dialect);
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&json);
            // Python has three words more, and both have lone surrogates
            if theirs.is_ok() && dialect == Dialect::TypeScript {
                prop_assert!(ours.is_ok());
            }
            if ours.is_ok() && !json.contains(['N', 'I', '\\']) {
                prop_assert!(theirs.is_ok());
            }
            prop_assert_eq!(Missing::Python.in_json(json.as_bytes()).is_ok(),
                try_json(json.as_bytes(), Dialect::Python).is_ok());
        }
    }

    #[test]
    fn missing_is_the_same_in_every_form(
        value in prop_oneof![
            any_value(),
            prop::collection::vec(prop_oneof![
                Just(Value::Null), Just(0.into()), Just("".into()), Just(1.into()),
            ], 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-c\"\\\\,]{1,2}", prop_oneof![
                Just(Value::Null), Just(false.into()), Just("x".into()),
            ]), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ],
        mut seed: u64,
    ) {
        for (rule, dialect) in [
            (Missing::Python, Dialect::Python),
            (Missing::TypeScript, Dialect::TypeScript),
            (Missing::TypeScriptSkip, Dialect::TypeScript),
        ] {
            let missing = rule.in_value(&value);
            prop_assert_eq!(rule.in_json(shuffled(&value, &mut seed).as_bytes()), Ok(missing));
            let python = of(&value, Dialect::Python);
            prop_assert_eq!(rule.in_canonical(python.as_bytes()), missing);
            let own = rule.in_canonical(of(&value, dialect).as_bytes());
            prop_assert!(own == missing || own && value.get("__proto__").is_some());
        }
    }

    #[test]
    fn a_selection_is_the_member_of_the_value(
        value in value("[ab\"é]{0,1}".boxed()), path in prop::collection::vec("[ab\"é]{0,1}", 0..3),
        mut seed: u64,
    ) {
        let expected = path.iter().try_fold(&value, |value, field| value.as_object()?.get(field));
        let json = shuffled(&value, &mut seed);
        let found = select(json.as_bytes(), &path).expect("JSON");
        let found: Option<Value> = found.map(|json| serde_json::from_slice(json).expect("JSON"));
        prop_assert_eq!(found.as_ref(), expected);
    }
}
