//! Steps over one store.

use std::sync::Arc;

use powertools_core::test_util::ManualClock;
use tokio::runtime;

use super::{
    backend::{Backend, Cache, Table},
    cache::Connection,
    returned::{Custom, Plain, Returned, Typed},
    setup::{Serializer, Setup, Store, StoreOptions, T0_MS},
    step::{self, Step},
    time,
    world::World,
};
use crate::{
    arm::Refusal,
    arms::common::members::{self, given, unknown},
    json::Json,
};

const MEMBERS: [&str; 13] = [
    "config",
    "environment",
    "key_prefix",
    "kind",
    "lambda_function_name",
    "qualified_name",
    "response_hook",
    "seed",
    "serializer",
    "steps",
    "store",
    "t0",
    "target",
];

pub(super) fn run(input: &Json) -> Result<Json, Refusal> {
    members::known(members::object(input, "the input")?, &MEMBERS)?;
    let steps = input.get("steps");
    let steps = step::read_all(steps.ok_or_else(|| unknown("a scenario without steps"))?)?;
    let setup = Setup::read(input)?;
    let options = StoreOptions::read(input)?;
    let clock = ManualClock::at(time::at(T0_MS));
    let seed = given(input, "seed");
    match options.store {
        Store::DynamoDb => with(setup, Table::new(options), clock, seed, &steps),
        Store::Cache => {
            let connection = Connection::new(clock.clone());
            with(setup, Cache::new(options, connection), clock, seed, &steps)
        }
    }
}

fn with<B: Backend>(
    setup: Setup,
    backend: B,
    clock: ManualClock,
    seed: Option<&Json>,
    steps: &[Arc<Step>],
) -> Result<Json, Refusal> {
    if let Some(seed) = seed {
        backend.seed(seed)?;
    }
    match setup.serializer {
        Serializer::None => go::<B, Plain>(World::new(setup, backend, clock), steps),
        Serializer::Typed => go::<B, Typed>(World::new(setup, backend, clock), steps),
        Serializer::Custom => go::<B, Custom>(World::new(setup, backend, clock), steps),
    }
}

fn go<B: Backend, R: Returned>(world: World<B, R>, steps: &[Arc<Step>]) -> Result<Json, Refusal> {
    let world = Arc::new(world);
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| unknown(format!("a way to wait: {error}")))?;
    let told = runtime.block_on(async {
        let mut told = Vec::new();
        for step in steps {
            told.push(Arc::clone(&world).step(Arc::clone(step)).await);
        }
        told
    });
    match world.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(Json::object([("steps", Json::Array(told))])),
    }
}
