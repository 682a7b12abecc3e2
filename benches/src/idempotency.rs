//! Our idempotent calls: the key of an API Gateway event, a call that runs, and calls that are
//! answered from the local cache and from the store.

use std::{
    convert::Infallible,
    future,
    hint::black_box,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{Host, InvocationScope};
use powertools_idempotency::{
    IdempotencyBuilder, IdempotencyConfig, IdempotencyLayer, InMemoryStore, idempotent,
};
use serde_json::{Value, json};
use tower::{Layer, Service, service_fn};

use crate::{
    bench::Bench,
    event::{self, HEADER},
    invocation,
    operation::Operation,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("idempotency/hash", hash),
    Operation::new("idempotency/local_hit", local_hit),
    Operation::new("idempotency/stored_hit", stored_hit),
    Operation::new("idempotency/first_run", first_run),
    Operation::new("idempotency/layer", layer),
];

type Config = IdempotencyConfig<InMemoryStore>;

fn builder() -> IdempotencyBuilder<InMemoryStore> {
    IdempotencyConfig::builder("orders.create", InMemoryStore::new()).key(HEADER)
}

fn build(builder: IdempotencyBuilder<InMemoryStore>) -> Config {
    builder.build_config().expect("the settings are valid")
}

fn answer() -> Value {
    json!({"message": "hello"})
}

/// Within an invocation that has a deadline.
fn in_invocation(run: impl FnOnce()) {
    let mut event = LambdaEvent::new((), invocation::context_with_deadline());
    InvocationScope::begin(&Host::default(), &mut event).enter(run);
}

/// One call, which must run the function or must not.
fn call(config: &Config, event: &Value, runs: bool) {
    let mut ran = false;
    let call = idempotent(config, black_box(event), || {
        ran = true;
        future::ready(Ok::<_, Infallible>(answer()))
    });
    let answered = invocation::ready(call);
    assert!(matches!(answered, Ok(given) if given == answer()));
    assert_eq!(ran, runs);
}

/// The key alone: it is selected, written as JSON and hashed.
fn hash(bench: &mut Bench) {
    let config = build(builder());
    let event = event::value();
    let key = || config.key_of(black_box(&event));
    let found = key().expect("the event is JSON").expect("it has a key");
    assert!(found.starts_with("test-func.orders.create#") && found.len() == 24 + 64);
    bench.measure(|| {
        let _ = black_box(key());
    });
}

/// The store is empty: whatever is asked of it would run the function.
fn local_hit(bench: &mut Bench) {
    let config = build(builder().local_cache(256));
    let event = event::value();
    in_invocation(|| {
        call(&config, &event, true);
        config.store().clear();
        bench.measure(|| call(&config, &event, false));
    });
}

/// The claim is refused, and the record is replayed.
fn stored_hit(bench: &mut Bench) {
    let config = build(builder());
    let event = event::value();
    in_invocation(|| {
        call(&config, &event, true);
        bench.measure(|| call(&config, &event, false));
    });
}

/// A claim, the function, a completion. The store forgets it at once.
fn first_run(bench: &mut Bench) {
    let config = build(builder());
    let event = event::value();
    in_invocation(|| {
        bench.measure(|| {
            call(&config, &event, true);
            config.store().clear();
        });
    });
}

/// The same as a layer around a handler, with the invocation that it begins.
fn layer(bench: &mut Bench) {
    let config = build(builder());
    let context = invocation::context_with_deadline();
    let event = LambdaEvent::new(event::value(), context);
    // The handler hands its event back, so that each call can have the same one.
    let given = Arc::new(Mutex::new(Some(event)));
    let back = Arc::clone(&given);
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        *lock(&back) = Some(event);
        future::ready(Ok::<_, Infallible>(answer()))
    });
    let mut service = IdempotencyLayer::new(config.clone()).layer(handler);
    bench.measure(|| {
        let event = lock(&given).take().expect("the handler has put it back");
        let answered = invocation::ready(service.call(event));
        assert!(matches!(answered, Ok(given) if given == answer()));
        config.store().clear();
    });
}

fn lock<T>(given: &Mutex<T>) -> MutexGuard<'_, T> {
    given.lock().unwrap_or_else(PoisonError::into_inner)
}
