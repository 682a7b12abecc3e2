use super::{of, python, typescript};
use crate::canonical::Dialect;

#[test]
fn python_puts_a_space_behind_commas_and_colons_and_typescript_does_not() {
    let json = r#" { "a" : [ 1 ,2 ] , "b":{ } ,"c":[ ],"d":true,"e":false,"f":null } "#;
    let spaced = r#"{"a": [1, 2], "b": {}, "c": [], "d": true, "e": false, "f": null}"#;
    assert_eq!(python(json), spaced);
    let compact = r#"{"a":[1,2],"b":{},"c":[],"d":true,"e":false,"f":null}"#;
    assert_eq!(typescript(json), compact);
}

#[test]
fn python_escapes_all_but_printable_ascii() {
    let text = "\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é\u{2028}😀/<>&'~";
    let escaped = r#""\"\\\b\t\n\f\r\u0000\u001f\u007f\u00e9\u2028\ud83d\ude00/<>&'~""#;
    assert_eq!(of(text, Dialect::Python), escaped);
}

#[test]
fn typescript_escapes_controls_quotes_and_backslashes_alone() {
    let text = "\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é\u{2028}😀/<>&'~";
    let escaped = "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é\u{2028}😀/<>&'~\"";
    assert_eq!(of(text, Dialect::TypeScript), escaped);
}

#[test]
fn an_escape_is_found_at_every_place_of_a_text_of_any_length() {
    for len in 0..40 {
        for at in 0..len {
            for (special, escaped) in [("\n", "\\n"), ("\u{7f}", "\\u007f"), ("é", "\\u00e9")] {
                let (before, after) = ("x".repeat(at), "y".repeat(len - at - 1));
                let text = format!("{before}{special}{after}");
                let expected = format!("\"{before}{escaped}{after}\"");
                assert_eq!(of(&text, Dialect::Python), expected);
                assert_eq!(python(&format!("\"{before}{escaped}{after}\"")), expected);
            }
        }
    }
}

