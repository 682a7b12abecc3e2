use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::{Row, call::perform, fault::Fault, table::Table};
use crate::json::Json;

/// The service: its table, what it answers out of turn, and what it was asked.
#[derive(Debug, Clone)]
pub(in crate::arms::idempotency) struct Service(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    table: Table,
    canned: VecDeque<Canned>,
    calls: Vec<Json>,
}

/// A reply for the next call of an operation.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::arms::idempotency) struct Canned {
    operation: String,
    reply: Result<Option<Row>, Fault>,
}

impl Canned {
    /// Without an error and without a row it is an empty reply.
    pub(in crate::arms::idempotency) fn new(
        operation: &str,
        error: Option<&str>,
        item: Option<Row>,
    ) -> Self {
        let reply = match error {
            None => Ok(item),
            Some(code) => Err(Fault::new(code, "injected").with_item(item)),
        };
        let operation = operation.to_owned();
        Self { operation, reply }
    }
}

impl Service {
    /// An empty table with these key attributes.
    pub(in crate::arms::idempotency) fn new(keys: Vec<String>) -> Self {
        Self(Arc::new(Mutex::new(State {
            table: Table::new(keys),
            canned: VecDeque::new(),
            calls: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a row there, without a call; false if it lacks a key.
    pub(in crate::arms::idempotency) fn put(&self, row: Row) -> bool {
        self.lock().table.put(row).is_ok()
    }

    pub(in crate::arms::idempotency) fn clear(&self) {
        self.lock().table.clear();
    }

    pub(in crate::arms::idempotency) fn rows(&self) -> Vec<Row> {
        self.lock().table.rows().to_vec()
    }

    pub(in crate::arms::idempotency) fn answer_next(
        &self,
        canned: impl IntoIterator<Item = Canned>,
    ) {
        self.lock().canned.extend(canned);
    }

    /// Forgets the replies that nobody asked for.
    pub(in crate::arms::idempotency) fn forget_replies(&self) {
        self.lock().canned.clear();
    }

    /// How many calls there were.
    pub(in crate::arms::idempotency) fn count(&self) -> usize {
        self.lock().calls.len()
    }

    /// Takes the calls from this one on.
    pub(in crate::arms::idempotency) fn take_calls(&self, from: usize) -> Vec<Json> {
        self.lock().calls.split_off(from)
    }

    /// Answers a call.
    pub(super) fn answer(&self, operation: &str, request: &Value) -> Result<Value, Fault> {
        let mut state = self.lock();
        let mut canned = state.canned.iter();
        let canned = canned.position(|canned| canned.operation == operation);
        let canned = canned.and_then(|place| state.canned.remove(place));
        let faked = canned.is_some();
        let reply = match canned {
            Some(canned) => canned.reply.map(|row| match row {
                Some(row) => json!({ "Item": row }),
                None => json!({}),
            }),
            None => perform(&mut state.table, operation, request),
        };
        let mut call = vec![("op", Json::text(operation)), ("params", request.into())];
        if let Err(fault) = &reply {
            call.push(("error", Json::text(fault.code())));
        }
        if faked {
            call.push(("faked", Json::Bool(true)));
        }
        state.calls.push(Json::object(call));
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arms::idempotency::dynamodb::TABLE;

    fn service() -> Service {
        Service::new(vec!["pk".to_owned(), "sk".to_owned()])
    }

    fn row(sk: &str, data: &str) -> Value {
        json!({"pk": {"S": "p"}, "sk": {"S": sk}, "data": {"S": data}})
    }

    fn key(sk: &str) -> Value {
        json!({"pk": {"S": "p"}, "sk": {"S": sk}})
    }

    fn code(reply: Result<Value, Fault>) -> String {
        reply.map_or_else(|fault| fault.code().to_owned(), |body| body.to_string())
    }

    fn put(service: &Service, row: &Value, more: &[(&str, Value)]) -> Result<Value, Fault> {
        let mut request = json!({"TableName": TABLE, "Item": row});
        for (name, value) in more {
            request[*name] = value.clone();
        }
        service.answer("PutItem", &request)
    }

    #[test]
    fn row_is_found_by_its_whole_key_and_replaced_as_a_whole() {
        let service = service();
        let mut first = row("a", "1");
        first["more"] = json!({"S": "x"});
        put(&service, &first, &[]).unwrap();
        put(&service, &row("b", "2"), &[]).unwrap();
        put(&service, &row("a", "3"), &[]).unwrap();
        let get = |sk| service.answer("GetItem", &json!({"TableName": TABLE, "Key": key(sk)}));
        assert_eq!(get("a").unwrap()["Item"], row("a", "3"));
        assert_eq!(get("c").unwrap(), json!({}));
        let delete = json!({"TableName": TABLE, "Key": key("a")});
        service.answer("DeleteItem", &delete).unwrap();
        assert_eq!(service.rows().len(), 1);
    }

    #[test]
    fn refused_write_changes_nothing_and_tells_the_row_if_asked() {
        let service = service();
        put(&service, &row("a", "1"), &[]).unwrap();
        let condition = ("ConditionExpression", json!("attribute_not_exists(pk)"));
        let refused = put(&service, &row("a", "2"), std::slice::from_ref(&condition));
        assert_eq!(refused, Err(Fault::condition(None)));
        let tells = ("ReturnValuesOnConditionCheckFailure", json!("ALL_OLD"));
        let refused = put(&service, &row("a", "2"), &[condition, tells]);
        let old = row("a", "1").as_object().cloned();
        assert_eq!(refused, Err(Fault::condition(old)));
        assert_eq!(Value::Object(service.rows().remove(0)), row("a", "1"));
    }

    #[test]
    fn update_makes_a_row_that_is_not_there() {
        let service = service();
        let update = json!({
            "TableName": TABLE, "Key": key("a"), "UpdateExpression": "SET #d = :d",
            "ExpressionAttributeNames": {"#d": "data"},
            "ExpressionAttributeValues": {":d": {"S": "1"}},
        });
        service.answer("UpdateItem", &update).unwrap();
        assert_eq!(Value::Object(service.rows().remove(0)), row("a", "1"));
        let mut of_key = update;
        of_key["ExpressionAttributeNames"] = json!({"#d": "pk"});
        let refused = service.answer("UpdateItem", &of_key);
        assert_eq!(code(refused), "ValidationException");
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        let service = service();
        for (operation, request, expected) in [
            (
                "GetItem",
                json!({"TableName": "other", "Key": key("a")}),
                "ResourceNotFoundException",
            ),
            (
                "GetItem",
                json!({"TableName": TABLE, "Key": {"pk": {"S": "p"}}}),
                "ValidationException",
            ),
            (
                "DeleteItem",
                json!({"TableName": TABLE, "Key": row("a", "1")}),
                "ValidationException",
            ),
            (
                "PutItem",
                json!({"TableName": TABLE, "Item": {"pk": {"S": "p"}}}),
                "ValidationException",
            ),
            (
                "PutItem",
                json!({"TableName": TABLE}),
                "ValidationException",
            ),
            (
                "PutItem",
                json!({"TableName": TABLE, "Item": row("a", "1"),
                    "ExpressionAttributeNames": {"#x": "x"}}),
                "ValidationException",
            ),
            (
                "Query",
                json!({"TableName": TABLE}),
                "UnknownOperationException",
            ),
        ] {
            assert_eq!(
                code(service.answer(operation, &request)),
                expected,
                "{request}"
            );
        }
    }

    #[test]
    fn canned_reply_is_for_one_call_of_its_operation_and_touches_nothing() {
        let service = service();
        let item = row("z", "9").as_object().cloned();
        service.answer_next([
            Canned::new(
                "PutItem",
                Some("ConditionalCheckFailedException"),
                item.clone(),
            ),
            Canned::new("GetItem", None, None),
            Canned::new("GetItem", None, item.clone()),
        ]);
        let get = || service.answer("GetItem", &json!({"TableName": TABLE, "Key": key("a")}));
        assert_eq!(get().unwrap(), json!({}));
        assert_eq!(get().unwrap(), json!({"Item": row("z", "9")}));
        let faked = put(&service, &row("a", "1"), &[]).unwrap_err();
        assert_eq!(faked.body()["Item"], row("z", "9"));
        assert_eq!(service.rows().len(), 0);
        assert!(put(&service, &row("a", "1"), &[]).is_ok());
        assert_eq!(get().unwrap(), json!({"Item": row("a", "1")}));
        let told: Vec<String> = service
            .take_calls(1)
            .iter()
            .map(ToString::to_string)
            .collect();
        let faked = |call: &String| call.contains(r#""faked": true"#);
        assert_eq!(told.iter().filter(|call| faked(call)).count(), 2);
        assert!(told[1].contains(r#""error": "ConditionalCheckFailedException""#));
        assert!(
            told[2].starts_with(r#"{"op": "PutItem", "params": {"#),
            "{}",
            told[2]
        );
        assert_eq!(service.count(), 1);
    }
}
