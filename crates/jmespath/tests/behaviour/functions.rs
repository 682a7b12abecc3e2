use super::*;

fn own() -> Functions {
    let signature = Signature::new([ArgumentType::STRING, ArgumentType::NUMBER]);
    Functions::powertools().with("repeat", signature, |arguments| {
        let text = arguments[0].as_str().ok_or("no text")?;
        let times = arguments[1].as_u64().ok_or("cannot repeat s3cret")?;
        Ok(text.repeat(usize::try_from(times)?).into())
    })
}

fn search_own(text: &str) -> Result<Value, Error> {
    let expression = Expression::with_functions(text, &own())?;
    let data = json!({"a": "ab", "json": r#"{"b": "x"}"#});
    expression.search(&data).map(Cow::into_owned)
}

#[test]
fn own_function_is_called() {
    assert_eq!(search_own("repeat(a, `2`)").unwrap(), json!("abab"));
    assert_eq!(
        search_own("powertools_json(json).repeat(b, `2`)").unwrap(),
        json!("xx")
    );
}

#[test]
fn own_function_is_checked() {
    let code = |text| search_own(text).unwrap_err().code();
    assert_eq!(code("repeat(a)"), "arity");
    assert_eq!(code("repeat(a, a)"), "argument_type");
    assert_eq!(code("repeat(&a, `1`)"), "argument_type");
}

#[test]
fn error_of_an_own_function_is_the_source_and_not_in_the_text() {
    let error = search_own("repeat(a, `-1`)").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Function);
    assert_eq!(error.code(), "function_failed");
    assert!(!error.to_string().contains("s3cret"));
    assert_eq!(error.source().unwrap().to_string(), "cannot repeat s3cret");
}

#[test]
fn last_argument_of_a_variadic_function_repeats() {
    let signature = Signature::new([ArgumentType::STRING, ArgumentType::NUMBER]).variadic();
    let functions =
        Functions::standard().with("count", signature, |arguments| Ok(arguments.len().into()));
    let search = |text| {
        Expression::with_functions(text, &functions)
            .and_then(|found| found.search(&Value::Null).map(Cow::into_owned))
    };
    assert_eq!(search("count('a', `1`, `2`)").unwrap(), json!(3));
    assert_eq!(search("count('a')").unwrap_err().code(), "arity");
    let error = search("count('a', `1`, 'b')").unwrap_err();
    assert_eq!(error.code(), "argument_type");
}

#[test]
fn own_function_replaces_one_of_its_name() {
    for name in ["length", "powertools_json", "sort_by"] {
        let any = Signature::new([ArgumentType::ANY]);
        let functions = Functions::powertools().with(name, any, |_| Ok(json!({"a": "own"})));
        let text = format!("{name}(@).a");
        let expression = Expression::with_functions(&text, &functions).unwrap();
        assert_eq!(*expression.search(&Value::Null).unwrap(), json!("own"));
    }
}

#[test]
fn set_replaces_the_powertools_functions() {
    let build = |functions| Expression::with_functions("powertools_json(a)", &functions);
    let error = build(Functions::standard()).unwrap_err();
    assert_eq!(error.code(), "unknown_function");
    assert!(build(Functions::default()).is_ok());
}

#[test]
fn each_type_takes_what_it_says() {
    let values = [
        json!(null),
        json!(true),
        json!(1.5),
        json!("a"),
        json!([1, "a"]),
        json!({}),
        json!([1, 2.5]),
        json!(["a"]),
        json!([]),
    ];
    for (wanted, accepted) in [
        (ArgumentType::NULL, "100000000"),
        (ArgumentType::BOOLEAN, "010000000"),
        (ArgumentType::NUMBER, "001000000"),
        (ArgumentType::STRING, "000100000"),
        (ArgumentType::ARRAY, "000010111"),
        (ArgumentType::OBJECT, "000001000"),
        (ArgumentType::ARRAY_OF_NUMBERS, "000000101"),
        (ArgumentType::ARRAY_OF_STRINGS, "000000011"),
        (ArgumentType::ANY, "111111111"),
        (
            ArgumentType::NULL.or(ArgumentType::ARRAY_OF_STRINGS),
            "100000011",
        ),
    ] {
        let functions =
            Functions::standard().with("f", Signature::new([wanted]), |_| Ok(Value::Null));
        let expression = Expression::with_functions("f(@)", &functions).unwrap();
        let got: String = values
            .iter()
            .map(|value| {
                if expression.search(value).is_ok() {
                    '1'
                } else {
                    '0'
                }
            })
            .collect();
        assert_eq!(got, accepted, "{wanted}");
    }
}

#[test]
fn standard_functions_answer_as_in_python() {
    for (text, result) in [
        (
            "abs(`-9223372036854775808`)",
            json!(9_223_372_036_854_775_808_u64),
        ),
        ("avg(`[]`)", json!(null)),
        ("avg(`[1, 2]`)", json!(1.5)),
        ("ceil(`1.2`)", json!(2)),
        ("floor(`-1.2`)", json!(-2)),
        ("floor(`7`)", json!(7)),
        ("sum(`[]`)", json!(0)),
        (
            "sum(`[9007199254740993, 2]`)",
            json!(9_007_199_254_740_995_u64),
        ),
        ("sum(`[1, 0.5]`)", json!(1.5)),
        ("length('né😀')", json!(3)),
        ("reverse('né😀')", json!("😀én")),
        ("max(`[1, 1.0]`)", json!(1)),
        ("max(`[]`)", json!(null)),
        ("contains('abc', 'b')", json!(true)),
        ("contains('abc', `1`)", json!(false)),
        ("contains(`[1, 2]`, `1.0`)", json!(true)),
        ("contains(`[1]`, `true`)", json!(false)),
        ("to_number('-0')", json!(0)),
        ("to_number('1e3')", json!(1000.0)),
        ("to_number('true')", json!(null)),
        ("to_number(' 1')", json!(null)),
        ("to_number('+1')", json!(null)),
        ("to_number('01')", json!(null)),
        ("to_number('nan')", json!(null)),
        (
            "to_string(`{\"b\": [1.0, \"é\"], \"a\": null}`)",
            json!(r#"{"a":null,"b":[1.0,"\u00e9"]}"#),
        ),
        ("to_string('é')", json!("é")),
        ("keys(`{\"b\": 1, \"a\": 2}`)", json!(["a", "b"])),
        ("values(`{\"b\": 1, \"a\": 2}`)", json!([2, 1])),
        ("merge(`{\"a\": 1}`, `{\"a\": 2}`)", json!({"a": 2})),
        ("map(&a, `[{\"a\": 1}, {}]`)", json!([1, null])),
        (
            "sort_by(`[{\"n\": 2}, {\"n\": 1}]`, &n)[*].n",
            json!([1, 2]),
        ),
        (
            "max_by(`[{\"n\": 1, \"f\": 1}, {\"n\": 1, \"f\": 2}]`, &n).f",
            json!(1),
        ),
        ("min_by(`[]`, &n)", json!(null)),
        ("sort_by(`[]`, &n)", json!([])),
    ] {
        assert_eq!(search(text, &Value::Null).unwrap(), result, "{text}");
    }
}

#[test]
fn sort_by_keeps_the_order_of_equal_keys() {
    let data = json!([[1, "a"], [0, "b"], [1, "c"], [0, "d"]]);
    let found = search("sort_by(@, &[0])[*][1]", &data).unwrap();
    assert_eq!(found, json!(["b", "d", "a", "c"]));
}

#[test]
fn keys_of_different_types_are_refused() {
    for text in ["sort_by(@, &a)", "max_by(@, &a)", "min_by(@, &a)"] {
        for data in [
            json!([{"a": 1}, {"a": "x"}]),
            json!([{"a": 1}, {}]),
            json!([{"a": true}]),
        ] {
            assert_eq!(code(text, &data), "argument_type", "{text} of {data}");
        }
    }
    assert_eq!(code("sort(`[1, \"a\"]`)", &Value::Null), "argument_type");
}
