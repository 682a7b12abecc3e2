//! What each process of the storm does.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

use fastrand::Rng;
use lambda_runtime::LambdaEvent;
use powertools_core::{LayerError, SharedClock, test_util::TestContext};
use powertools_idempotency::{
    IdempotencyConfig, IdempotencyError, IdempotencyErrorKind, IdempotencyLayer, IdempotencyStore,
    Lease, Now, idempotent,
};
use serde::{Deserialize, Serialize};
use testbed::process::Parent;
use tokio::{task::JoinSet, task_local};
use tower::{ServiceBuilder, ServiceExt};

use crate::{
    event::{Claim, Event, Said},
    order::{END, Keys, LEASE, Order, Point},
    place::Place,
    watched::Watched,
};

task_local! {
    pub(crate) static CALL: Arc<Call>;
}

/// One invocation.
pub(crate) struct Call {
    number: u32,
    key: u32,
    fails: bool,
    pub(crate) claim: Mutex<Claim>,
}

/// The process, as all its invocations see it.
pub(crate) struct Child {
    parent: Parent,
    clock: SharedClock,
    stop: Option<(Point, u32)>,
    visits: AtomicU32,
}

#[derive(Serialize, Deserialize)]
struct Request {
    order: String,
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    run: String,
}

/// Why a handler fails before its effect.
#[derive(Debug)]
enum Failure {
    Failed,
    GaveUp,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no receipt")
    }
}

impl std::error::Error for Failure {}

/// Calls key after key, until it is told to end or is ended.
pub(crate) async fn hammer<P: Place>(parent: Parent) {
    let order: Arc<Order<P>> = Arc::new(parent.input());
    let child = Arc::new(Child {
        parent,
        clock: SharedClock::default(),
        stop: order.stop,
        visits: AtomicU32::new(0),
    });
    let store = order.place.store(order.network).await;
    let config = IdempotencyConfig::builder("storm", Watched::new(store, Arc::clone(&child)))
        .key("order")
        .lease(LEASE)
        .build_config()
        .unwrap();
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..order.tasks {
        let (order, child) = (Arc::clone(&order), Arc::clone(&child));
        let (config, next) = (config.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= order.calls {
                    break;
                }
                let call = Arc::new(Call::new(&order, number));
                let invocation = child.invoke(order.deadline, &config, &call);
                CALL.scope(Arc::clone(&call), invocation).await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    child.parent.point(END).await;
}

impl Call {
    fn new<P>(order: &Order<P>, number: u32) -> Self {
        let mut random = Rng::with_seed(order.seed ^ u64::from(number));
        let (key, fails) = match order.keys {
            Keys::Among { from, to } => (random.u32(from..to), random.u32(..100) < 8),
            Keys::Each { from } => (from + number, false),
        };
        Self {
            number,
            key,
            fails,
            claim: Mutex::default(),
        }
    }
}

impl Child {
    pub(crate) fn now(&self) -> i64 {
        Now::from(self.clock.now()).millis()
    }

    pub(crate) fn report(&self, event: &Event) {
        self.parent.report(event);
    }

    /// A point. The test kills the process here, or pauses it, if this is the visit that it waits
    /// for.
    pub(crate) async fn visit(&self, point: Point) {
        let Some((stop, visit)) = self.stop else {
            return;
        };
        if stop == point && self.visits.fetch_add(1, Ordering::Relaxed) + 1 == visit {
            let call = CALL.with(|call| call.number);
            self.report(&Event::AtPoint { call });
            self.parent.point(point.name()).await;
        }
    }

    /// One invocation, from its beginning to what its caller is told.
    async fn invoke<St: IdempotencyStore>(
        self: &Arc<Self>,
        deadline: bool,
        config: &IdempotencyConfig<St>,
        call: &Call,
    ) {
        let (call, key) = (call.number, call.key);
        let at = self.now();
        self.report(&Event::Called { call, key, at });
        let request = Request {
            order: format!("order {key}"),
        };
        let result = if deadline {
            let event = TestContext::new(&call.to_string())
                .deadline(self.clock.now() + LEASE)
                .event(request);
            let child = Arc::clone(self);
            let service = ServiceBuilder::new()
                .layer(IdempotencyLayer::new(config.clone()))
                .service_fn(move |_: LambdaEvent<Request>| {
                    let child = Arc::clone(&child);
                    async move { child.charge().await }
                });
            service.oneshot(event).await
        } else {
            idempotent(config, &request, || self.charge()).await
        };
        let own = CALL.with(|call| call.claim.lock().unwrap().owner.clone());
        self.report(&Event::Answered {
            call,
            said: said(result, &own),
            at: self.now(),
        });
    }

    /// The handler.
    async fn charge(&self) -> Result<Receipt, Failure> {
        let lease = Lease::current().unwrap();
        let run = lease.owner().unwrap().to_owned();
        let (call, claim, fails) = CALL.with(|call| {
            let claim = call.claim.lock().unwrap().clone();
            (call.number, claim, call.fails)
        });
        assert_eq!(claim.owner, run);
        self.report(&Event::Running {
            call,
            claim,
            lease_end: Now::from(lease.ends_at().unwrap_or(SystemTime::UNIX_EPOCH)).millis(),
            at: self.now(),
        });
        self.visit(Point::BeforeEffect).await;
        if fails {
            return Err(Failure::Failed);
        }
        let at = self.now();
        if !lease.is_live() {
            return Err(Failure::GaveUp);
        }
        self.report(&Event::Effect { call, at });
        self.visit(Point::AfterEffect).await;
        Ok(Receipt { run })
    }
}

fn said(result: Result<Receipt, LayerError<Failure, IdempotencyError>>, own: &str) -> Said {
    match result {
        Ok(receipt) => Said::Answer(receipt.run),
        Err(LayerError::Inner(Failure::Failed)) => Said::Failed,
        Err(LayerError::Inner(Failure::GaveUp)) => Said::GaveUp,
        Err(LayerError::Layer(error)) => match error.kind() {
            IdempotencyErrorKind::InProgress => {
                let owner = error.record().and_then(|record| record.owner());
                Said::InProgress {
                    own: owner == Some(own),
                }
            }
            IdempotencyErrorKind::LeaseLost => Said::LeaseLost,
            kind => Said::Error(format!("{kind:?}")),
        },
        Err(other) => unreachable!("{other:?}"),
    }
}
