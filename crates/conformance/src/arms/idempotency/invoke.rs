//! One invocation, as a handler's layer or a function sees it.

use std::{
    future::{Future, pending, poll_fn},
    mem::ManuallyDrop,
    panic::resume_unwind,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
};

use lambda_runtime::{Context, LambdaEvent};
use powertools_core::{InvocationRequest, InvocationScope, LayerError, Observe};
use powertools_idempotency::{Durable, IdempotencyError, idempotent};
use serde_json::Value;
use tower::{Layer, Service, service_fn};

use super::{
    answer::Answer,
    backend::Backend,
    environment::Environment,
    failure,
    outcome::{Boom, Outcome},
    returned::Returned,
    step::{Invoke, Operation, Step},
    time,
    world::World,
};
use crate::{arm::Refusal, json::Json};

type Event = LambdaEvent<Value>;
type Answered<R> = Result<R, LayerError<Boom, IdempotencyError>>;

/// What a handler has done.
#[derive(Default)]
struct Seen {
    executed: AtomicBool,
    aborted: AtomicBool,
    during: Mutex<Vec<Json>>,
}

/// Calls the layer, or the function, of the environment, and tells what came of it.
pub(super) async fn invoke<B: Backend, R: Returned>(
    world: Arc<World<B, R>>,
    step: Arc<Step>,
) -> Json {
    let Operation::Invoke(invocation) = &step.operation else {
        return Json::Null;
    };
    if let Err(refusal) = world.backend.answer_next(&invocation.fakes) {
        world.refuse(refusal);
    }
    let before = world.backend.count();
    let seen = Arc::<Seen>::default();
    let environment = world.environment(&invocation.env);
    let answer = match &environment {
        Err(error) => Err(error.clone()),
        Ok(environment) => {
            let handler = handler(Arc::clone(&world), Arc::clone(&step), Arc::clone(&seen));
            let answered = run(&world, environment, invocation, &seen, handler).await;
            answered.map_err(|error| failure::of_call(&error))
        }
    };
    // What a dropped call leaves to be done is done by then.
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    let during = std::mem::take(&mut *seen.during.lock().unwrap_or_else(PoisonError::into_inner));
    let mut told = Answer::default().with_some("during", during);
    told = match answer {
        Err(error) => told.with("error", error),
        Ok(response) => {
            let told = told.with("result", response.shown());
            match response.is_model() {
                true => told.with("result_type", Json::text("Order")),
                false => told,
            }
        }
    };
    told = told.with(
        "executed",
        Json::Bool(seen.executed.load(Ordering::Relaxed)),
    );
    if let Ok(environment) = &environment {
        told = told.with_some("hook", environment.hooked.take());
        let refusal = environment.hooked.refusal.lock();
        if let Some(refusal) = refusal.unwrap_or_else(PoisonError::into_inner).take() {
            world.refuse(refusal);
        }
        if world.setup.config.cache.is_some() {
            let mut keys = environment.layer.config().cached_keys();
            keys.sort_unstable();
            let keys = keys.into_iter().map(Json::text).collect();
            told = told.with("local_cache_keys", Json::Array(keys));
        }
    }
    let (name, kept) = world.backend.kept();
    let calls = world.backend.take_calls(before);
    told = told.with("calls", Json::Array(calls)).with(name, kept);
    world.backend.forget_replies();
    told.into_json()
}

/// What the user's code does.
async fn handler<B: Backend, R: Returned>(
    world: Arc<World<B, R>>,
    step: Arc<Step>,
    seen: Arc<Seen>,
) -> Result<R, Boom> {
    let Operation::Invoke(invocation) = &step.operation else {
        return Err(Boom::new("no invocation"));
    };
    seen.executed.store(true, Ordering::Relaxed);
    for step in &invocation.during {
        // A task of its own belongs to no invocation, as another environment does.
        let told = tokio::spawn(Arc::clone(&world).step(Arc::clone(step))).await;
        let told = told.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        let mut during = seen.during.lock().unwrap_or_else(PoisonError::into_inner);
        during.push(told);
    }
    match &invocation.outcome {
        Outcome::Raise(message) => Err(Boom::new(message)),
        Outcome::Abort => {
            seen.aborted.store(true, Ordering::Relaxed);
            pending().await
        }
        outcome => R::of(outcome).map_err(|refusal| {
            world.refuse(refusal);
            Boom::new("refused")
        }),
    }
}

