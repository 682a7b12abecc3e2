//! The four calls that a store makes.

use serde_json::{Map, Value, json};

use super::{
    Row, TABLE,
    expression::{Condition, Scope, Update},
    fault::Fault,
    table::Table,
};

/// What the service does for a request to this operation.
pub(super) fn perform(table: &mut Table, operation: &str, request: &Value) -> Result<Value, Fault> {
    if request.get("TableName").and_then(Value::as_str) != Some(TABLE) {
        let message = "Requested resource not found";
        return Err(Fault::new("ResourceNotFoundException", message));
    }
    match operation {
        "GetItem" => get(table, request),
        "PutItem" => {
            let row = object(request, "Item")?;
            let key = table.key_of(row)?;
            let scope = Scope::of(request);
            check(table.get(&key), request, &scope)?;
            table.put(row.clone())?;
            Ok(json!({}))
        }
        "UpdateItem" => update(table, request),
        "DeleteItem" => {
            let key = table.exact_key(object(request, "Key")?)?;
            let scope = Scope::of(request);
            check(table.get(&key), request, &scope)?;
            table.delete(&key);
            Ok(json!({}))
        }
        other => Err(Fault::new(
            "UnknownOperationException",
            format!("this table does not know {other}"),
        )),
    }
}

fn get(table: &Table, request: &Value) -> Result<Value, Fault> {
    let key = table.exact_key(object(request, "Key")?)?;
    Ok(match table.get(&key) {
        Some(row) => json!({ "Item": row }),
        None => json!({}),
    })
}

fn update(table: &mut Table, request: &Value) -> Result<Value, Fault> {
    let key = table.exact_key(object(request, "Key")?)?;
    let scope = Scope::of(request);
    let text = request.get("UpdateExpression").and_then(Value::as_str);
    let update = Update::read(text.unwrap_or_default(), &scope)?;
    if update.writes(&key) {
        let message = "Cannot update attribute. This attribute is part of the key";
        return Err(Fault::validation(message));
    }
    check(table.get(&key), request, &scope)?;
    let mut row = table.get(&key).cloned().unwrap_or(key);
    update.apply(&mut row)?;
    table.put(row)?;
    Ok(json!({}))
}

/// Whether the request's condition holds.
fn check(row: Option<&Row>, request: &Value, scope: &Scope<'_>) -> Result<(), Fault> {
    let text = request.get("ConditionExpression").and_then(Value::as_str);
    let condition = text.map(|text| Condition::read(text, scope)).transpose()?;
    scope.check()?;
    if condition.is_none_or(|condition| condition.holds(row)) {
        return Ok(());
    }
    let returns = request.get("ReturnValuesOnConditionCheckFailure");
    let tells = returns.and_then(Value::as_str) == Some("ALL_OLD");
    Err(Fault::condition(row.filter(|_| tells).cloned()))
}

fn object<'a>(request: &'a Value, name: &str) -> Result<&'a Map<String, Value>, Fault> {
    let object = request.get(name).and_then(Value::as_object);
    object.ok_or_else(|| Fault::validation(format!("{name} is missing")))
}
