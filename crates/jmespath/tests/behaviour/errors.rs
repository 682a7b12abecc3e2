use super::*;

#[test]
fn each_kind_has_its_code() {
    for (text, wanted) in [
        ("a#", "syntax"),
        ("a-b", "syntax"),
        (" ", "syntax"),
        ("&a", "syntax"),
        ("[&a]", "syntax"),
        ("`text`", "syntax"),
        ("", "empty_expression"),
        ("powertools_yaml(a)", "unknown_function"),
        ("a || powertools_yaml(a)", "unknown_function"),
        ("powertools_json()", "arity"),
        ("powertools_json(a, a)", "arity"),
        ("not_null()", "arity"),
        ("map(&a)", "arity"),
        ("sort_by(a, b)", "argument_type"),
        ("sort_by(&a, &b)", "argument_type"),
        ("length(&a)", "argument_type"),
        ("a[::0]", "invalid_value"),
    ] {
        let error = Expression::new(text).unwrap_err();
        assert_eq!(error.code(), wanted, "{text}");
        assert_eq!(error.kind().code(), wanted);
    }
    assert_eq!(code("sum(`[1e308, 1e308]`)", &Value::Null), "invalid_value");
    assert_eq!(code("map(&a, @)", &Value::Null), "argument_type");
}

#[test]
fn syntax_error_tells_its_position() {
    let error = Expression::new("a.b.#").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expression is no jmespath: correct it at byte 4"
    );
    assert!(
        Expression::new("a[0)")
            .unwrap_err()
            .to_string()
            .ends_with("byte 3")
    );
}

#[test]
fn text_says_what_to_do() {
    for (text, data, wanted) in [
        (
            "powertools_json(body)",
            json!({}),
            "argument 1 of function `powertools_json` is null: give it string",
        ),
        (
            "sum(@)",
            json!(["a"]),
            "argument 1 of function `sum` is array: give it array of numbers",
        ),
        (
            "join(',')",
            json!(null),
            "function `join` takes 2 arguments, not 1: correct the call",
        ),
        (
            "not_null()",
            json!(null),
            "function `not_null` takes 1 or more argument, not 0: correct the call",
        ),
        (
            "powertools_json(@)",
            json!("{\"a\":\n}"),
            "text is no json: correct it at line 2, column 1",
        ),
        (
            "sort_by(@, &a)",
            json!([{"a": 1}, {"a": "b"}]),
            "a key of function `sort_by` is string: let its expression give number",
        ),
    ] {
        assert_eq!(search(text, &data).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn text_is_one_lowercase_line_without_the_data() {
    let canary = "C4N4RY";
    let data = json!({
        "text": canary,
        "json": format!("{{\"{canary}\": {canary}}}"),
        "tail": format!("{{}} {canary}"),
        "list": [{"a": canary}, {"a": 1}, {canary: canary}],
        "base64": format!("{canary}{canary}="),
        "utf8": STANDARD.encode([0xff, 0xfe, b'C', b'4', b'N', b'4']),
        "gzip": STANDARD.encode(canary),
        canary: canary,
    });
    for text in [
        "powertools_json(text)",
        "powertools_json(json)",
        "powertools_json(json).a",
        "powertools_json(tail)",
        "powertools_json(tail).a",
        "powertools_json(@)",
        "powertools_base64(base64)",
        "powertools_base64(utf8)",
        "powertools_base64_gzip(gzip)",
        "sort_by(list, &a)",
        "sort_by(list, &@)",
        "sum(list)",
        "abs(text)",
        "join(text, list)",
        "merge(@, text)",
        "keys(text)",
    ] {
        let error = search(text, &data).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(canary), "{shown}");
        assert!(!error.to_string().contains('\n'));
        assert!(!error.to_string().starts_with(char::is_uppercase));
        assert!(error.source().is_none());
    }
}

#[test]
fn too_long_and_too_deep_texts_are_refused() {
    let longest = format!("'{}'", "a".repeat(16_384 - 2));
    assert!(Expression::new(&longest).is_ok());
    let error = Expression::new(&format!("{longest} ")).unwrap_err();
    assert_eq!(error.code(), "too_long");

    let deepest = vec!["a"; 129].join(".");
    assert!(Expression::new(&deepest).is_ok());
    let error = Expression::new(&format!("{deepest}.a")).unwrap_err();
    assert_eq!(error.code(), "too_deep");
}
