//! The fields of an event.

use std::{fmt, num::Wrapping};

use powertools_core::test_util::TestContext;
use serde_json::Value;
use tower::service_fn;
use tracing::field::Empty;

use crate::support::{builder, called, invoked, keys, keys_of, line, logged, only};

#[derive(Debug)]
#[expect(dead_code, reason = "shown by Debug")]
struct Order {
    id: u8,
}

#[test]
fn every_type_of_field_keeps_its_type() {
    let line = line(|| {
        tracing::info!(
            text = "a\"b\nc",
            string = String::from("owned"),
            signed = -1,
            unsigned = u64::MAX,
            float = 1.5,
            whole = 2.0,
            nan = f64::NAN,
            infinite = f64::INFINITY,
            flag = true,
            huge = u128::MAX,
            low = i128::MIN,
            small = 7_u8,
            wrapped = Wrapping(3_u32),
            some = Some(4),
            none = None::<u8>,
            boxed = Box::new(5),
            nothing = Empty,
            debug = ?Order { id: 7 },
            display = %"shown",
            bytes = &b"ab"[..],
            http.status = 200,
            r#type = "order",
            "with spaces" = 1,
            "fields"
        );
    });
    assert_eq!(line["text"], "a\"b\nc");
    assert_eq!(line["string"], "owned");
    assert_eq!(line["signed"], -1);
    assert_eq!(line["unsigned"], u64::MAX);
    assert_eq!(line["float"], 1.5);
    assert_eq!(line["whole"].to_string(), "2.0");
    assert_eq!(line["flag"], true);
    assert_eq!(line["small"], 7);
    assert_eq!(line["wrapped"], 3);
    assert_eq!(line["some"], 4);
    assert_eq!(line["boxed"], 5);
    assert_eq!(line["debug"], "Order { id: 7 }");
    assert_eq!(line["display"], "shown");
    assert_eq!(line["bytes"], "[61 62]");
    assert_eq!(line["http.status"], 200);
    assert_eq!(line["type"], "order");
    assert_eq!(line["with spaces"], 1);
    for absent in ["none", "nothing", "r#type"] {
        assert_eq!(line.get(absent), None, "{absent}");
    }
}

#[test]
fn integers_have_all_their_digits() {
    let output = logged(builder(), |_| {
        tracing::info!(huge = u128::MAX, low = i128::MIN);
    });
    let text = output.text();
    assert!(text.contains(&format!("\"huge\":{},", u128::MAX)), "{text}");
    assert!(text.contains(&format!("\"low\":{}}}", i128::MIN)), "{text}");
}

#[test]
fn nan_and_infinity_are_left_out_as_null() {
    let output = invoked(builder(), async || {
        powertools_logger::append_key("nan", &1);
        tracing::info!(nan = f64::NAN, infinite = f64::NEG_INFINITY, "hello");
    });
    let line = only(&output);
    assert_eq!(line.get("infinite"), None);
    // Null hides the key of its name for this line.
    assert_eq!(line.get("nan"), None);
}

#[test]
fn falsy_values_are_values() {
    let line = line(|| tracing::info!(zero = 0, no = false, empty = ""));
    assert_eq!(line["zero"], 0);
    assert_eq!(line["no"], false);
    assert_eq!(line["empty"], "");
}

#[test]
fn a_line_without_a_message_has_no_such_key() {
    let line = line(|| tracing::info!(order = 1));
    assert_eq!(line.get("message"), None);
    assert_eq!(line["order"], 1);
}

#[test]
fn a_message_is_text_even_if_it_looks_like_json() {
    for text in [r#"{"a":1}"#, "123", "true", "null", "NaN", "[1", "\"q\""] {
        assert_eq!(line(|| tracing::info!("{text}"))["message"], text);
    }
}

#[test]
fn a_field_named_message_is_the_message() {
    assert_eq!(line(|| tracing::info!(message = "text"))["message"], "text");
    assert_eq!(line(|| tracing::info!(message = 7))["message"], 7);
}

