use serde_json::{Value, json};

use super::Row;

/// An error that the service answers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::arms::idempotency) struct Fault {
    code: String,
    message: String,
    item: Option<Row>,
}

impl Fault {
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            item: None,
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The condition of a write did not hold; maybe with the row that stood there.
    pub(super) fn condition(item: Option<Row>) -> Self {
        Self::new(
            "ConditionalCheckFailedException",
            "The conditional request failed",
        )
        .with_item(item)
    }

    pub(super) fn with_item(mut self, item: Option<Row>) -> Self {
        self.item = item;
        self
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Errors of the service itself have another status than those of the request.
    pub(super) fn status(&self) -> u16 {
        match self.code.as_str() {
            "InternalServerError" => 500,
            "ServiceUnavailable" => 503,
            _ => 400,
        }
    }

    pub(super) fn body(&self) -> Value {
        let namespace = "com.amazonaws.dynamodb.v20120810";
        let mut body = json!({
            "__type": format!("{namespace}#{}", self.code),
            "message": self.message,
        });
        if let Some(item) = &self.item {
            body["Item"] = Value::Object(item.clone());
        }
        body
    }
}
