//! What holds for every text, every expression and every value.

use std::{borrow::Cow, thread};

use powertools_jmespath::Expression;
use proptest::prelude::*;
use serde_json::Value;

/// In every string of the generated data.
const CANARY: &str = "C4N4RY";

fn leaf_values(canary: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4).prop_map(Value::from),
        (-3..4).prop_map(|half| Value::from(f64::from(half) + 0.5)),
        prop_oneof!["", "[xyz]{1,2}", "[0-9]"].prop_map(move |text| Value::from(text + canary)),
    ]
}

fn values(canary: &'static str) -> impl Strategy<Value = Value> {
    leaf_values(canary).prop_recursive(4, 48, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Text of expressions in which each operator and each standard function occurs.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[abc]",
        1 => Just(r#""a""#.to_owned()),
        1 => Just("@".to_owned()),
        1 => prop::sample::select(vec!["`1`", "`0.5`", "'x'", "`[1, 2]`", "`null`", "`{\"a\": 1}`"])
            .prop_map(str::to_owned),
        1 => "to_number\\([abc]\\)",
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let one = inner.clone();
        let two = (inner.clone(), inner.clone());
        let bracket = prop::sample::select(vec![
            "[0]",
            "[-1]",
            "[3]",
            "[*]",
            "[]",
            "[1:]",
            "[::-1]",
            "[-3:9:2]",
            ".*",
            "[*].a",
            "[].b",
            "[*][0]",
            "[0][*].a.b",
        ]);
        let binary = prop::sample::select(vec![" | ", " || ", " && ", " == ", " != "]);
        let order = prop::sample::select(vec!["<", "<=", ">", ">="]);
        let of_one = prop::sample::select(vec![
            "abs",
            "avg",
            "ceil",
            "floor",
            "keys",
            "length",
            "max",
            "merge",
            "min",
            "not_null",
            "reverse",
            "sort",
            "sum",
            "to_array",
            "to_string",
            "type",
            "values",
        ]);
        let of_two = prop::sample::select(vec![
            "contains",
            "ends_with",
            "join",
            "merge",
            "not_null",
            "starts_with",
        ]);
        let by = prop::sample::select(vec!["max_by", "min_by", "sort_by"]);
        prop_oneof![
            (one.clone(), "[abc]").prop_map(|(a, name)| format!("{a}.{name}")),
            (one.clone(), bracket).prop_map(|(a, bracket)| format!("({a}){bracket}")),
            (two.clone(), binary).prop_map(|((a, b), by)| format!("({a}){by}({b})")),
            // The crate knows no order of strings
            (two.clone(), order).prop_map(|((a, b), by)| format!(
                "length(to_string({a})) {by} length(to_string({b}))"
            )),
            two.clone().prop_map(|(a, b)| format!("({a})[?{b}]")),
            two.clone().prop_map(|(a, b)| format!("({a})[?{b}].[@, a]")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two.clone().prop_map(|(a, b)| format!("{{a: {a}, x: {b}}}")),
            two.clone().prop_map(|(a, b)| format!("map(&{a}, {b})")),
            one.clone().prop_map(|a| format!("!({a})")),
            (one, of_one).prop_map(|(a, f)| format!("{f}({a})")),
            (two.clone(), of_two).prop_map(|((a, b), f)| format!("{f}({a}, {b})")),
            (two, by).prop_map(|((a, b), f)| format!("{f}({a}, &{b})")),
        ]
    })
}

/// Letters and words of the language, in any order.
fn soup() -> impl Strategy<Value = String> {
    let tokens = vec![
        ".",
        "*",
        "[",
        "]",
        "[]",
        "[?",
        "{",
        "}",
        "(",
        ")",
        "|",
        "||",
        "&",
        "&&",
        "!",
        "==",
        "<",
        ">=",
        ",",
        ":",
        "@",
        "-",
        "-1",
        "0",
        "2147483648",
        "a",
        "b:",
        "\"",
        "\"a\"",
        "'",
        "'x'",
        "`",
        "`1`",
        "\\",
        " ",
        "\n",
        "é",
        "length(",
        "map(&",
        "sort_by(@,&",
        "powertools_json(",
        "powertools_base64_gzip(",
    ];
    prop::collection::vec(prop::sample::select(tokens), 0..40).prop_map(|tokens| tokens.concat())
}

/// Parts that nest in one another.
fn nests() -> impl Strategy<Value = String> {
    let shapes = vec![
        ("(", ")"),
        ("[", "]"),
        ("{a:", "}"),
        ("!", ""),
        ("a[?", "]"),
        ("[?", "][]"),
        ("[*].[", "]"),
        ("*.", ""),
        ("a.", ""),
        ("", "[::2]"),
        ("", "[*].a"),
        ("a|", ""),
        ("b||", ""),
        ("a==", ""),
        ("to_array(", ")"),
        ("map(&", ",@)"),
        ("sort_by(", ",&to_string(@))"),
    ];
    prop::collection::vec(prop::sample::select(shapes), 60..160).prop_map(|shapes| {
        shapes
            .into_iter()
            .fold("@".to_owned(), |core, (left, right)| {
                format!("{left}{core}{right}")
            })
    })
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
        }
        _ => left == right,
    }
}

