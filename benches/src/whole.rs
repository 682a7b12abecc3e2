//! An invocation as a function has it, with all that is measured one by one elsewhere.

use std::{convert::Infallible, future};

use lambda_runtime::LambdaEvent;
use powertools_metrics::Metrics;
use tower::{Layer, Service, service_fn};

use crate::{
    bench::Bench,
    emf::{self, FIVE},
    invocation::{self, FIELDS, Returned, order_stored},
    logger::{self, Event},
    metrics,
    operation::Operation,
    sink::{SINK, prove_holds},
};

pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("whole/invocation", invocation)];

/// Context, three log lines and five metrics.
fn invocation(bench: &mut Bench) {
    let logger = logger::layer();
    logger.init().expect("no other subscriber is installed");
    let event = LambdaEvent::new(Event::new(), invocation::context_with_deadline());
    let request = Returned::new(event);
    let handler = service_fn(|event: LambdaEvent<Event>| {
        order_stored!(info);
        order_stored!(info);
        order_stored!(info);
        metrics::add_five(&Metrics::current());
        request.put(event);
        future::ready(Ok::<_, Infallible>(()))
    });
    let mut service = logger.layer(metrics::layer().layer(handler));
    let mut call = || {
        let Ok(()) = invocation::ready(service.call(request.take()));
    };
    let lines = SINK.keep(&mut call);
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    assert_eq!(
        lines.len(),
        4,
        "not three lines and one of metrics: {lines:?}"
    );
    for line in &lines[..3] {
        prove_holds(line, &[logger::KEYS.as_slice(), &FIELDS].concat());
    }
    emf::prove_holds(lines[3], &FIVE);
    bench.measure(call);
}
