use serde_json::{Value, json};

use super::{Condition, Scope, Update};
use crate::arms::idempotency::dynamodb::Row;

fn row(row: Value) -> Row {
    match row {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

fn request() -> Value {
    json!({
        "ExpressionAttributeNames": {"#s": "status", "#n": "number"},
        "ExpressionAttributeValues": {
            ":done": {"S": "DONE"}, ":ten": {"N": "10"}, ":half": {"N": "9.5"},
        },
    })
}

fn holds(text: &str, row: Option<&Row>) -> bool {
    let request = request();
    let condition = Condition::read(text, &Scope::of(&request));
    condition.expect("a condition").holds(row)
}

#[test]
fn conditions_hold_as_they_do_in_the_service() {
    let there = row(json!({"status": {"S": "DONE"}, "number": {"N": "9"}, "id": {"S": "x"}}));
    for (text, expected) in [
        ("attribute_exists(#s)", true),
        ("attribute_not_exists(#s)", false),
        ("attribute_exists(other)", false),
        ("attribute_not_exists ( other )", true),
        ("#s = :done", true),
        ("#s <> :done", false),
        ("#n < :ten", true),
        ("#n<=:ten", true),
        ("#n > :ten", false),
        ("#n >= :half", false),
        ("#n < :half", true),
        (":ten >= :ten", true),
        (":ten <= :ten", true),
        (":ten < :ten", false),
        ("#n = :done", false),
        ("#n < :done", false),
        ("other = :ten", false),
        ("other < :ten", false),
        ("other <> :ten", true),
        ("NOT #n < :ten", false),
        ("not (#n < :ten)", false),
        // AND binds more than OR.
        ("#s = :done OR #n > :ten AND #n > :ten", true),
        ("(#s = :done OR #n > :ten) AND #n > :ten", false),
        ("#n > :ten OR (#s = :done AND attribute_exists(id))", true),
    ] {
        assert_eq!(holds(text, Some(&there)), expected, "{text}");
    }
}

#[test]
fn where_there_is_no_row_only_what_is_not_there_holds() {
    assert!(holds("attribute_not_exists(id) OR #s = :done", None));
    assert!(!holds("attribute_exists(id) OR #s = :done", None));
    assert!(!holds("#n < :ten", None));
}

#[test]
fn numbers_are_compared_to_the_last_digit() {
    let there = row(json!({"number": {"N": "170000000000000001"}}));
    let request = json!({"ExpressionAttributeValues": {":n": {"N": "170000000000000002"}}});
    let condition = Condition::read("number < :n", &Scope::of(&request));
    assert!(condition.expect("a condition").holds(Some(&there)));
}

#[test]
fn update_sets_and_removes_by_what_was_there_before() {
    let request = request();
    let scope = Scope::of(&request);
    let text = "SET #s = :done, a = #n, b = if_not_exists(b, :ten), #n = if_not_exists(#n, :ten) \
                REMOVE c, d";
    let update = Update::read(text, &scope).expect("an update");
    let mut there = row(json!({"number": {"N": "1"}, "c": {"S": "c"}, "e": {"S": "e"}}));
    update.apply(&mut there).expect("it can be done");
    let expected = json!({
        "status": {"S": "DONE"}, "a": {"N": "1"}, "b": {"N": "10"}, "number": {"N": "1"},
        "e": {"S": "e"},
    });
    assert_eq!(Value::Object(there), expected);
    assert!(update.writes(&row(json!({"status": {"S": "x"}}))));
    assert!(update.writes(&row(json!({"c": {"S": "x"}}))));
    assert!(!update.writes(&row(json!({"id": {"S": "x"}}))));
    assert!(update.apply(&mut Row::new()).is_err(), "there is no number");
}

#[test]
fn what_the_service_cannot_read_is_refused() {
    let request = request();
    for text in [
        "",
        "#s",
        "#s =",
        "#s = :nothing",
        "#nothing = :ten",
        "#s = :done)",
        "(#s = :done",
        "#s = :done AND",
        "begins_with(#s, :done)",
        "#s ! :done",
        "attribute_exists(#s",
    ] {
        let read = Condition::read(text, &Scope::of(&request));
        assert!(read.is_err(), "{text}");
    }
    for text in [
        "#s = :done",
        "SET #s",
        "SET #s = :done,",
        "ADD #n :ten",
        "REMOVE",
    ] {
        assert!(Update::read(text, &Scope::of(&request)).is_err(), "{text}");
    }
}

#[test]
fn what_no_expression_uses_is_refused() {
    let request = json!({
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":done": {"S": "DONE"}},
    });
    let scope = Scope::of(&request);
    assert!(scope.check().is_err());
    Condition::read("attribute_exists(#s)", &scope).expect("a condition");
    assert!(scope.check().is_err());
    Condition::read("#s = :done", &scope).expect("a condition");
    assert_eq!(scope.check(), Ok(()));
}
