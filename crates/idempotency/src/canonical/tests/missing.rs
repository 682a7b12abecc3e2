use super::{of, try_json};
use crate::canonical::{Dialect, Missing};

/// The answer of all three forms, which must be one.
fn missing(json: &str, rule: Missing) -> bool {
    let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let dialect = match rule {
        Missing::Python => Dialect::Python,
        Missing::TypeScript | Missing::TypeScriptSkip => Dialect::TypeScript,
    };
    let answer = rule.in_json(json.as_bytes()).expect("JSON");
    assert_eq!(rule.in_value(&value), answer, "{json}");
    assert_eq!(
        rule.in_canonical(of(&value, dialect).as_bytes()),
        answer,
        "{json}"
    );
    answer
}

const NOTHING: [&str; 2] = ["null", " null "];
const EMPTY: [&str; 6] = [
    "{}",
    "[ ]",
    "[null,null]",
    r#"{"a":null,"b":null}"#,
    r#"{"a\",}":null}"#,
    r#""""#,
];
const FALSY: [&str; 9] = [
    "0",
    "-0",
    "-0.0",
    "0e7",
    "1e-400",
    "false",
    r#"[0,"",false,null]"#,
    r#"{"a":0.0,"b":null}"#,
    r#"{"a":1,"a":false}"#,
];
const THERE: [&str; 12] = [
    "1",
    "true",
    r#""x""#,
    r#"" ""#,
    "[[]]",
    "[{}]",
    r#"{"a":{}}"#,
    r#"{"a":null,"b":1}"#,
    r#"{"a":"null"}"#,
    r#"[null,"]"]"#,
    r#"{"b":null,"a":null,"b":[null]}"#,
    r#"["null"]"#,
];

#[test]
fn python_misses_null_empty_text_and_what_holds_nulls_alone() {
    for json in NOTHING.iter().chain(&EMPTY) {
        assert!(missing(json, Missing::Python), "{json}");
    }
    for json in THERE.iter().chain(&FALSY) {
        assert!(!missing(json, Missing::Python), "{json}");
    }
}

#[test]
fn typescript_that_throws_misses_whatever_is_falsy() {
    for json in NOTHING.iter().chain(&EMPTY).chain(&FALSY) {
        assert!(missing(json, Missing::TypeScript), "{json}");
    }
    for json in THERE {
        assert!(!missing(json, Missing::TypeScript), "{json}");
    }
}

#[test]
fn typescript_that_skips_misses_null_alone() {
    for json in NOTHING {
        assert!(missing(json, Missing::TypeScriptSkip), "{json}");
    }
    for json in EMPTY.iter().chain(&FALSY).chain(&THERE) {
        assert!(!missing(json, Missing::TypeScriptSkip), "{json}");
    }
}

#[test]
fn the_last_of_equal_keys_decides() {
    assert!(missing(r#"{"a":1,"a":null}"#, Missing::Python));
    assert!(missing(r#"{"a":1,"\u0061":null}"#, Missing::Python));
    assert!(!missing(r#"{"a":null,"a":1}"#, Missing::Python));
}

#[test]
fn an_infinity_is_there() {
    for rule in [
        Missing::Python,
        Missing::TypeScript,
        Missing::TypeScriptSkip,
    ] {
        assert_eq!(rule.in_json(b"[1e999]"), Ok(false));
    }
    assert_eq!(Missing::Python.in_json(b"[NaN]"), Ok(false));
    let canonical = try_json(b"[NaN]", Dialect::Python).expect("JSON");
    assert!(!Missing::Python.in_canonical(canonical.as_bytes()));
}

#[test]
fn broken_json_is_no_answer() {
    for json in ["", "[null", "[null] x", "{\"a\":nul}", "null null"] {
        for rule in [
            Missing::Python,
            Missing::TypeScript,
            Missing::TypeScriptSkip,
        ] {
            assert!(rule.in_json(json.as_bytes()).is_err(), "{json}");
        }
    }
}