async fn run<B: Backend, R: Returned>(
    world: &World<B, R>,
    environment: &Environment<B>,
    invocation: &Invoke,
    seen: &Seen,
    handler: impl Future<Output = Result<R, Boom>> + Send + 'static,
) -> Answered<R> {
    let remaining_ms = invocation.remaining_ms;
    if world.setup.is_handler {
        let handler = Arc::new(Mutex::new(Some(handler)));
        let mutates = invocation.mutates_event;
        let inner = service_fn(move |mut event: Event| {
            if mutates {
                event.payload = Value::from("mutated");
            }
            let mut handler = handler.lock().unwrap_or_else(PoisonError::into_inner);
            handler.take().expect("it is called once")
        });
        let event = event(world, invocation.event.clone(), remaining_ms);
        return match invocation.durable_operations {
            None => call(world, environment.layer.layer(inner), event, seen).await,
            Some(operations) => {
                let mut inner = inner;
                let inner = service_fn(move |event: Durable<Event>| inner.call(event.into_inner()));
                let layered = environment.layer.layer(inner);
                // The first operation is the invocation itself.
                call(world, layered, Durable::new(event, operations > 1), seen).await
            }
        };
    }
    if invocation.is_positional {
        world.refuse(Refusal::NoCounterpart("arguments by position".to_owned()));
    }
    if invocation.durable_operations.is_some() {
        world.refuse(Refusal::NoCounterpart("a durable function".to_owned()));
    }
    let config = environment.layer.config();
    let function = idempotent(config, &invocation.event, || handler);
    let registered = {
        let registered = environment.registered.lock();
        let mut registered = registered.unwrap_or_else(PoisonError::into_inner);
        if invocation.registers_context {
            *registered = Some(remaining_ms);
        }
        *registered
    };
    match registered {
        None => or_abort(function, seen).await,
        Some(remaining_ms) => {
            let mut function = Some(function);
            let inner = service_fn(move |_: Event| function.take().expect("it is called once"));
            call(world, inner, event(world, Value::Null, remaining_ms), seen).await
        }
    }
}

/// The event of an invocation that has this much time.
fn event<B: Backend, R: Returned>(world: &World<B, R>, payload: Value, left_ms: i64) -> Event {
    static INVOCATIONS: AtomicU64 = AtomicU64::new(0);
    let mut context = Context::default();
    let number = INVOCATIONS.fetch_add(1, Ordering::Relaxed);
    context.request_id = format!("request-{number}");
    let deadline = time::millis(&world.clock) + left_ms;
    context.deadline = u64::try_from(deadline).unwrap_or(0);
    LambdaEvent::new(payload, context)
}

/// Calls a service in an invocation that arrived a moment ago: a deadline that is past on arrival
/// is unknown, and one that passes later is not.
async fn call<B, R, S, Q>(
    world: &World<B, R>,
    mut service: S,
    mut request: Q,
    seen: &Seen,
) -> Answered<R>
where
    B: Backend,
    R: Returned,
    S: Service<Q, Response = R, Error = LayerError<Boom, IdempotencyError>>,
    S::Future: Send,
    Q: InvocationRequest + Observe<R, LayerError<Boom, IdempotencyError>> + Send,
{
    let now = time::millis(&world.clock);
    world.clock.set(time::at(now - 1));
    let scope = InvocationScope::begin(&world.host, &mut request);
    world.clock.set(time::at(now));
    or_abort(scope.call(&mut service, request, ()), seen).await
}

/// The answer of a call; one that was aborted is left as it is, and never dropped.
async fn or_abort<R>(call: impl Future<Output = Answered<R>>, seen: &Seen) -> Answered<R> {
    let mut call = ManuallyDrop::new(Box::pin(call));
    let answer = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if seen.aborted.load(Ordering::Relaxed) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    match answer {
        None => Err(LayerError::Inner(Boom::aborted())),
        Some(answer) => {
            drop(ManuallyDrop::into_inner(call));
            answer
        }
    }
}
