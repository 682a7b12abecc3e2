//! One log call, by `tracing`'s own macros.

use std::error::Error;

use powertools_logger::{fields, json};
use tracing::{Level, event, field::debug};

use crate::{
    arm::Refusal,
    arms::common::{
        members::{self, given, must_text, unknown},
        raised::Raised,
        special::{self, Value},
    },
    json::Json,
};

pub(super) const MEMBERS: &[&str] = &["args", "extra", "keys", "level", "message", "raise"];

/// What is logged as the message.
enum Message<'a> {
    Text(String),
    Json(Value<'a>),
    Absent,
}

/// Logs it. `args`, which are for `%` in the message, have no counterpart and are left out.
pub(super) fn log(operation: &Json, coerces: bool) -> Result<(), Refusal> {
    let value = |json| Value::new(json, coerces);
    let message = match given(operation, "message") {
        None => Message::Absent,
        Some(message) => match special::text(message) {
            Some(text) => Message::Text(text),
            None => Message::Json(value(message)),
        },
    };
    let raised = Raised::of(operation)?;
    let error = raised.as_ref().map(|error| error as &(dyn Error + 'static));
    let extra = members::fields(operation, "extra")?.map(value);
    let keys = members::fields(operation, "keys")?.map(value);
    let extra = extra.as_ref().map(|extra| debug(fields(extra)));
    let keys = keys.as_ref().map(|keys| debug(fields(keys)));
    macro_rules! at {
        ($level:ident) => {
            match &message {
                Message::Text(text) => {
                    event!(Level::$level, error, extra, keys, "{text}");
                }
                Message::Json(value) => {
                    event!(Level::$level, message = ?json(value), error, extra, keys);
                }
                Message::Absent => event!(Level::$level, error, extra, keys),
            }
        };
    }
    match must_text(operation, "level")? {
        "debug" => at!(DEBUG),
        "info" => at!(INFO),
        "warning" => at!(WARN),
        "error" | "critical" | "exception" => at!(ERROR),
        other => return Err(unknown(format!("the level `{other}` of a log call"))),
    }
    Ok(())
}
