use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::{
    Env, Host, InvocationRequest, Outcome, SharedClock,
    deadline::Deadline,
    early_flush::EarlyFlush,
    hold::Holds,
    slot::Slots,
    text::{Field, Text, xray_root},
    watchdog,
};

/// One invocation of the function: everything that must not be shared with the
/// invocations that run beside it.
///
/// It is a cheap handle; clones are the same invocation. The outermost Powertools
/// layer starts it and the layers inside join it. User code finds it with
/// [`Invocation::current`], from http handlers also in the request's extensions.
///
/// How it travels, and why it is built so, stands in the
/// [crate's documentation](crate#how-state-travels).
#[derive(Clone)]
pub struct Invocation(Arc<State>);

struct State {
    text: Text,
    memory_size: Option<u32>,
    deadline: Option<Deadline>,
    cold_start: Option<bool>,
    outcome: AtomicU8,
    route: Mutex<Option<Arc<str>>>,
    clock: SharedClock,
    early_flush: EarlyFlush,
    ended: AtomicBool,
    watched: Mutex<Option<watchdog::Ticket>>,
    holds: Holds,
    slots: Slots,
}

impl Invocation {
    /// The invocation that this code runs in: the one of the task, else of the
    /// nearest `tracing` span that carries one, else a [detached](Self::detached)
    /// one. Never panics.
    #[must_use]
    pub fn current() -> Self {
        Self::try_current().unwrap_or_else(Self::detached)
    }

    /// An invocation of nobody: no ids, no deadline, and what is kept on it goes
    /// with the handle.
    #[must_use]
    pub fn detached() -> Self {
        Self(Arc::new(State::new(
            Text::default(),
            SharedClock::default(),
        )))
    }

    /// Starts the invocation that the request tells of.
    pub(crate) fn start<R: InvocationRequest>(request: &R, host: &Host) -> Self {
        let Facts {
            text,
            memory_size,
            deadline,
            on_lambda,
        } = Facts::of(request, host.env());
        let clock = host.clock().clone();
        Self(Arc::new(State {
            memory_size,
            deadline: deadline.and_then(|at| Deadline::on_arrival(at, clock.now())),
            cold_start: on_lambda.then(|| host.cold_start().take(host.env())),
            ..State::new(text, clock)
        }))
    }

    /// Lambda's request id. It stays the same when Lambda retries an event.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.text.get(Field::RequestId)
    }

    /// The ARN that was invoked, with its version or alias.
    #[must_use]
    pub fn function_arn(&self) -> Option<&str> {
        self.0.text.get(Field::FunctionArn)
    }

    /// The function's name.
    #[must_use]
    pub fn function_name(&self) -> Option<&str> {
        self.0.text.get(Field::FunctionName)
    }

    /// The function's version.
    #[must_use]
    pub fn function_version(&self) -> Option<&str> {
        self.0.text.get(Field::FunctionVersion)
    }

    /// The function's memory, in MB.
    #[must_use]
    pub fn memory_size(&self) -> Option<u32> {
        self.0.memory_size
    }

    /// The tenant, for functions with tenant isolation.
    #[must_use]
    pub fn tenant_id(&self) -> Option<&str> {
        self.0.text.get(Field::TenantId)
    }

    /// The whole X-Ray header: `Root=…;Parent=…;Sampled=…`.
    #[must_use]
    pub fn xray_header(&self) -> Option<&str> {
        self.0.text.get(Field::XrayHeader)
    }

    /// The X-Ray trace id: the `Root` of the header.
    #[must_use]
    pub fn xray_trace_id(&self) -> Option<&str> {
        self.xray_header().map(xray_root)
    }

    /// Whether this invocation paid for the start of the process; `None` outside
    /// Lambda. Decided once, for all utilities.
    #[must_use]
    pub fn cold_start(&self) -> Option<bool> {
        self.0.cold_start
    }

    /// When Lambda will end the invocation. A deadline that was past when the
    /// invocation arrived is unknown.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.0.deadline.map(|deadline| deadline.at())
    }

    /// The time left; zero once the deadline has passed, `None` if it is unknown.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.0.deadline?;
        Some(deadline.remaining(self.0.clock.now()))
    }

    /// The outcome that a layer has seen last. It is the invocation's own once the
    /// outermost layer has finished; before, that of a nested call or a record.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.0.outcome.load(Ordering::Relaxed) {
            0 => None,
            byte => Some(Outcome::from_byte(byte - 1)),
        }
    }

    /// The route that the request was matched to, as the router spells it:
    /// `GET /orders/{id}`. `None` unless something inside the router has told it.
    #[must_use]
    pub fn route(&self) -> Option<Arc<str>> {
        let route = self.0.route.lock();
        route.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the route that the request was matched to. It must be one of few: a template,
    /// not a path. The last one counts, which is that of the innermost router.
    pub fn set_route(&self, route: impl Into<Arc<str>>) {
        let route = Some(route.into());
        let mut place = self.0.route.lock().unwrap_or_else(PoisonError::into_inner);
        *place = route;
    }

    /// Has `flush` called once when only `margin` is left before the deadline, or
    /// half of the time there was if that is less. It is an early flush, not the
    /// end: more data and the real finish may follow.
    ///
    /// All flushes that are registered run together, when the widest of their margins
    /// is left. One that is registered afterwards runs at its own margin. Register once
    /// per invocation: each registration is a call.
    ///
    /// The outermost layer's future calls it, which it cannot do while the handler
    /// blocks its thread: [`watchdog::start`](crate::watchdog::start) covers that.
    /// It is not called if the deadline is unknown, or if the invocation ends before.
    /// It must not block. A panic in it is caught. It must not keep a clone of the
    /// invocation.
    ///
    /// The future's task must run on a tokio runtime whose time driver is enabled,
    /// as `#[tokio::main]` does; on any other only the watchdog calls it.
    pub fn flush_near_deadline(
        &self,
        margin: Duration,
        flush: impl Fn(&Self) + Send + Sync + 'static,
    ) {
        let Some(deadline) = self.0.deadline else {
            return;
        };
        if self.0.early_flush.register(margin, Arc::new(flush)) {
            // The timer comes first; the watchdog still has most of the margin.
            let late = deadline.margin(margin) / 4;
            let ticket = watchdog::watch(self, self.until(deadline.flush_at(margin)) + late);
            self.watch_by(ticket);
            if self.has_ended() {
                self.watch_by(None);
            }
        }
    }

    fn watch_by(&self, ticket: Option<watchdog::Ticket>) {
        let mut watched = self
            .0
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *watched, ticket);
        drop(watched);
        drop(before);
    }

    /// How long the timer should sleep, and the margin that it stands for.
    pub(crate) fn until_early_flush(&self, margin: Duration) -> Option<Duration> {
        Some(self.until(self.0.deadline?.flush_at(margin)))
    }

    fn until(&self, moment: SystemTime) -> Duration {
        moment
            .duration_since(self.0.clock.now())
            .unwrap_or_default()
    }

    pub(crate) fn early_flush(&self) -> Option<&EarlyFlush> {
        self.0.deadline.is_some().then_some(&self.0.early_flush)
    }

    pub(crate) fn run_early_flush(&self) {
        self.enter(|| self.0.early_flush.run(self));
    }

    pub(crate) fn holds(&self) -> &Holds {
        &self.0.holds
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.0.slots
    }

    /// What a layer saw. A layer that cannot tell does not overrule one that can.
    pub(crate) fn record_outcome(&self, outcome: Outcome) {
        if outcome != Outcome::Unknown || self.outcome().is_none() {
            self.0
                .outcome
                .store(outcome.to_byte() + 1, Ordering::Relaxed);
        }
    }

    /// The outermost layer has finished.
    pub(crate) fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        if self.0.early_flush.close() {
            self.watch_by(None);
        }
    }

    /// Nothing joins an invocation that has ended; late lines still find its ids.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    pub(crate) fn downgrade(&self) -> WeakInvocation {
        WeakInvocation(Arc::downgrade(&self.0))
    }
}

