use super::*;

fn row(attributes: &[(&str, AttributeValue)]) -> Item {
    let row = attributes.iter().cloned();
    row.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn completed(attributes: &[(&str, AttributeValue)]) -> Item {
    let mut item = row(&[
        ("id", text("k")),
        ("status", text("COMPLETED")),
        ("expiration", number(9)),
    ]);
    item.extend(row(attributes));
    item
}

fn answer(attributes: &[(&str, AttributeValue)]) -> Option<Answer> {
    let record = read(&Attributes::default(), completed(attributes)).unwrap();
    record.answer().cloned()
}

fn refused(item: Item) -> (StoreErrorKind, String) {
    let error = read(&Attributes::default(), item).unwrap_err();
    (error.kind(), error.source().unwrap().to_string())
}

#[test]
fn numbers_are_rounded_down() {
    for (number, expected) in [
        ("12", 12),
        ("12.0", 12),
        ("12.9", 12),
        ("-0.5", -1),
        ("-3.0", -3),
        ("-3.2", -4),
        (".5", 0),
        ("1.7E+9", 1_700_000_000),
        ("1700000000123.9999999999999", 1_700_000_000_123),
        ("9E+100", i64::MAX),
        ("-9E+100", i64::MIN),
        ("99999999999999999999", i64::MAX),
    ] {
        assert_eq!(floor(number), Some(expected), "{number}");
    }
    for bad in ["", "x", "NaN", "Infinity", "1.2.3", "0x10"] {
        assert_eq!(floor(bad), None, "{bad}");
    }
}

#[test]
fn row_without_a_required_attribute_is_no_record() {
    for name in ["status", "expiration"] {
        let mut item = completed(&[]);
        item.remove(name);
        let expected = (
            StoreErrorKind::InvalidRecord,
            format!("attribute `{name}` is missing"),
        );
        assert_eq!(refused(item), expected);
    }
}

#[test]
fn attribute_of_another_type_is_named_and_its_value_is_not() {
    let secret = || text("s3cret");
    for (name, value) in [
        ("status", number(5_555)),
        ("expiration", secret()),
        ("in_progress_expiration", secret()),
        ("validation", number(5_555)),
        ("powertools_owner", AttributeValue::Null(true)),
        ("powertools_error", number(5_555)),
        ("powertools_overflow", number(5_555)),
        ("powertools_no_response", secret()),
        ("data", AttributeValue::N("s3cret".to_owned())),
    ] {
        let (kind, source) = refused(completed(&[(name, value)]));
        assert_eq!(kind, StoreErrorKind::InvalidRecord, "{name}");
        assert!(source.contains(&format!("`{name}`")), "{source}");
        assert!(
            !source.contains("s3cret") && !source.contains("5555"),
            "{source}"
        );
    }
}

#[test]
fn unknown_status_has_a_kind_of_its_own() {
    let (kind, _) = refused(completed(&[("status", text("EXPIRED"))]));
    assert_eq!(kind, StoreErrorKind::InvalidStatus);
}

#[test]
fn response_of_another_language_counts_before_what_we_left() {
    let found = answer(&[
        ("data", text("1")),
        (ERROR, text("2")),
        (OVERFLOW, text("3")),
    ]);
    assert_eq!(found, Some(Answer::Response("1".into())));
}

#[test]
fn answers_of_each_kind_are_read() {
    assert_eq!(answer(&[]), None);
    assert_eq!(answer(&[(ERROR, text(""))]), Some(Answer::Error("".into())));
    assert_eq!(
        answer(&[(OVERFLOW, text("a"))]),
        Some(Answer::Overflow("a".into()))
    );
    let omitted = |on| answer(&[(NO_RESPONSE, AttributeValue::Bool(on))]);
    assert_eq!(omitted(true), Some(Answer::Omitted));
    assert_eq!(omitted(false), None);
}

#[test]
fn running_call_has_no_answer() {
    let item = completed(&[("status", text("INPROGRESS")), ("data", text("1"))]);
    let record = read(&Attributes::default(), item).unwrap();
    assert_eq!(
        (record.status(), record.answer()),
        (Status::InProgress, None)
    );
}
