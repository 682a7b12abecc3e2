//! The event and the context of an invocation.

use std::sync::Arc;

use lambda_runtime::{Config, Context, LambdaEvent};
use serde_json::Value;

use super::members::{self, given, unknown};
use crate::{arm::Refusal, json::Json};

/// What a case may say of the context: attributes of Lambda's own that the runtime has too.
const CONTEXT: [&str; 8] = [
    "aws_request_id",
    "function_name",
    "function_version",
    "invoked_function_arn",
    "log_group_name",
    "log_stream_name",
    "memory_limit_in_mb",
    "tenant_id",
];

pub(in crate::arms) type Event = LambdaEvent<Value>;

/// The event of an invocation, `{}` unless the case says, with its context.
pub(in crate::arms) fn event(operation: &Json) -> Result<Event, Refusal> {
    let payload = match operation.get("event") {
        None => Some(Value::Object(serde_json::Map::new())),
        Some(event) => event.to_value(),
    };
    let too_large = || Refusal::NoCounterpart("a number that no value holds".to_owned());
    Ok(LambdaEvent::new(
        payload.ok_or_else(too_large)?,
        context(operation)?,
    ))
}

fn context(operation: &Json) -> Result<Context, Refusal> {
    let mut config = Config::default();
    "test_fn".clone_into(&mut config.function_name);
    config.memory = 128;
    let mut context = Context::default();
    "52fdfc07-2182-154f-163f-5f0f9a621d72".clone_into(&mut context.request_id);
    "arn:aws:lambda:eu-west-1:123456789012:function:test_fn"
        .clone_into(&mut context.invoked_function_arn);
    if let Some(given_context) = members::fields(operation, "context")? {
        members::known(members::object(given_context, "`context`")?, &CONTEXT)?;
        let text = |name, target: &mut String| {
            if let Some(text) = members::text(given_context, name)? {
                text.clone_into(target);
            }
            Ok(())
        };
        text("function_name", &mut config.function_name)?;
        text("invoked_function_arn", &mut context.invoked_function_arn)?;
        text("aws_request_id", &mut context.request_id)?;
        text("function_version", &mut config.version)?;
        text("log_group_name", &mut config.log_group)?;
        text("log_stream_name", &mut config.log_stream)?;
        context.tenant_id = members::text(given_context, "tenant_id")?.map(str::to_owned);
        if let Some(memory) = given(given_context, "memory_limit_in_mb") {
            config.memory = megabytes(memory)?;
        }
    }
    context.env_config = Arc::new(config);
    Ok(context)
}

/// The runtime reads a number, whatever the case writes it as.
fn megabytes(memory: &Json) -> Result<i32, Refusal> {
    let number = match memory {
        Json::Number(number) => number.as_i64(),
        Json::Text(text) => text.parse().ok(),
        _ => None,
    };
    let number = number.and_then(|number| number.try_into().ok());
    number.ok_or_else(|| unknown("a memory size of this form"))
}