/// What a request tells of its invocation.
#[derive(Default)]
struct Facts {
    text: Text,
    memory_size: Option<u32>,
    deadline: Option<SystemTime>,
    on_lambda: bool,
}

impl Facts {
    fn of<R: InvocationRequest>(request: &R, env: &Env) -> Self {
        #[cfg(feature = "lambda")]
        if let Some(context) = request.lambda_context() {
            return Self::of_context(context, env);
        }
        // Without the feature no request has a context.
        let _ = (request, env);
        Self::default()
    }

    #[cfg(feature = "lambda")]
    fn of_context(context: &lambda_runtime::Context, env: &Env) -> Self {
        let config = &context.env_config;
        // The header is absent in local tests, and the runtime puts a sentence there.
        let arn = Some(context.invoked_function_arn.as_str())
            .filter(|arn| !arn.starts_with("No header"))
            .unwrap_or_default();
        // Lambda gives the trace id with the invocation. The variable is only the
        // fall-back: under concurrency it is not set.
        let given = context
            .xray_trace_id
            .as_deref()
            .filter(|header| !header.is_empty());
        let from_env = match given {
            Some(_) => None,
            None => env.get("_X_AMZN_TRACE_ID"),
        };
        let xray_header = given.or(from_env.as_deref());
        Self {
            text: Text::pack([
                &context.request_id,
                arn,
                &config.function_name,
                &config.version,
                context.tenant_id.as_deref().unwrap_or_default(),
                xray_header.unwrap_or_default(),
            ]),
            memory_size: u32::try_from(config.memory).ok().filter(|size| *size > 0),
            deadline: Some(context.deadline()),
            on_lambda: true,
        }
    }
}

impl State {
    fn new(text: Text, clock: SharedClock) -> Self {
        Self {
            text,
            memory_size: None,
            deadline: None,
            cold_start: None,
            outcome: AtomicU8::new(0),
            route: Mutex::default(),
            clock,
            early_flush: EarlyFlush::default(),
            ended: AtomicBool::new(false),
            watched: Mutex::default(),
            holds: Holds::default(),
            slots: Slots::default(),
        }
    }
}

impl PartialEq for Invocation {
    /// Whether both handles are of the same invocation.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Invocation {}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

/// For the watchdog, which must not keep an invocation alive.
#[derive(Clone)]
pub(crate) struct WeakInvocation(Weak<State>);

impl WeakInvocation {
    pub(crate) fn upgrade(&self) -> Option<Invocation> {
        self.0.upgrade().map(Invocation)
    }
}