#[test]
fn escapes_in_json_text_are_spelled_anew() {
    let json = r#""\u0041\u00E9\/\u0022\u005c\u000A\uD83D\uDE00""#;
    assert_eq!(python(json), r#""A\u00e9/\"\\\n\ud83d\ude00""#);
    assert_eq!(typescript(json), r#""Aé/\"\\\n😀""#);
}

#[test]
fn lone_surrogates_stay_escapes() {
    for lone in [
        r#""\ud83d""#,
        r#""\ude00x""#,
        r#""\ud83dx\ude00""#,
        r#""\ude00\ud83d""#,
        r#""\ud83d\n""#,
    ] {
        assert_eq!(python(lone), lone);
        assert_eq!(typescript(lone), lone);
    }
    assert_eq!(python(r#""\uD83D\uD83D\uDE00""#), r#""\ud83d\ud83d\ude00""#);
    assert_eq!(typescript(r#""\uD83D\uD83D\uDE00""#), r#""\ud83d😀""#);
}

#[test]
fn python_sorts_keys_by_code_point() {
    let json = r#"{"é":1,"z":2,"a":3,"Z":4,"":5,"10":6,"9":7,"a b":8,"a-b":9,"ab":0}"#;
    assert_eq!(
        python(json),
        r#"{"": 5, "10": 6, "9": 7, "Z": 4, "a": 3, "a b": 8, "a-b": 9, "ab": 0, "z": 2, "\u00e9": 1}"#
    );
    // Escaped spellings sort otherwise: a tab is below a space, a backslash above a Z
    assert_eq!(
        python(r#"{"Z":1,"\\":2,"\t":3," ":4}"#),
        r#"{"\t": 3, " ": 4, "Z": 1, "\\": 2}"#
    );
    // UTF-16 has the astral one first
    assert_eq!(
        python(r#"{"😀":1,"\uffee":2}"#),
        r#"{"\uffee": 2, "\ud83d\ude00": 1}"#
    );
    // A lone surrogate stands below both
    assert_eq!(
        python(r#"{"😀":1,"\uffee":2,"\udfff":3}"#),
        r#"{"\udfff": 3, "\uffee": 2, "\ud83d\ude00": 1}"#
    );
}

#[test]
fn typescript_sorts_keys_by_lower_case_in_utf_16() {
    assert_eq!(
        typescript(r#"{"b":1,"C":2,"a":3}"#),
        r#"{"a":3,"b":1,"C":2}"#
    );
    assert_eq!(
        typescript(r#"{"\uffee":2,"😀":1}"#),
        "{\"😀\":1,\"\u{ffee}\":2}"
    );
    assert_eq!(
        typescript(r#"{"É":1,"é":2,"z":3,"Z":4}"#),
        r#"{"z":3,"Z":4,"É":1,"é":2}"#
    );
    // A sigma that ends a word is another letter in lower case, also before a lone surrogate
    assert_eq!(
        typescript(r#"{"aσ":1,"AΣ\ud83d":2,"AΣ":3}"#),
        "{\"AΣ\":3,\"AΣ\\ud83d\":2,\"aσ\":1}"
    );
    // `_` stands between upper and lower case
    assert_eq!(
        typescript(r#"{"b":1,"_":2,"A":3}"#),
        r#"{"_":2,"A":3,"b":1}"#
    );
}

#[test]
fn typescript_keeps_keys_that_differ_in_case_alone_as_they_came() {
    assert_eq!(
        typescript(r#"{"b":1,"B":2,"a":3,"A":4}"#),
        r#"{"a":3,"A":4,"b":1,"B":2}"#
    );
    assert_eq!(
        typescript(r#"{"B":1,"b":2,"A":3,"a":4}"#),
        r#"{"A":3,"a":4,"B":1,"b":2}"#
    );
    // The first place of a key that comes twice
    assert_eq!(typescript(r#"{"a":1,"A":2,"a":3}"#), r#"{"a":3,"A":2}"#);
    assert_eq!(typescript(r#"{"é":1,"É":2,"é":3}"#), r#"{"é":3,"É":2}"#);
}

#[test]
fn typescript_lists_array_indices_first() {
    let json = r#"{"b":0,"10":1,"9":2,"01":3,"4294967294":4,"4294967295":5,"-1":6,"0":7,"":8}"#;
    assert_eq!(
        typescript(json),
        r#"{"0":7,"9":2,"10":1,"4294967294":4,"":8,"-1":6,"01":3,"4294967295":5,"b":0}"#
    );
    assert_eq!(
        typescript(r#"{"é":0,"10":1,"9":2}"#),
        r#"{"9":2,"10":1,"é":0}"#
    );
}

#[test]
fn typescript_loses_the_prototype_and_python_does_not() {
    let json = r#"{"a":1,"__proto__":{"b":2},"z":3}"#;
    assert_eq!(typescript(json), r#"{"a":1,"z":3}"#);
    assert_eq!(typescript(r#"{"__proto__":1}"#), "{}");
    assert_eq!(
        typescript(r#"[{"__proto__":{"a":1},"b":2}]"#),
        r#"[{"b":2}]"#
    );
    assert_eq!(typescript(r#"{"\u005f_proto__":1}"#), "{}");
    assert_eq!(python(json), r#"{"__proto__": {"b": 2}, "a": 1, "z": 3}"#);
}

#[test]
fn the_last_of_equal_keys_counts() {
    assert_eq!(python(r#"{"a":1,"b":2,"a":3}"#), r#"{"a": 3, "b": 2}"#);
    assert_eq!(
        python(r#"{"a":1,"\u0061":{"x":[1,2]}}"#),
        r#"{"a": {"x": [1, 2]}}"#
    );
    assert_eq!(python(r#"{"é":1,"\u00E9":2,"é":3}"#), r#"{"\u00e9": 3}"#);
    assert_eq!(typescript(r#"{"10":1,"9":2,"10":3}"#), r#"{"9":2,"10":3}"#);
}

#[test]
fn nested_objects_are_sorted_each_for_itself() {
    let json = r#"{"z":[3,{"y":{"d":1,"c":2},"x":2}],"a":{"c":1,"b":2}}"#;
    let expected = r#"{"a": {"b": 2, "c": 1}, "z": [3, {"x": 2, "y": {"c": 2, "d": 1}}]}"#;
    assert_eq!(python(json), expected);
}
