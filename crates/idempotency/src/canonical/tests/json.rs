use super::{python, try_json};
use crate::canonical::writer::MAX_DEPTH;
use crate::canonical::{CanonicalError, Dialect};

fn refused(json: &str) -> CanonicalError {
    let error = try_json(json.as_bytes(), Dialect::TypeScript).expect_err(json);
    assert_eq!(
        try_json(json.as_bytes(), Dialect::Python),
        Err(error),
        "{json}"
    );
    error
}

#[test]
fn broken_json_is_refused_where_it_breaks() {
    for (json, position) in [
        ("", 0),
        ("  ", 2),
        ("{", 1),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("[1}", 2),
        ("{\"a\":1]", 6),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("{\"a\" 1}", 5),
        ("1 2", 2),
        ("nul", 0),
        ("truex", 4),
        ("01", 1),
        ("+1", 0),
        ("-", 1),
        ("1.", 2),
        (".5", 0),
        ("1e", 2),
        ("1e+", 3),
        ("\"abc", 4),
        ("\"a\tb\"", 2),
        ("\"a\u{1f}b\"", 2),
        ("\"a\\x\"", 2),
        ("\"a\\", 2),
        ("\"\\u12g4\"", 1),
        ("\"\\u+123\"", 1),
        ("\"\\u12é\"", 1),
        ("\u{feff}1", 0),
        ("1\u{a0}", 1),
        ("'a'", 0),
    ] {
        assert_eq!(
            refused(json),
            CanonicalError::Syntax { position },
            "{json:?}"
        );
    }
}

#[test]
fn python_takes_words_for_what_is_no_number_and_typescript_does_not() {
    assert_eq!(
        python("[NaN,Infinity,-Infinity]"),
        "[NaN, Infinity, -Infinity]"
    );
    for word in ["NaN", "Infinity", "-Infinity"] {
        assert!(try_json(word.as_bytes(), Dialect::TypeScript).is_err());
    }
    assert!(try_json(b"-NaN", Dialect::Python).is_err());
    assert!(try_json(b"-Inf", Dialect::Python).is_err());
}

#[test]
fn invalid_utf_8_is_refused_where_it_begins() {
    for dialect in [Dialect::Python, Dialect::TypeScript] {
        let error = try_json(b"\"ab\xff\"", dialect).expect_err("no UTF-8");
        assert_eq!(error, CanonicalError::Encoding { position: 3 });
    }
}

#[test]
fn nesting_is_limited_and_never_overflows_the_stack() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(python(&nested(MAX_DEPTH)), nested(MAX_DEPTH));
    assert_eq!(refused(&nested(MAX_DEPTH + 1)), CanonicalError::TooDeep);
    assert_eq!(refused(&"[".repeat(1_000_000)), CanonicalError::TooDeep);
    assert_eq!(
        refused(&"{\"a\":".repeat(1_000_000)),
        CanonicalError::TooDeep
    );
}

#[test]
fn errors_tell_the_place_and_nothing_of_the_payload() {
    let error = refused("{\"card\":\"4111\",\"pin\":secret}");
    assert_eq!(error.to_string(), "invalid JSON at byte 21");
    assert!(!format!("{error:?}").contains("secret"));
}
