//! The invocation and the line that every logger is given.

use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context as Waiting, Poll, Waker},
    time::{Duration, UNIX_EPOCH},
};

use lambda_runtime::Context;
use powertools_core::Host;

pub(crate) const FUNCTION: &str = "orders";
pub(crate) const MEMORY: i32 = 128;
pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
pub(crate) const REQUEST_ID: &str = "52fdfc07-2182-454f-963f-5f0f9a621d72";
pub(crate) const TRACE_HEADER: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
pub(crate) const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";
pub(crate) const CORRELATION_ID: &str = "5f3c8a34-9e4c-4b52-8a63-3f1d2c7b9e10";

/// What the line must hold, whoever writes it, beside the context keys.
pub(crate) const FIELDS: [&str; 5] = ["order stored", "gold", "31", "0.375", "true"];

/// The line of `*/line`: a message and four fields, one of each simple kind.
macro_rules! order_stored {
    ($level:ident) => {
        tracing::$level!(
            tier = std::hint::black_box("gold"),
            items = std::hint::black_box(31_u64),
            discount = std::hint::black_box(0.375_f64),
            express = std::hint::black_box(true),
            "order stored"
        )
    };
}
pub(crate) use order_stored;

/// As the runtime gives it to a function of 128 MB with X-Ray on.
pub(crate) fn context() -> Context {
    let mut config = lambda_runtime::Config::default();
    FUNCTION.clone_into(&mut config.function_name);
    "$LATEST".clone_into(&mut config.version);
    config.memory = MEMORY;
    let mut context = Context::default();
    context.request_id = REQUEST_ID.to_owned();
    context.invoked_function_arn = ARN.to_owned();
    context.xray_trace_id = Some(TRACE_HEADER.to_owned());
    context.env_config = Arc::new(config);
    context
}

/// With a deadline ahead, as in a real invocation, for as long as a measurement may take.
pub(crate) fn context_with_deadline() -> Context {
    let now = Host::default().clock().now();
    let at = (now + Duration::from_hours(24)).duration_since(UNIX_EPOCH);
    let millis = at.expect("the clock is past 1970").as_millis();
    let mut context = context();
    context.deadline = u64::try_from(millis).expect("milliseconds since 1970 fit");
    context
}

/// Polls a future that needs no waiting.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Waiting::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the handlers here are ready at once"),
    }
}

/// A handler's way to hand its request back, so that each call can have the same one: a
/// request made or cloned for each call would count as work of the layer.
#[derive(Debug)]
pub(crate) struct Returned<R>(RefCell<Option<R>>);

impl<R> Returned<R> {
    pub(crate) fn new(request: R) -> Self {
        Self(RefCell::new(Some(request)))
    }

    pub(crate) fn put(&self, request: R) {
        // In place: a request is large, and moving it would count.
        *self.0.borrow_mut() = Some(request);
    }

    pub(crate) fn take(&self) -> R {
        let request = self.0.borrow_mut().take();
        request.expect("the handler of the last call has put it back")
    }
}
