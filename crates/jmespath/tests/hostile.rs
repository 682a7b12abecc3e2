//! Texts made to exhaust the stack: they must end in an answer or an error, with the stack of an
//! ordinary thread and without optimisation.

use std::thread;

use powertools_jmespath::{ErrorKind, Expression};
use serde_json::{Map, Value, json};

/// Three quarters of what a thread has by default: the function has frames of its own.
const STACK: usize = 1536 * 1024;

/// `left` and `right` are repeated around `core`.
const SHAPES: &[(&str, &str, &str)] = &[
    ("(", "a", ")"),
    ("[", "a", "]"),
    ("[[", "a", "],a]"),
    ("{a:", "a", "}"),
    ("{a:[", "a", "]}"),
    ("!", "a", ""),
    ("!(", "a", ")"),
    ("& ", "a", ""),
    ("a.", "a", ""),
    ("a|", "a", ""),
    ("a|(", "a", ")"),
    ("a||", "a", ""),
    ("a||(", "a", ")"),
    ("b||", "b", ""),
    ("a&&", "a", ""),
    ("a&&(", "a", ")"),
    ("a==", "a", ""),
    ("a==(", "a", ")"),
    ("a<(", "a", ")"),
    ("a.[", "a", "]"),
    ("a.{a:", "a", "}"),
    ("*.", "a", ""),
    ("", "*", ".*"),
    ("", "@", "[]"),
    ("", "@", "[][*]"),
    ("", "@", "[*]"),
    ("", "@", "[*].a"),
    ("", "@", "[::2].a"),
    ("", "@", "[?@].a"),
    ("", "@", "[].a"),
    ("", "@", "[*].[@]"),
    ("", "@", "[0].a"),
    ("", "@", "[0]"),
    ("", "@", "[::2]"),
    ("", "@", "[?@]"),
    ("", "@", "[?@][]"),
    ("[?", "@", "]"),
    ("[?a.", "a", "]"),
    ("[*].[", "@", "]"),
    ("[].[", "@", "][]"),
    ("not_null(", "a", ")"),
    ("not_null(b,", "a", ")"),
    ("to_array(", "a", ")"),
    ("to_string(", "a", ")"),
    ("map(&", "@", ",@)"),
    ("sort_by(", "@", ",&to_string(@))"),
    ("sort_by(to_array(@),&length(", "@", "))"),
    ("max_by(", "@", ",&to_string(@))"),
    ("powertools_json(", "a", ")"),
    ("powertools_json(a).", "a", ""),
    ("(", "a", ""),
    ("[", "a", ""),
    ("[?", "a", ""),
    ("{a:", "a", ""),
    ("not_null(", "a", ""),
    ("a.{a:", "a", ""),
];

fn text((left, core, right): (&str, &str, &str), times: usize) -> String {
    format!("{}{core}{}", left.repeat(times), right.repeat(times))
}

fn data() -> Vec<Value> {
    let lists = |inner| Value::Array(vec![inner]);
    let objects = |inner| Value::Object(Map::from_iter([("a".to_owned(), inner)]));
    let leaf = || Value::from("[1]");
    vec![
        (0..120).fold(leaf(), |inner, _| lists(inner)),
        (0..120).fold(leaf(), |inner, _| objects(inner)),
        (0..60).fold(leaf(), |inner, _| lists(objects(inner))),
        Value::Null,
    ]
}

fn run(text: &str) -> Result<(), ErrorKind> {
    let expression = Expression::new(text).map_err(|error| error.kind())?;
    for data in data() {
        // An error of the search is an answer too
        drop(expression.search(&data).map(|found| found.into_owned()));
    }
    Ok(())
}

fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn deepest_accepted_texts_leave_the_stack_whole() {
    for &shape in SHAPES {
        let deepest = on_a_thread(move || {
            (1..400)
                .rev()
                .find(|times| run(&text(shape, *times)) != Err(ErrorKind::TooDeep))
        });
        let times = deepest.expect("a small one is accepted");
        assert!(times > 20, "{shape:?} is accepted {times} times only");
    }
}

#[test]
fn longest_texts_are_refused_before_they_are_parsed() {
    for &shape in SHAPES {
        let times = 16 * 1024 / text(shape, 1).len() - 1;
        let answer = on_a_thread(move || run(&text(shape, times)));
        assert_eq!(answer, Err(ErrorKind::TooDeep), "{shape:?}");
    }
}

#[test]
fn brackets_that_do_not_match_are_refused() {
    for text in ["[)", "(]", "{)", "]", "a)", "[(])", "f(a]"] {
        assert_eq!(run(text), Err(ErrorKind::Syntax), "{text}");
    }
}

#[test]
fn quoted_brackets_do_not_count() {
    let brackets = "[(".repeat(1000);
    for text in [
        format!("'{brackets}\\'{brackets}'"),
        format!("\"{brackets}\\\"{brackets}\""),
        format!("`\"{brackets}\\`{brackets}\"`"),
    ] {
        assert_eq!(run(&text), Ok(()));
    }
}

#[test]
fn literal_that_nests_too_deeply_is_a_syntax_error() {
    let text = format!("`{}{}`", "[".repeat(8000), "]".repeat(8000));
    assert_eq!(on_a_thread(move || run(&text)), Err(ErrorKind::Syntax));
}

#[test]
fn wide_expressions_are_accepted() {
    let wide = format!("[{}]", vec!["a.b.c[0]"; 1500].join(","));
    assert_eq!(on_a_thread(move || run(&wide)), Ok(()));
}

#[test]
fn expression_that_doubles_its_data_is_stopped() {
    for doubling in [
        "[@,@]",
        "{a:@,b:@}",
        "join('',[@,@])",
        "[*].[@,@][]",
        "to_string([@])",
    ] {
        let text = vec![doubling; 30].join("|");
        let data = match doubling {
            "join('',[@,@])" => json!("x"),
            "[*].[@,@][]" => json!([1]),
            _ => json!(r#"""#),
        };
        let error = Expression::new(&text).unwrap().search(&data).map(drop);
        assert_eq!(
            error.map_err(|error| error.kind()),
            Err(ErrorKind::TooLarge),
            "{doubling}"
        );
    }
}
