//! Errors given to a log call.

use std::{error::Error, fmt, io};

use powertools_logger::append_keys;
use serde_json::json;
use tracing::error;

use crate::support::{builder, invoked, keys, line, logged, only};

#[derive(Debug)]
struct PaymentError {
    #[expect(dead_code, reason = "not shown")]
    order: u32,
    source: io::Error,
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("payment refused")
    }
}

impl Error for PaymentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn refused() -> PaymentError {
    PaymentError {
        order: 7,
        source: io::Error::other("no\nanswer"),
    }
}

fn simple() -> &'static dyn Error {
    &fmt::Error
}

#[test]
fn an_error_becomes_the_keys_of_an_exception_with_all_its_sources() {
    let refused = refused();
    let number = line!() + 3;
    let output = logged(builder(), |_| {
        let error: &dyn Error = &refused;
        error!(error, order = 7, "payment");
    });
    assert_eq!(
        keys(&output)[5..],
        ["order", "exception", "exception_name", "stack_trace"]
    );
    let line = only(&output);
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "payment");
    assert_eq!(
        line["exception"],
        "PaymentError: payment refused\ncaused by: Custom: no\nanswer"
    );
    assert_eq!(line["exception_name"], "PaymentError");
    assert_eq!(
        line["stack_trace"],
        json!({
            "type": "PaymentError",
            "value": "payment refused",
            "frames": [{"file": file!(), "function": "behaviour::errors", "line": number}],
            "causes": [{"type": "Custom", "value": "no\nanswer"}],
        })
    );
}

#[test]
fn any_level_may_carry_an_error_and_the_name_of_the_field_does_not_matter() {
    let line = line(|| tracing::warn!(why = simple(), "late"));
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["exception_name"], "Error");
    assert_eq!(line.get("why"), None);
}

#[test]
fn a_boxed_error_is_shown_by_its_own_name() {
    let boxed: Box<dyn Error + Send + Sync> = Box::new(refused());
    let text: Box<dyn Error> = "just text".into();
    let [first, second] = crate::support::lines(|| {
        error!(error = &*boxed as &dyn Error, "boxed");
        error!(error = &*text, "text");
    })
    .try_into()
    .unwrap();
    assert_eq!(first["exception_name"], "PaymentError");
    // Its `Debug` is a text in quotes, which names no type.
    assert_eq!(second["exception_name"], "Error");
    assert_eq!(second["exception"], "Error: just text");
}

#[test]
fn without_a_message_the_error_is_the_message() {
    let line = line(|| error!(error = &refused() as &dyn Error));
    assert_eq!(line["message"], "payment refused");
}

#[test]
fn the_first_error_is_the_lines_and_another_is_text() {
    let line = line(|| error!(first = &refused() as &dyn Error, second = simple(), "two"));
    assert_eq!(line["exception_name"], "PaymentError");
    assert_eq!(line["second"], fmt::Error.to_string());
}

#[test]
fn an_error_by_its_debug_or_display_is_a_field_like_any() {
    let line = line(|| error!(debug = ?fmt::Error, display = %fmt::Error, "text"));
    assert_eq!(line["debug"], "Error");
    assert_eq!(line["display"], fmt::Error.to_string());
    assert_eq!(line.get("exception"), None);
}

#[test]
fn an_error_that_is_its_own_source_ends() {
    #[derive(Debug)]
    struct Loops;
    impl fmt::Display for Loops {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Loops {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Loops)
        }
    }
    let line = line(|| error!(error = &Loops as &dyn Error, "loop"));
    assert_eq!(line["stack_trace"]["causes"].as_array().unwrap().len(), 32);
}

