//! Handles that are used outside of any invocation while invocations end.

use std::{convert::Infallible, sync::Barrier, thread};

use lambda_runtime::LambdaEvent;
use powertools_core::test_util::TestContext;
use powertools_metrics::{Metrics, Unit};
use testbed::check::emf::Samples;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Output, builder, key};

#[test]
fn ends_of_invocations_lose_no_value_that_is_recorded_outside_at_once() {
    const THREADS: usize = 4;
    const EACH: usize = 500;
    let output = Output::default();
    let layer = builder().output(output.writer()).build().unwrap();
    let (layer_of, start) = (&layer, &Barrier::new(2 * THREADS));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let metrics = layer_of.metrics();
            scope.spawn(move || {
                start.wait();
                for number in 0..EACH {
                    metrics.add("outside", Unit::Count, number);
                    metrics.add(&format!("m{thread}"), Unit::Count, number);
                    let own = metrics.with_dimensions([("scope", "s")]);
                    own.add("outside", Unit::Count, number);
                }
            });
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let runtime = runtime.unwrap();
                let handler = service_fn(async |_: LambdaEvent<()>| {
                    Metrics::current().add("inside", Unit::Count, 1);
                    Ok::<_, Infallible>(())
                });
                start.wait();
                for _ in 0..EACH {
                    let event = TestContext::new("r").event(());
                    let call = layer_of.layer(handler).oneshot(event);
                    runtime.block_on(call).unwrap();
                }
            });
        }
    });
    drop(layer);
    let mut expected = Samples::new();
    for thread in 0..THREADS {
        for number in 0..EACH {
            expected.add(key([], "outside"), number as f64);
            expected.add(key([], &format!("m{thread}")), number as f64);
            expected.add(key([("scope", "s")], "outside"), number as f64);
            expected.add(key([], "inside"), 1.0);
        }
    }
    output.samples().assert_same_as(&expected);
}
