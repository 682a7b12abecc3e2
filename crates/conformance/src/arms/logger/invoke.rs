//! One invocation of a handler, through the logger's layer.

use std::sync::Arc;

use lambda_runtime::{Config, Context, LambdaEvent};
use powertools_core::Extract;
use powertools_logger::{CorrelationIdPath, LoggerBuilder, WholeEvent};
use serde_json::Value;
use tokio::runtime;
use tower::{Layer, ServiceExt, service_fn};
use tracing::dispatcher;

use super::{
    create,
    fault::Fault,
    members::{self, given, unknown},
    raised::Raised,
    world::{Logger, World},
};
use crate::{arm::Refusal, json::Json};

pub(super) const MEMBERS: &[&str] = &[
    "body",
    "clear_state",
    "context",
    "correlation_id_path",
    "event",
    "flush_buffer_on_uncaught_error",
    "log_event",
    "raise",
];

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

type Event = LambdaEvent<Value>;

/// Calls the layer around a handler that runs the body. Keys belong to the invocation, so
/// `clear_state` asks for what happens anyway.
pub(super) fn invoke(
    world: &mut World,
    on: &str,
    operation: &Json,
    body: impl FnOnce(&mut World) -> Result<(), Refusal>,
) -> Result<(), Fault> {
    members::bool(operation, "clear_state")?;
    let handler = Handler {
        event: event(operation)?,
        body,
        raised: Raised::of(operation)?,
    };
    let logger = world.logger(on)?;
    let flush = members::bool(operation, "flush_buffer_on_uncaught_error")?;
    let builder = logger
        .create
        .builder(
            &world.host,
            world.output.writer(),
            flush.unwrap_or_default(),
        )?
        .log_event(members::bool(operation, "log_event")?);
    match members::text(operation, "correlation_id_path")? {
        None | Some("") => call(world, &logger, builder, handler),
        Some(path) => {
            let builder = builder.correlation_id(correlation_id_path(path)?);
            call(world, &logger, builder, handler)
        }
    }
}

/// The event, and what the handler does with it.
struct Handler<F> {
    event: Event,
    body: F,
    raised: Option<Raised>,
}

fn call<C, F>(
    world: &mut World,
    logger: &Logger,
    builder: LoggerBuilder<C, WholeEvent>,
    handler: Handler<F>,
) -> Result<(), Fault>
where
    C: Extract<Event> + Clone,
    F: FnOnce(&mut World) -> Result<(), Refusal>,
{
    // This layer is a copy of the first one, which has said its warnings.
    let layer = world.output.clone().muted(|| {
        let layer = builder.build().map_err(|error| create::kind(&error))?;
        if logger.level.is_some() {
            layer.set_level(logger.level);
        }
        Ok::<_, Fault>(layer)
    })?;
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| unknown(format!("a way to wait: {error}")))?;
    let Handler {
        event,
        body,
        raised,
    } = handler;
    let mut refused = Ok(());
    let mut once = Some((body, world, &mut refused));
    let service = layer.layer(service_fn(|_: Event| {
        let once = once.take();
        let raised = raised.clone();
        async move {
            if let Some((body, world, refused)) = once {
                *refused = body(world);
            }
            raised.map_or(Ok(()), Err)
        }
    }));
    let answer = dispatcher::with_default(&logger.dispatch, || {
        runtime.block_on(service.oneshot(event))
    });
    refused?;
    answer.map_err(|raised: Raised| Fault::Failed(raised.name().to_owned()))
}

/// A broken expression is an error when the path is made, before any layer is.
fn correlation_id_path(path: &str) -> Result<CorrelationIdPath, Fault> {
    let Some(name) = path.strip_prefix('@').filter(|name| is_name(name)) else {
        let failed = |code: &str| Fault::Failed(code.to_owned());
        return CorrelationIdPath::new(path).map_err(|error| failed(error.code()));
    };
    Ok(match name {
        "API_GATEWAY_HTTP" => CorrelationIdPath::API_GATEWAY_HTTP,
        "API_GATEWAY_REST" => CorrelationIdPath::API_GATEWAY_REST,
        "APPLICATION_LOAD_BALANCER" => CorrelationIdPath::APPLICATION_LOAD_BALANCER,
        "APPSYNC_AUTHORIZER" => CorrelationIdPath::APPSYNC_AUTHORIZER,
        "APPSYNC_RESOLVER" => CorrelationIdPath::APPSYNC_RESOLVER,
        "EVENT_BRIDGE" => CorrelationIdPath::EVENT_BRIDGE,
        "LAMBDA_FUNCTION_URL" => CorrelationIdPath::LAMBDA_FUNCTION_URL,
        "S3_OBJECT_LAMBDA" => CorrelationIdPath::S3_OBJECT_LAMBDA,
        "VPC_LATTICE" => CorrelationIdPath::VPC_LATTICE,
        other => return Err(unknown(format!("the built-in path `{other}`")).into()),
    })
}

/// `@` alone is the whole event in an expression.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn event(operation: &Json) -> Result<Event, Refusal> {
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