fn search(text: &str, data: &Value) -> Result<Value, String> {
    Expression::new(text)
        .and_then(|expression| expression.search(data).map(Cow::into_owned))
        .map_err(|error| format!("{error} {error:?}"))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The crate computes with floats only, and its whole ones show as such in text.
fn writes_computed_numbers(text: &str) -> bool {
    let computes = ["abs(", "avg(", "ceil(", "floor(", "sum("];
    text.contains("to_string(") && computes.iter().any(|function| text.contains(function))
}

/// None where the crate's own arithmetic gives up, as for the average of nothing.
fn search_with_the_crate(text: &str, data: &Value) -> Option<Result<Value, String>> {
    let expression = jmespath::compile(text).expect("a generated expression is valid");
    match expression.search(data) {
        Ok(found) => Some(Ok(serde_json::to_value(&*found).unwrap())),
        Err(error) => match error.reason {
            jmespath::ErrorReason::Parse(_) => None,
            jmespath::ErrorReason::Runtime(_) => Some(Err(error.to_string())),
        },
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn answers_are_those_of_the_jmespath_crate(text in expressions(), data in values("")) {
        if writes_computed_numbers(&text) {
            return Ok(());
        }
        let ours = search(&text, &data);
        match (search_with_the_crate(&text, &data), &ours) {
            (None, _) | (Some(Err(_)), Err(_)) => {}
            (Some(Ok(theirs)), Ok(ours)) => {
                prop_assert!(same(&theirs, ours), "{theirs} is not {ours}");
            }
            (theirs, _) => prop_assert!(false, "{theirs:?} is not {ours:?}"),
        }
    }

    #[test]
    fn errors_hold_nothing_of_the_data(text in expressions(), data in values(CANARY)) {
        let wrapped = [
            text.clone(),
            format!("powertools_json({text})"),
            format!("powertools_json({text}).a"),
            format!("powertools_base64({text})"),
            format!("powertools_base64_gzip({text})"),
        ];
        for text in wrapped {
            if let Err(shown) = search(&text, &data) {
                prop_assert!(!shown.contains(CANARY), "{shown}");
            }
        }
    }

    #[test]
    fn member_of_json_text_is_that_of_its_value(data in values(""), names in "[abc](\\.[abc]){0,2}") {
        let text = Value::from(data.to_string());
        let member = search(&format!("powertools_json(@).{names}"), &text);
        prop_assert_eq!(member, search(&names, &data));
    }

    #[test]
    fn any_text_gives_an_expression_or_an_error(text in any::<String>(), soup in soup()) {
        for text in [text, soup] {
            let data = serde_json::json!({"a": [{"b": 1}, [2]], "b": "x"});
            drop(search(&text, &data));
        }
    }

    #[test]
    fn any_text_is_decoded_or_refused(text in any::<String>(), letters in "[A-Za-z0-9+/=_ -]{0,60}") {
        for text in [text, letters] {
            for function in ["json", "base64", "base64_gzip"] {
                drop(search(&format!("powertools_{function}(@)"), &Value::from(text.as_str())));
            }
        }
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn nests_of_any_shape_leave_the_stack_whole(text in nests(), data in values("")) {
        thread::Builder::new()
            .stack_size(1536 * 1024)
            .spawn(move || drop(search(&text, &data)))
            .unwrap()
            .join()
            .unwrap();
    }
}
