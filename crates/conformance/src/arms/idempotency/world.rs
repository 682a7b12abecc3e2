//! All that a scenario acts on.

use std::{
    collections::BTreeMap,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use powertools_core::{Host, test_util::ManualClock};

use super::{
    backend::Backend,
    environment::Environment,
    invoke::invoke,
    returned::Returned,
    setup::{Setup, T0_MS},
    step::{Operation, Step},
    time,
};
use crate::{arm::Refusal, json::Json};

type Environments<B> = BTreeMap<String, Arc<Environment<B>>>;

pub(super) struct World<B: Backend, R: Returned> {
    pub(super) setup: Setup,
    pub(super) backend: B,
    pub(super) clock: ManualClock,
    pub(super) host: Host,
    environments: Mutex<Environments<B>>,
    refusal: Mutex<Option<Refusal>>,
    returns: PhantomData<fn() -> R>,
}

impl<B: Backend, R: Returned> World<B, R> {
    pub(super) fn new(setup: Setup, backend: B, clock: ManualClock) -> Self {
        let host = setup.variables.host().with_clock(clock.shared());
        Self {
            setup,
            backend,
            clock,
            host,
            environments: Mutex::default(),
            refusal: Mutex::default(),
            returns: PhantomData,
        }
    }

    /// Says why the case cannot be run. The first reason stands.
    pub(super) fn refuse(&self, refusal: Refusal) {
        let mut place = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        place.get_or_insert(refusal);
    }

    /// Why the case cannot be run.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let unknown = self.backend.unknown().map(Refusal::Unknown);
        let place = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        place.clone().or(unknown)
    }

    fn environments(&self) -> MutexGuard<'_, Environments<B>> {
        let environments = self.environments.lock();
        environments.unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment of this name, or the error that there is instead.
    pub(super) fn environment(&self, name: &str) -> Result<Arc<Environment<B>>, Json> {
        if let Some(known) = self.environments().get(name) {
            return Ok(Arc::clone(known));
        }
        let new = Environment::new(&self.setup, &self.backend, &self.host)?;
        let new = Arc::new(new);
        self.environments()
            .insert(name.to_owned(), Arc::clone(&new));
        Ok(new)
    }

    /// Takes one step, and tells what came of it.
    pub(super) fn step(
        self: Arc<Self>,
        step: Arc<Step>,
    ) -> Pin<Box<dyn Future<Output = Json> + Send>> {
        Box::pin(async move {
            if let Some(at) = step.at_ms {
                time::move_to(&self.clock, T0_MS + at);
            }
            let done = |operation: &str| Json::object([("op", Json::text(operation))]);
            match &step.operation {
                Operation::Invoke(_) => invoke(self, step).await,
                Operation::PutItem(item) => {
                    if let Err(refusal) = self.backend.put_item(item) {
                        self.refuse(refusal);
                    }
                    done("put_item")
                }
                Operation::DeleteAll => {
                    self.backend.clear();
                    done("delete_all")
                }
            }
        })
    }
}
