use std::{cell::Cell, collections::BTreeMap, fmt};

use serde::Serialize;
use serde::ser::{Error, SerializeMap, SerializeStruct};
use serde_json::{Value, json, value::RawValue};

use super::*;
use crate::json::{RAW_VALUE, Redaction};

const FAILED: &str = "\"[cannot be serialized]\"";

/// Serialises as the function does, whatever that is.
struct By<F>(F);

impl<F: Fn(&mut dyn FnMut(Step<'_>) -> bool)> Serialize for By<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut result = Ok(());
        (self.0)(&mut |step| {
            let done = match step {
                Step::Key(key) => map.serialize_key(key),
                Step::Value(value) => map.serialize_value(value),
                Step::Fail => Err(Error::custom("payload")),
                Step::Bad => map.serialize_value(&Fails),
            };
            let is_ok = done.is_ok();
            if let Step::Fail = step {
                result = done;
            }
            is_ok
        });
        result?;
        map.end()
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Value(&'a Value),
    Fail,
    /// A value that fails, and nobody minds.
    Bad,
}

struct Fails;

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("begun", &1)?;
        Err(Error::custom("payload"))
    }
}

fn rules(max: usize) -> Rules {
    Rules::new(Redaction::default(), max)
}

fn written<T: Serialize + ?Sized>(value: &T, max: usize) -> String {
    let mut out = b"before".to_vec();
    serialize(&mut out, value, &rules(max));
    let out = String::from_utf8(out).unwrap();
    let json = out.strip_prefix("before").unwrap().to_owned();
    serde_json::from_str::<Value>(&json).unwrap_or_else(|_| panic!("not JSON: {json}"));
    json
}

