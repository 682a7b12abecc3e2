//! One invocation of a handler, through the logger's layer.

use powertools_core::Extract;
use powertools_logger::{CorrelationIdPath, LoggerBuilder, WholeEvent};
use tokio::runtime;
use tower::{Layer, ServiceExt, service_fn};
use tracing::dispatcher;

use super::{
    create,
    world::{Logger, World},
};
use crate::{
    arm::Refusal,
    arms::common::{
        event::{Event, event},
        fault::Fault,
        members::{self, unknown},
        raised::Raised,
    },
    json::Json,
};

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