#[test]
fn of_fields_with_one_name_the_last_counts() {
    let output = logged(builder(), |_| {
        tracing::info!(a = 1, b = 0, a = 2, r#type = "raw", type = "plain", message = "field", "text");
    });
    let keys = keys(&output);
    assert_eq!(
        keys,
        [
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "a",
            "b",
            "type"
        ]
    );
    let line = only(&output);
    assert_eq!(line["a"], 2);
    assert_eq!(line["type"], "plain");
    assert_eq!(line["message"], "field");
}

#[test]
fn fields_named_level_location_or_timestamp_are_dropped() {
    let output = logged(builder(), |_| {
        tracing::info!(
            level = "loud",
            location = "nowhere",
            timestamp = 0,
            kept = 1
        );
    });
    assert_eq!(
        keys(&output),
        ["level", "location", "timestamp", "service", "kept"]
    );
    let line = only(&output);
    assert_eq!(line["level"], "INFO");
    assert_ne!(line["location"], "nowhere");
    assert_eq!(line["timestamp"], "2023-11-14T22:13:20.500Z");
}

#[test]
fn names_of_records_of_other_loggers_are_free() {
    let line = line(|| tracing::info!(name = 1, args = 2, module = 3, process = 4, thread = 5));
    for (name, value) in [
        ("name", 1),
        ("args", 2),
        ("module", 3),
        ("process", 4),
        ("thread", 5),
    ] {
        assert_eq!(line[name], value);
    }
}

#[test]
fn a_value_whose_formatting_fails_leaves_what_it_has_written() {
    struct Fails;
    impl fmt::Debug for Fails {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }
    let line = line(|| tracing::info!(fails = ?Fails, next = 1));
    assert_eq!(line["fails"], "half");
    assert_eq!(line["next"], 1);
}

#[test]
fn a_long_field_ends_in_a_mark() {
    // No less than 16 bytes.
    for most in [0, 16] {
        let output = logged(builder().max_field_bytes(most), |_| {
            tracing::info!(
                text = "a".repeat(17),
                debug = ?"b".repeat(17),
                whole = "1234567812345678",
                quotes = "\"".repeat(9),
                "{}",
                "c".repeat(17)
            );
        });
        let line = only(&output);
        assert_eq!(line["text"], "a".repeat(16) + "…[cut]");
        assert_eq!(line["whole"], "1234567812345678");
        assert_eq!(line["quotes"], "\"".repeat(8) + "…[cut]");
        assert_eq!(line["message"], "c".repeat(16) + "…[cut]");
        let debug = line["debug"].as_str().unwrap();
        assert!(
            debug.starts_with("\"bbbb") && debug.ends_with("b…[cut]"),
            "{debug}"
        );
    }
}

#[test]
fn a_field_has_64_kib_unless_something_else_is_said() {
    let most = 64 * 1024;
    let line = line(|| {
        tracing::info!(whole = "a".repeat(most), cut = "a".repeat(most + 1));
    });
    assert_eq!(line["whole"].as_str().unwrap().len(), most);
    assert_eq!(line["cut"], Value::String("a".repeat(most) + "…[cut]"));
}

#[test]
fn a_line_has_255_kib_and_keys_that_do_not_fit_are_counted() {
    let output = logged(builder(), |_| {
        let part = "a".repeat(64 * 1024);
        tracing::info!(
            a = part,
            b = part,
            c = part,
            d = part,
            e = part,
            f = 1,
            "hello"
        );
    });
    let length = output.text().len();
    assert!((254 * 1024..=255 * 1024).contains(&length), "{length}");
    let line = only(&output);
    assert!(line["d"].as_str().unwrap().ends_with("…[cut]"));
    assert_eq!(line.get("e"), None);
    assert_eq!(line["keys_left_out"], 2);
    assert_eq!(line["message"], "hello");
}

#[test]
fn a_line_has_at_least_1_kib() {
    let output = logged(builder().max_line_bytes(1), |_| {
        tracing::info!("{}", "a".repeat(2000));
    });
    let length = output.text().len();
    assert!((700..=1024).contains(&length), "{length}");
}

#[test]
fn a_key_of_ones_own_that_is_named_as_the_mark_stays() {
    let output = logged(builder().max_line_bytes(1024), |_| {
        tracing::info!(
            keys_left_out = "mine",
            a = "a".repeat(2000),
            b = "b",
            "hello"
        );
    });
    let mut names = keys(&output);
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{}", output.text());
    let line = only(&output);
    assert_eq!(line["keys_left_out"], "mine");
    assert_eq!(line["_keys_left_out"], 1);
}

#[test]
fn the_trace_id_is_there_however_full_the_line_is() {
    // Of the length that room is kept for.
    let id = format!("1-5759e988-{}", "b".repeat(117));
    for order in [&[][..], &["a", "xray_trace_id", "level"]] {
        let logger = builder()
            .max_line_bytes(1024)
            .key_order(order.iter().copied());
        let context = TestContext::new("r-1").xray_header(&format!("Root={id}"));
        let handler = service_fn(async |_| {
            for length in 0..1100 {
                tracing::info!(
                    keys_left_out = "mine",
                    a = "a".repeat(length),
                    b = 1,
                    "hello"
                );
            }
            Ok::<_, std::convert::Infallible>(())
        });
        let output = called(logger, context.event(()), handler);
        let text = output.text();
        assert_eq!(text.lines().count(), 1100);
        for line in text.lines() {
            assert!(line.len() < 1024, "{}", line.len());
            let mut names = keys_of(line);
            names.sort();
            assert!(names.is_sorted_by(|one, next| one < next), "{line}");
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["xray_trace_id"], id);
            assert_eq!(line["level"], "INFO");
        }
    }
}