#[test]
fn what_is_complete_stays_and_the_rest_is_marked() {
    let value = json!({"a": [10, 20, 30], "b": "text", "c": {"d": null}});
    for (max, expected) in [
        (0, r#""[cut]""#),
        (2, r#"{"[cut]":true}"#),
        (8, r#"{"a":["[cut]"]}"#),
        (12, r#"{"a":[10,"[cut]"]}"#),
        (13, r#"{"a":[10,20,"[cut]"]}"#),
        (17, r#"{"a":[10,20,30],"[cut]":true}"#),
        (26, r#"{"a":[10,20,30],"b":"tex…[cut]"}"#),
        (35, r#"{"a":[10,20,30],"b":"text","c":{"[cut]":true}}"#),
        (43, r#"{"a":[10,20,30],"b":"text","c":{"d":null}}"#),
    ] {
        assert_eq!(written(&value, max), expected, "{max}");
    }
    assert_eq!(written("some text", 6), "\"some…[cut]\"");
    assert_eq!(written(&123_456, 5), "\"[cut]\"");
}

#[test]
fn a_value_that_fails_is_one_mark_without_the_errors_text() {
    assert_eq!(written(&Fails, 1000), FAILED);
    assert_eq!(written(&json!({"a": 1}), 1000), r#"{"a":1}"#);
    assert_eq!(written(&BTreeMap::from([("a", vec![Fails])]), 1000), FAILED);
    let late = By(|step: &mut dyn FnMut(Step<'_>) -> bool| {
        step(Step::Key("a"));
        step(Step::Value(&json!([1, 2])));
        step(Step::Fail);
    });
    assert_eq!(written(&late, 1000), FAILED);
    // The mark of the cut is there already, and what it says is true.
    assert_eq!(written(&late, 5), r#"{"[cut]":true}"#);
}

#[test]
fn what_serde_forbids_is_a_failure() {
    let value = json!(1);
    let steps: [&[Step<'_>]; 4] = [
        &[Step::Key("a")],
        &[Step::Value(&value)],
        &[Step::Key("a"), Step::Key("b"), Step::Value(&value)],
        &[Step::Key("a"), Step::Value(&value), Step::Value(&value)],
    ];
    for steps in steps {
        let misuse = By(|step: &mut dyn FnMut(Step<'_>) -> bool| {
            for &one in steps {
                step(one);
            }
        });
        assert_eq!(written(&misuse, 1000), FAILED);
        assert_eq!(written(&[misuse], 1000), FAILED);
    }
}

#[test]
fn nothing_is_written_after_an_error_that_was_swallowed() {
    let stubborn = By(|step: &mut dyn FnMut(Step<'_>) -> bool| {
        step(Step::Key("a"));
        assert!(!step(Step::Bad));
        assert!(!step(Step::Key("b")));
        assert!(!step(Step::Value(&json!(1))));
    });
    assert_eq!(written(&stubborn, 1000), FAILED);
    let full = By(|step: &mut dyn FnMut(Step<'_>) -> bool| {
        step(Step::Key("a"));
        assert!(!step(Step::Value(&json!("long text"))));
        assert!(!step(Step::Key("b")));
        assert!(!step(Step::Value(&json!(1))));
    });
    assert_eq!(written(&full, 10), r#"{"a":"lo…[cut]"}"#);
}

#[test]
fn a_long_walk_ends_soon_after_the_cut() {
    let calls = Cell::new(0);
    struct Endless<'a>(&'a Cell<usize>, bool);
    impl Serialize for Endless<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let counted = (0..1_000_000).inspect(|_| self.0.set(self.0.get() + 1));
            if self.1 {
                // Keys that are no text write nothing.
                serializer.collect_map(counted.map(|_| ((), 1)))
            } else {
                serializer.collect_seq(counted)
            }
        }
    }
    assert!(written(&Endless(&calls, false), 100).ends_with(",\"[cut]\"]"));
    assert!(calls.replace(0) < 60);
    assert_eq!(
        written(&[Endless(&calls, true)], 100),
        r#"[{"[key]":true,"[cut]":true}]"#
    );
    assert!(calls.get() < 60);
}

#[test]
fn members_without_a_name_share_one_mark() {
    let pairs = BTreeMap::from([((1, 2), "s3cret"), ((3, 4), "s3cret")]);
    assert_eq!(written(&pairs, 1000), r#"{"[key]":true}"#);
    let options = BTreeMap::from([(None, 1), (Some("a"), 2), (Some("cookie"), 3)]);
    let json = written(&options, 1000);
    assert_eq!(json, r#"{"[key]":true,"a":2,"cookie":"***"}"#);
}

#[test]
fn keys_are_text_as_serde_json_makes_it() {
    struct Float(f64);
    impl Serialize for Float {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, 1)])
        }
    }
    assert_eq!(written(&Float(1.5), 1000), r#"{"1.5":1}"#);
    assert_eq!(written(&Float(f64::NAN), 1000), r#"{"[key]":true}"#);
    assert_eq!(
        written(&BTreeMap::from([(u128::MAX, 1)]), 1000),
        format!("{{\"{}\":1}}", u128::MAX)
    );
}

#[test]
fn hidden_values_are_not_looked_at() {
    struct Panics;
    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("looked at")
        }
    }
    #[derive(Serialize)]
    struct Request {
        cookie: Panics,
        #[serde(rename = "X-Api_Key")]
        key: Panics,
    }
    #[derive(Serialize)]
    enum Header {
        Authorization(Panics),
        Cookie { value: u8 },
        SetCookie(u8, u8),
    }
    let request = Request {
        cookie: Panics,
        key: Panics,
    };
    assert_eq!(
        written(&request, 1000),
        r#"{"cookie":"***","X-Api_Key":"***"}"#
    );
    assert_eq!(
        written(&BTreeMap::from([("Cookie", Panics)]), 1000),
        r#"{"Cookie":"***"}"#
    );
    let headers = [
        Header::Authorization(Panics),
        Header::Cookie { value: 1 },
        Header::SetCookie(1, 2),
    ];
    assert_eq!(
        written(&headers, 1000),
        r#"[{"Authorization":"***"},{"Cookie":"***"},{"SetCookie":[1,2]}]"#
    );
}

#[test]
fn numbers_that_json_lacks_are_null_and_long_ones_are_whole() {
    let floats = (f64::NAN, f64::INFINITY, f32::NEG_INFINITY, 0.1_f32, 1.0);
    assert_eq!(written(&floats, 1000), "[null,null,null,0.1,1.0]");
    let long = (i128::MIN, u128::MAX);
    assert_eq!(
        written(&long, 1000),
        format!("[{},{}]", i128::MIN, u128::MAX)
    );
}

#[test]
fn a_display_is_cut_and_told_to_stop() {
    struct Huge<'a>(&'a Cell<usize>);
    impl Display for Huge<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for _ in 0..1000 {
                self.0.set(self.0.get() + 1);
                f.write_str("\"x")?;
            }
            Ok(())
        }
    }
    impl Serialize for Huge<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    let calls = Cell::new(0);
    let json = written(&[Huge(&calls), Huge(&calls)], 11);
    assert_eq!(json, r#"["\"x\"x…[cut]"]"#);
    assert_eq!(calls.get(), 3);
}

#[test]
fn structs_that_stand_for_json_are_checked() {
    struct Private<'a>(&'static str, &'a [&'a str]);
    impl Serialize for Private<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut fields = serializer.serialize_struct(self.0, 1)?;
            for text in self.1 {
                fields.serialize_field(self.0, text)?;
            }
            fields.end()
        }
    }
    assert_eq!(written(&[Private(NUMBER, &["1e5"])], 1000), "[1e5]");
    assert_eq!(
        written(&Private(RAW_VALUE, &["{ \"a\" :\n1}"]), 1000),
        r#"{"a":1}"#
    );
    for bad in ["", "1\n", "-", "1 2", "\"x\"", "[1]", "NaN", "01"] {
        assert_eq!(written(&[Private(NUMBER, &[bad])], 1000), FAILED, "{bad}");
    }
    for bad in ["", "{", "1 2", "{\"a\":1}}", "[1,]"] {
        assert_eq!(
            written(&[Private(RAW_VALUE, &[bad])], 1000),
            FAILED,
            "{bad}"
        );
    }
    assert_eq!(written(&[Private(NUMBER, &[])], 1000), FAILED);
    assert_eq!(written(&[Private(RAW_VALUE, &["1", "2"])], 1000), FAILED);
}

#[test]
fn even_the_deepest_value_can_be_read_inside_a_line() {
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    let mut tree = json!(1);
    for _ in 0..1000 {
        tree = json!([tree]);
    }
    let raw = RawValue::from_string(deep).unwrap();
    let rules = rules(usize::MAX).with_max_depth(usize::MAX);
    let depth = Rules::DEEPEST;
    let expected = format!("{}\"[too deep]\"{}", "[".repeat(depth), "]".repeat(depth));
    for value in [&tree as &dyn Written, &raw] {
        let mut line = b"{\"a\":".to_vec();
        value.write(&mut line, &rules);
        line.push(b'}');
        serde_json::from_slice::<Value>(&line).unwrap();
        assert_eq!(
            str::from_utf8(&line).unwrap(),
            format!("{{\"a\":{expected}}}")
        );
    }
}

trait Written {
    fn write(&self, out: &mut Vec<u8>, rules: &Rules);
}

impl<T: Serialize> Written for T {
    fn write(&self, out: &mut Vec<u8>, rules: &Rules) {
        serialize(out, self, rules);
    }
}

#[test]
fn what_comes_after_a_mark_in_raw_json_is_still_written() {
    let text = r#"{"a":[[1,{"x":[2]}],{"b":"}"}],"cookie":{"c":["]"]},"d":[4]}"#;
    let raw = RawValue::from_string(text.to_owned()).unwrap();
    let mut out = Vec::new();
    serialize(&mut out, &raw, &rules(1000).with_max_depth(2));
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"a":["[too deep]","[too deep]"],"cookie":"***","d":[4]}"#
    );
}
