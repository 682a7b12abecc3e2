//! Texts made to exhaust the stack, the memory or the time: they must end in an answer or an
//! error, with the stack of an ordinary thread and without optimisation.

use std::{io::Write, thread};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
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

/// Lambda's limit for a payload.
const PAYLOAD: usize = 6 * 1024 * 1024;

/// What a search may have built at once.
const MAX_BUILT: u64 = 120 * 1024 * 1024;

fn list_text(item: &str, times: usize) -> String {
    format!("[{}]", vec![item; times].join(","))
}

fn payload_of(item: &str) -> String {
    list_text(item, (PAYLOAD - 8) / (item.len() + 1))
}

fn list(item: Value, times: usize) -> Value {
    Value::Array(vec![item; times])
}

fn answer(expression: &str, data: &Value) -> Result<(), ErrorKind> {
    let expression = Expression::new(expression).unwrap();
    let found = expression.search(data).map(drop);
    found.map_err(|error| error.kind())
}

/// The answer, and the bytes that the search had at once.
fn measured(expression: &str, data: &Value) -> (Result<(), ErrorKind>, u64) {
    let mut found = Ok(());
    let allocated = allocation_counter::measure(|| found = answer(expression, data));
    (found, allocated.bytes_max)
}

#[test]
fn json_text_with_a_large_value_is_refused_before_it_is_built() {
    for item in [
        r#"{"":0}"#,
        r#"{"":[0]}"#,
        r#"{"":{"":0}}"#,
        "{}",
        "[0]",
        "[[[[0]]]]",
        "0",
        r#""""#,
        r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0}"#,
    ] {
        let (found, bytes) = measured("powertools_json(@)", &payload_of(item).into());
        assert_eq!(found, Err(ErrorKind::TooLarge), "{item}");
        assert!(bytes < MAX_BUILT, "{bytes} bytes at once for {item}");
    }
}

#[test]
fn large_value_is_refused_wherever_its_text_comes_from() {
    let text = payload_of(r#"{"":0}"#);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let data = json!({
        "member": format!(r#"{{"a":{text}}}"#),
        "base64": STANDARD.encode(&text),
        "gzip": STANDARD.encode(encoder.finish().unwrap()),
        "several": vec![list_text(r#"{"":0}"#, 20_000); 40],
    });
    for expression in [
        "powertools_json(member).a",
        "powertools_json(powertools_base64(base64))",
        "powertools_json(powertools_base64_gzip(gzip))",
        "several[*].powertools_json(@)",
    ] {
        let (found, bytes) = measured(expression, &data);
        assert_eq!(found, Err(ErrorKind::TooLarge), "{expression}");
        assert!(bytes < MAX_BUILT, "{bytes} bytes at once: {expression}");
    }
}

#[test]
fn large_value_that_an_expression_builds_is_refused_before_it_is_there() {
    let objects = || list(json!({"": 0}), 300_000);
    let numbers = || list(json!(0), 400_000);
    for (expression, data) in [
        ("[@]", objects()),
        ("reverse(@)", objects()),
        ("[*].{a: `0`}", numbers()),
        ("[*].[`0`, @]", numbers()),
        ("map(&{a: @}, @)", numbers()),
        // Each letter becomes six
        ("to_string([@, @, @])", "\u{1}".repeat(PAYLOAD).into()),
    ] {
        let (found, bytes) = measured(expression, &data);
        assert_eq!(found, Err(ErrorKind::TooLarge), "{expression}");
        assert!(bytes < MAX_BUILT, "{bytes} bytes at once: {expression}");
    }
}

/// So few times that one walk too few in the count of steps would be seen.
#[test]
fn large_data_that_is_walked_again_and_again_is_stopped() {
    let letters = || Value::from("1".repeat(PAYLOAD));
    let numbers = || list(json!(1), PAYLOAD / 2);
    let few_texts = || list("a".repeat(PAYLOAD / 8).into(), 8);
    let long_name = || Value::Object(Map::from_iter([("a".repeat(PAYLOAD), json!(1))]));
    for (item, times, data) in [
        ("@==@", 1, numbers()),
        ("@!=@", 1, list(json!({"a": 1}), PAYLOAD / 8)),
        ("@==@", 8, letters()),
        ("@==@", 8, long_name()),
        ("@<@", 8, letters()),
        ("contains(@,`2`)", 1, numbers()),
        ("contains(@,'2')", 8, letters()),
        ("starts_with(@,@)", 8, letters()),
        ("ends_with(@,@)", 8, letters()),
        ("length(@)", 8, letters()),
        ("to_number(@)", 8, letters()),
        ("sum(@)", 8, numbers()),
        ("avg(@)", 8, numbers()),
        ("max(@)", 8, numbers()),
        ("min(@)", 8, few_texts()),
        ("join('',`[]`)||max_by(@,&@)", 8, few_texts()),
        ("@[]", 1, list(json!([]), PAYLOAD / 3)),
    ] {
        let text = format!("[{}]", vec![item; times].join(","));
        assert_eq!(answer(&text, &data), Err(ErrorKind::TooLarge), "{item}");
    }
}

#[test]
fn large_value_that_is_handed_from_call_to_call_is_stopped() {
    let names = (0..60_000).map(|name| (name.to_string(), json!(0)));
    for (call, rest, data) in [
        ("reverse(", ")", list(json!(1), 500_000)),
        ("reverse(", ")", "a".repeat(PAYLOAD / 8).into()),
        ("sort(", ")", list(json!(1), 100_000)),
        ("sort(", ")", list("a".repeat(PAYLOAD / 64).into(), 8)),
        ("map(&@,", ")", list(json!(1), 50_000)),
        ("merge(", ")", names.collect::<Map<_, _>>().into()),
    ] {
        let text = text((call, "@", rest), 60);
        assert_eq!(answer(&text, &data), Err(ErrorKind::TooLarge), "{call}");
    }
}

#[test]
fn honest_use_of_large_data_is_answered() {
    let record = r#"{"order_id":"A-1234567","customer":"somebody@example.com","amount":12.5,"tags":["new","paid"]}"#;
    let text = payload_of(record);
    let text = Value::from(text);
    for expression in [
        "powertools_json(@)",
        "powertools_json(@)[*].amount | sum(@)",
        "powertools_json(@) | max_by(@, &amount)",
    ] {
        assert_eq!(answer(expression, &text), Ok(()), "{expression}");
    }
    let (found, bytes) = measured("[@]", &list(json!({"": 0}), 180_000));
    assert_eq!(found, Ok(()));
    assert!(bytes < MAX_BUILT, "{bytes} bytes at once");
    let numbers = list(json!(1), PAYLOAD / 2);
    assert_eq!(answer("[sum(@), avg(@)]", &numbers), Ok(()));
}
