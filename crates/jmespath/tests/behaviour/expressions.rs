use super::*;

#[test]
fn value_of_the_data_comes_borrowed() {
    let data = json!({"a": [{"b": {"c": 1}}]});
    for text in [
        "@",
        "a",
        "a[0].b",
        "a[-1].b.c",
        "a[0] | b",
        "missing || a",
        "a && a[0]",
        "not_null(missing, a)",
        "max_by(a, &b.c).b",
        "to_array(a)",
    ] {
        let expression = Expression::new(text).unwrap();
        let found = expression.search(&data).unwrap();
        assert!(matches!(found, Cow::Borrowed(_)), "{text}");
        assert!(!found.is_null(), "{text}");
    }
}

#[test]
fn look_up_allocates_nothing() {
    let data = json!({"headers": {"idempotency-key": "k"}});
    let expression = Expression::new(r#"headers."idempotency-key""#).unwrap();
    let allocated = allocation_counter::measure(|| {
        let found = expression.search(&data).unwrap();
        assert_eq!(found.as_str(), Some("k"));
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn text_is_kept_and_parsed() {
    let expression: Expression = "a. b".parse().unwrap();
    assert_eq!(expression.as_str(), "a. b");
    assert_eq!(format!("{expression:?}"), r#"Expression("a. b")"#);
    assert_eq!(expression.clone().as_str(), "a. b");
}

#[test]
fn clone_is_a_pointer() {
    let expression = Expression::new("a[*].b").unwrap();
    let allocated = allocation_counter::measure(|| drop(expression.clone()));
    assert_eq!(allocated.count_total, 0);
    assert_eq!(size_of::<Expression>(), size_of::<usize>());
}

#[test]
fn members_of_objects_are_told() {
    let names = |text: &str| {
        let expression = Expression::new(text).unwrap();
        let names = expression.as_fields()?.map(str::to_owned);
        Some(names.collect::<Vec<_>>())
    };
    assert_eq!(names("a"), Some(vec!["a".to_owned()]));
    assert_eq!(
        names(r#"a.b."c-d""#),
        Some(vec!["a".to_owned(), "b".to_owned(), "c-d".to_owned()])
    );
    for other in [
        "@",
        "a[0]",
        "a[*].b",
        "a || b",
        "powertools_json(a).b",
        "'a'",
    ] {
        assert_eq!(names(other), None, "{other}");
    }
}

#[test]
fn threads_share_expressions_and_errors_travel() {
    fn shared<T: Send + Sync + Unpin + Clone + 'static>() {}
    fn sent<T: Send + Sync + Unpin + 'static>() {}
    shared::<Expression>();
    shared::<Functions>();
    shared::<Signature>();
    shared::<ArgumentType>();
    shared::<ErrorKind>();
    sent::<Error>();
}

#[test]
fn strings_have_an_order_and_other_types_have_none() {
    let data = json!({"a": "2026-01-01", "b": "2026-02-01", "n": 1});
    assert_eq!(search("a < b", &data).unwrap(), json!(true));
    assert_eq!(search("'é' > 'z'", &data).unwrap(), json!(true));
    for text in ["`true` < `false`", "missing < n", "a < missing", "@ > @"] {
        assert_eq!(search(text, &data).unwrap(), Value::Null, "{text}");
    }
}

#[test]
fn an_order_of_a_string_and_a_number_is_an_error() {
    let data = json!({"a": "2026-01-01", "n": 1});
    for text in ["a < n", "n >= a", "a > `1`", "[a][?@ <= `1`]"] {
        let error = search(text, &data).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomparable, "{text}");
        assert_eq!(error.code(), "incomparable");
    }
    assert_eq!(search("a == n", &data).unwrap(), json!(false));
}

#[test]
fn numbers_are_equal_by_value_and_booleans_are_no_numbers() {
    for (text, equal) in [
        ("`1` == `1.0`", true),
        ("`[1]` == `[1.0]`", true),
        (r#"`{"a": 1}` == `{"a": 1.0}`"#, true),
        ("`9007199254740993` == `9007199254740992.0`", false),
        ("`1` == `true`", false),
        ("`[1]` == `[true]`", false),
        ("`1` == '1'", false),
    ] {
        assert_eq!(search(text, &Value::Null).unwrap(), json!(equal), "{text}");
    }
}

#[test]
fn wildcard_projection_goes_on() {
    let data = json!({"a": {"x": {"b": {"c": 1}}}});
    assert_eq!(search("a.*.b.c", &data).unwrap(), json!([1]));
}
