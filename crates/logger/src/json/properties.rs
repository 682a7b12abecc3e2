//! What holds for every value.

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Members, Redaction, Rules, members, serialize, zoo};

fn written<T: Serialize>(value: &T, rules: &Rules) -> String {
    let mut out = b"before".to_vec();
    serialize(&mut out, value, rules);
    let out = String::from_utf8(out).unwrap();
    out.strip_prefix("before").unwrap().to_owned()
}

fn generous() -> Rules {
    Rules::new(Redaction::default(), usize::MAX)
}

/// What the bound promises.
fn check_bound<T: Serialize>(value: &T, max: usize) -> Result<(), TestCaseError> {
    let whole = serde_json::to_string(value).unwrap();
    let json = written(value, &Rules::new(Redaction::default(), max));
    prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
    prop_assert!(!json.contains(['\n', '\r']));
    prop_assert!(
        json.len() <= max + Rules::SLACK,
        "{} > {}: {}",
        json.len(),
        max,
        json
    );
    if whole.len() <= max {
        prop_assert_eq!(json, whole);
    } else {
        prop_assert!(json.contains("[cut]"), "{}", json);
    }
    Ok(())
}

fn check_depth<T: Serialize>(value: &T, depth: usize) -> Result<(), TestCaseError> {
    let json = written(value, &generous().with_max_depth(depth));
    let parsed: Value = serde_json::from_str(&json).unwrap();
    let expected = flattened(&serde_json::to_value(value).unwrap(), depth);
    // Both through the same parser, which reads some floats one bit off.
    prop_assert_eq!(parsed, reparsed(&expected));
    Ok(())
}

fn reparsed(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn flattened(value: &Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => json!("[too deep]"),
        Value::Array(elements) => elements
            .iter()
            .map(|value| flattened(value, depth - 1))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), flattened(value, depth - 1)))
            .collect(),
        _ => value.clone(),
    }
}

fn hidden(value: &Value, names: &[&str]) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|value| hidden(value, names)).collect(),
        Value::Object(members) => {
            let hide = |(name, value): (&String, &Value)| {
                let plain = name.to_lowercase().replace('_', "-");
                if names.contains(&plain.as_str()) {
                    (name.clone(), json!("***"))
                } else {
                    (name.clone(), hidden(value, names))
                }
            };
            members.iter().map(hide).collect()
        }
        _ => value.clone(),
    }
}

#[derive(Default)]
struct Collected(Map<String, Value>);

impl Members for Collected {
    fn member(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        self.0
            .insert(name.to_owned(), serde_json::from_slice(&out).unwrap());
    }
}

proptest! {
    #[test]
    fn json_is_written_as_serde_json_does(value in zoo::any_value()) {
        prop_assert_eq!(written(&value, &generous()), value.to_string());
    }

    #[test]
    fn structs_are_written_as_serde_json_does(zoo in zoo::any_zoo()) {
        prop_assert_eq!(written(&zoo, &generous()), serde_json::to_string(&zoo).unwrap());
    }

    #[test]
    fn json_keeps_to_its_bound(value in zoo::any_value(), max in 0_usize..200) {
        check_bound(&value, max)?;
    }

    #[test]
    fn structs_keep_to_their_bound(zoo in zoo::any_zoo(), max in 0_usize..900) {
        check_bound(&zoo, max)?;
    }

    #[test]
    fn a_value_of_just_the_bound_is_whole(value in zoo::any_value()) {
        let length = value.to_string().len();
        check_bound(&value, length)?;
        check_bound(&value, length - 1)?;
    }

    #[test]
    fn what_is_too_deep_is_marked(value in zoo::any_value(), zoo in zoo::any_zoo(), depth in 0_usize..5) {
        check_depth(&value, depth)?;
        check_depth(&zoo, depth)?;
    }

    #[test]
    fn tight_rules_together_give_one_line_of_json(
        zoo in zoo::any_zoo(),
        max in 0_usize..600,
        depth in 0_usize..5,
    ) {
        let rules = Rules::new(Redaction::new(["id", "name", "raw"]), max).with_max_depth(depth);
        let json = written(&zoo, &rules);
        prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
        prop_assert!(json.len() <= max + Rules::SLACK && !json.contains('\n'));
    }

    #[test]
    fn hidden_names_are_hidden_at_any_depth(value in zoo::any_value()) {
        let rules = Rules::new(Redaction::new(["ID", "name", "species"]), usize::MAX);
        let expected = hidden(&value, &["id", "name", "species"]);
        prop_assert_eq!(written(&value, &rules), expected.to_string());
    }

    #[test]
    fn raw_json_follows_the_rules(value in zoo::any_value(), depth in 0_usize..5) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&text).unwrap();
        let rules = Rules::new(Redaction::new(["ID", "name"]), usize::MAX).with_max_depth(depth);
        let expected = hidden(&reparsed(&flattened(&value, depth)), &["id", "name"]);
        prop_assert_eq!(written(&raw, &rules), expected.to_string());
    }

    #[test]
    fn members_are_those_of_the_json(value in zoo::any_value(), zoo in zoo::any_zoo()) {
        let mut collected = Collected::default();
        members(&zoo, &generous(), &mut collected).unwrap();
        prop_assert_eq!(Value::Object(collected.0), reparsed(&serde_json::to_value(&zoo).unwrap()));

        let mut collected = Collected::default();
        let handed_over = members(&value, &generous(), &mut collected);
        prop_assert_eq!(handed_over.is_ok(), value.is_object());
        if value.is_object() {
            prop_assert_eq!(Value::Object(collected.0), reparsed(&value));
        }
    }
}
