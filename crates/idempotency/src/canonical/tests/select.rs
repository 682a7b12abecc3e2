use crate::canonical::writer::MAX_DEPTH;
use crate::canonical::{CanonicalError, select};

fn selected(json: &str, path: &[&str]) -> Option<String> {
    let found = select(json.as_bytes(), path).expect("JSON");
    found.map(|value| String::from_utf8(value.to_vec()).expect("UTF-8"))
}

#[test]
fn the_text_of_a_member_comes_out_as_it_stands() {
    let json = r#" { "a" : { "b" : [ 1.50 , {"x": 1e400 } ] } , "c" : -0 } "#;
    assert_eq!(
        selected(json, &["a", "b"]).as_deref(),
        Some(r#"[ 1.50 , {"x": 1e400 } ]"#)
    );
    assert_eq!(selected(json, &["c"]).as_deref(), Some("-0"));
    assert_eq!(selected(json, &[]).as_deref(), Some(json.trim()));
}

#[test]
fn a_member_of_nothing_is_nothing() {
    let json = r#"{"a":{"b":null,"c":[{"d":1}]}}"#;
    for path in [
        &["z"][..],
        &["a", "z"],
        &["z", "a"],
        &["a", "b", "x"],
        &["a", "c", "d"],
        &["a", "c", "0"],
    ] {
        assert_eq!(selected(json, path), None, "{path:?}");
    }
    assert_eq!(selected("[1]", &["a"]), None);
    assert_eq!(selected(json, &["a", "b"]).as_deref(), Some("null"));
}

#[test]
fn the_last_of_equal_keys_is_taken() {
    assert_eq!(
        selected(r#"{"a":1,"b":2,"a":3}"#, &["a"]).as_deref(),
        Some("3")
    );
    assert_eq!(selected(r#"{"a":{"b":1},"a":2}"#, &["a", "b"]), None);
}

#[test]
fn keys_are_compared_after_unescaping() {
    assert_eq!(
        selected(r#"{"\u0061\/\uD83D\uDE00":1}"#, &["a/😀"]).as_deref(),
        Some("1")
    );
    assert_eq!(selected(r#"{"\ud83d":1}"#, &["\\ud83d"]), None);
    assert_eq!(selected(r#"{"\"":1}"#, &["\""]).as_deref(), Some("1"));
}

#[test]
fn the_whole_text_is_checked() {
    for (json, position) in [
        (r#"{"a":1,"b":x}"#, 11),
        (r#"{"a":1} x"#, 8),
        (r#"{"a":1"#, 6),
    ] {
        let error = select(json.as_bytes(), ["a"]).expect_err("broken");
        assert_eq!(error, CanonicalError::Syntax { position });
    }
    let deep = format!(r#"{{"a":1,"b":{}"#, "[".repeat(MAX_DEPTH + 2));
    assert_eq!(select(deep.as_bytes(), ["a"]), Err(CanonicalError::TooDeep));
}