#[test]
fn fields_of_ones_own_replace_what_is_said_of_the_error_but_not_its_stack_trace() {
    let output = logged(builder(), |_| {
        error!(
            error = simple(),
            exception = "mine",
            exception_name = "Mine",
            exception_notes = "note",
            stack_trace = "mine",
            "failed"
        );
    });
    let keys = keys(&output);
    for key in ["exception", "exception_name", "stack_trace"] {
        assert_eq!(
            keys.iter().filter(|other| *other == key).count(),
            1,
            "{keys:?}"
        );
    }
    let line = only(&output);
    assert_eq!(line["exception"], "mine");
    assert_eq!(line["exception_name"], "Mine");
    assert_eq!(line["exception_notes"], "note");
    assert_eq!(line["stack_trace"]["type"], "Error");
}

#[test]
fn appended_keys_replace_what_is_said_of_the_error_but_not_its_stack_trace() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"exception": "mine", "stack_trace": "mine", "a": 1}));
        error!(error = simple(), "failed");
    });
    let line = only(&output);
    assert_eq!(line["exception"], "mine");
    assert_eq!(line["exception_name"], "Error");
    assert_eq!(line["stack_trace"]["type"], "Error");
    assert_eq!(line["a"], 1);
}

#[test]
fn a_stack_trace_that_is_appended_and_a_field_gives_way_to_the_errors() {
    let output = invoked(builder(), async || {
        append_keys(&json!({"stack_trace": "appended"}));
        error!(error = simple(), stack_trace = "field", "failed");
    });
    let keys = keys(&output);
    assert_eq!(
        keys.iter().filter(|key| *key == "stack_trace").count(),
        1,
        "{keys:?}"
    );
    assert_eq!(only(&output)["stack_trace"]["type"], "Error");
}

#[test]
fn on_a_line_without_an_error_the_names_are_free() {
    let line = line(|| error!(exception = "mine", stack_trace = "mine", "failed"));
    assert_eq!(line["exception"], "mine");
    assert_eq!(line["stack_trace"], "mine");
}

#[test]
fn the_stack_trace_can_be_switched_off() {
    let output = logged(builder().stack_trace(false), |_| {
        error!(error = simple(), "failed");
        error!(error = simple(), stack_trace = "mine", "failed");
    });
    let [without, mine] = output.json().try_into().unwrap();
    assert_eq!(without["exception_name"], "Error");
    assert_eq!(without.get("stack_trace"), None);
    assert_eq!(mine["stack_trace"], "mine");
}

#[test]
fn the_text_of_a_huge_error_is_cut() {
    let huge: Box<dyn Error> = "a".repeat(100_000).into();
    let line = line(|| error!(error = &*huge, "huge"));
    let text = line["exception"].as_str().unwrap();
    assert!(text.ends_with("…[cut]") && text.len() < 66 * 1024);
}

#[derive(Debug)]
struct Link {
    text: String,
    source: Option<Box<Link>>,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[test]
fn a_stack_trace_has_no_more_bytes_than_a_field_and_says_that_causes_are_left_out() {
    for max in [200, 1000, 1024, 1060, 3000] {
        for length in [0, 10, 90, 400, 10_000] {
            let link = |source: Option<Link>| Link {
                text: "x".repeat(length),
                source: source.map(Box::new),
            };
            let error = (0..20).fold(link(None), |source, _| link(Some(source)));
            let output = logged(builder().max_field_bytes(max), |_| {
                error!(error = &error as &dyn Error, "failed");
            });
            let line = only(&output);
            let stack = &line["stack_trace"];
            let size = stack.to_string().len();
            assert!(size <= max, "{size} of {max} for {length}");
            assert_eq!(stack["frames"][0]["file"], file!());
            assert_eq!(stack["type"], "Link");
            let causes = stack["causes"].as_array().unwrap();
            let (last, whole) = causes.split_last().unwrap();
            assert_eq!(whole.len() < 19, last == "[cut]", "{stack}");
            if length == 90 && max >= 1000 {
                assert_eq!(stack["value"], error.text);
                assert_eq!(causes[0], json!({"type": "Link", "value": error.text}));
            }
        }
    }
}
