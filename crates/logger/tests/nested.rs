//! Lines within lines: values that log while they are written. `tracing` lets them only
//! where the logger is installed for the whole process.

use std::{fmt, sync::LazyLock};

use powertools_core::test_util::CapturedOutput;
use powertools_logger::{LoggerLayer, json};
use serde::{Serialize, Serializer};
use serde_json::{Value, json as value};
use tracing::info;

static OUTPUT: LazyLock<CapturedOutput> = LazyLock::new(|| {
    let output = CapturedOutput::default();
    let logger = LoggerLayer::builder()
        .redact(["hidden"])
        .output(output.writer());
    logger.build().unwrap().init().unwrap();
    output
});

/// The lines that begin with this word, of all that tests at the same time write.
fn lines(word: &str) -> Vec<Value> {
    let is_ours = |line: &Value| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with(word))
    };
    OUTPUT.json().into_iter().filter(is_ours).collect()
}

#[test]
fn a_value_that_logs_while_it_is_serialized_makes_two_lines() {
    struct Logs;
    impl Serialize for Logs {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = value!({"a": 1, "hidden": "s3cret"});
            info!(field = ?json(&inner), "serialized: inner {:?}", json(&inner));
            serializer.serialize_u8(7)
        }
    }
    LazyLock::force(&OUTPUT);
    info!(outer = ?json(&Logs), "serialized: outer");
    let [inner, outer] = lines("serialized").try_into().unwrap();
    assert_eq!(
        inner["message"],
        r#"serialized: inner {"a":1,"hidden":"***"}"#
    );
    assert_eq!(inner["field"], value!({"a": 1, "hidden": "***"}));
    assert_eq!(inner.get("outer"), None);
    assert_eq!(outer["outer"], 7);
}

#[test]
fn helpers_within_a_line_within_a_field_stay_there() {
    struct Logs;
    impl fmt::Debug for Logs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(some = ?Some(json(&[1])), json = ?json(&[2]), "formatted: inner");
            f.write_str("shown")
        }
    }
    LazyLock::force(&OUTPUT);
    info!(outer = ?Logs, "formatted: outer");
    let [inner, outer] = lines("formatted").try_into().unwrap();
    assert_eq!(inner["some"], "Some([1])");
    assert_eq!(inner["json"], value!([2]));
    assert_eq!(outer["outer"], "shown");
}

#[test]
fn a_field_that_is_a_helper_and_logs_is_json_all_the_same() {
    struct Logs;
    impl fmt::Debug for Logs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            json(&["outer"]).fmt(f)?;
            info!(json = ?json(&["inner"]), text = ?"", "helper: inner");
            Ok(())
        }
    }
    LazyLock::force(&OUTPUT);
    info!(outer = ?Logs, "helper: outer");
    let [inner, outer] = lines("helper").try_into().unwrap();
    assert_eq!(inner["json"], value!(["inner"]));
    assert_eq!(inner["text"], "\"\"");
    assert_eq!(outer["outer"], value!(["outer"]));
}
