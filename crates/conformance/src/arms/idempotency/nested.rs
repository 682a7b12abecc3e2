//! An idempotent handler that calls an idempotent function, both over one store.

use lambda_runtime::{Context, LambdaEvent};
use powertools_core::{LayerError, test_util::ManualClock};
use powertools_idempotency::{IdempotencyError, IdempotencyLayer, KeyFormat, idempotent};
use serde_json::Value;
use tokio::runtime;
use tower::{Layer, ServiceExt, service_fn};

use super::{
    answer::Answer,
    backend::{Backend, Table},
    config::Config,
    failure,
    outcome::Boom,
    setup::{self, StoreOptions, T0_MS},
    time,
};
use crate::{
    arm::Refusal,
    arms::common::members::{self, unknown},
    json::Json,
};

const MEMBERS: [&str; 7] = [
    "inner",
    "invocations_at_ms",
    "kind",
    "lambda_function_name",
    "outer",
    "shared_layer",
    "t0",
];

/// One of the two.
struct Call {
    id: String,
    event: Value,
    remaining_ms: i64,
}

impl Call {
    fn read(input: &Json, name: &str, known: &[&str]) -> Result<Self, Refusal> {
        let call = members::must_fields(input, name)?;
        members::known(members::object(call, name)?, known)?;
        let event = call.get("event").and_then(Json::to_value);
        let remaining = call.get("remaining_ms").and_then(Json::as_number);
        Ok(Self {
            id: members::must_text(call, "qualified_name")?.to_owned(),
            event: event.ok_or_else(|| unknown("a call without an event"))?,
            remaining_ms: remaining.and_then(|ms| ms.as_i64()).unwrap_or(30_000),
        })
    }
}

pub(super) fn run(input: &Json) -> Result<Json, Refusal> {
    members::known(members::object(input, "the input")?, &MEMBERS)?;
    let outer = Call::read(input, "outer", &["event", "qualified_name", "remaining_ms"])?;
    let inner = Call::read(input, "inner", &["event", "qualified_name"])?;
    // A layer of ours holds no prefix, so that sharing its store is sharing all that there is.
    let shares = members::bool(input, "shared_layer")?.unwrap_or(false);
    let times = input.get("invocations_at_ms").and_then(Json::as_array);
    let times = times.ok_or_else(|| unknown("no times of invocations"))?;
    let variables = setup::variables(input)?;
    if input.get("lambda_function_name").is_none() {
        let name = Json::object([("AWS_LAMBDA_FUNCTION_NAME", Json::text("my-fn"))]);
        variables.set(Some(&name))?;
    }
    let clock = ManualClock::at(time::at(T0_MS));
    let host = variables.host().with_clock(clock.shared());
    let table = Table::new(StoreOptions::usual());
    let build = |id: &str, store| {
        let config = Config::default();
        let builder = config.builder(id, KeyFormat::Python, None, store, &host)?;
        builder
            .build_config()
            .map_err(|error| failure::of_config(&error))
    };
    let refused = |error: Json| unknown(format!("a layer that is not built: {error}"));
    let store = table.store(&host).map_err(refused)?;
    let second = match shares {
        true => store.clone(),
        false => table.store(&host).map_err(refused)?,
    };
    let layer = IdempotencyLayer::new(build(&outer.id, store).map_err(refused)?);
    let inner_config = build(&inner.id, second).map_err(refused)?;
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| unknown(format!("a way to wait: {error}")))?;
    let mut told = Vec::new();
    for at in times {
        let at = at.as_number().and_then(|at| at.as_i64());
        let at = at.ok_or_else(|| unknown("a time that is no integer"))?;
        time::move_to(&clock, T0_MS + at);
        let (config, event) = (inner_config.clone(), inner.event.clone());
        let service = layer.layer(service_fn(move |_: LambdaEvent<Value>| {
            let (config, event) = (config.clone(), event.clone());
            async move {
                let run = || async { Ok::<_, Boom>("inner".to_owned()) };
                let inner: Result<String, LayerError<Boom, IdempotencyError>> =
                    idempotent(&config, &event, run).await;
                inner.map_err(|error| Boom::new(error.to_string()))?;
                Ok::<_, Boom>("outer".to_owned())
            }
        }));
        let mut context = Context::default();
        context.request_id = format!("request-{at}");
        let deadline = time::millis(&clock) + outer.remaining_ms;
        context.deadline = u64::try_from(deadline).unwrap_or(0);
        let before = table.count();
        let event = LambdaEvent::new(outer.event.clone(), context);
        let answer = match runtime.block_on(service.oneshot(event)) {
            Ok(result) => Answer::default().with("result", Json::text(result)),
            Err(error) => Answer::default().with("error", failure::of_call(&error)),
        };
        let (name, kept) = table.kept();
        let calls = Json::Array(table.take_calls(before));
        told.push(answer.with("calls", calls).with(name, kept).into_json());
    }
    Ok(Json::object([("steps", Json::Array(told))]))
}
