//! Beside other layers, the runtime, and an output that fails.

use std::{convert::Infallible, time::Duration};

use lambda_runtime::{LambdaEvent, LambdaInvocation, layers::TracingLayer};
use powertools_core::{
    Outcome, SharedWriter,
    test_util::{CapturedOutput, ProbeEvent, ProbeLayer, TestContext, lambda_event},
};
use powertools_logger::LoggerLayer;
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt, service_fn};
use tracing::{Instrument, Level};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::support::{NO_ENV, block_on, builder, called, host, logged, moment};

#[test]
fn the_keys_are_found_behind_a_span_below_the_level() {
    let output = CapturedOutput::default();
    let logger = builder().output(output.writer()).build().unwrap();
    // Another layer wants the span, so it is there, and hidden from ours.
    let subscriber = Registry::default()
        .with(logger.subscriber_layer())
        .with(tracing_subscriber::layer::Identity::new());
    tracing::subscriber::with_default(subscriber, || {
        let service = logger.layer(service_fn(async |_: LambdaEvent<()>| {
            let hidden = tracing::debug_span!("work");
            assert!(!hidden.is_disabled());
            let task = async { tracing::info!("in a bare task") }.instrument(hidden.clone());
            tokio::spawn(task).await.unwrap();
            Ok::<_, Infallible>(())
        }));
        block_on(service.oneshot(lambda_event("r-1", ()))).unwrap();
    });
    assert_eq!(output.json()[0]["function_request_id"], "r-1");
}

#[test]
fn a_line_that_cannot_be_written_takes_nothing_with_it() {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let logger = builder().output(SharedWriter::new(Broken)).build().unwrap();
    let subscriber = Registry::default().with(logger.subscriber_layer());
    tracing::subscriber::with_default(subscriber, || {
        let service = logger.layer(service_fn(async |event: LambdaEvent<&'static str>| {
            tracing::info!("lost");
            Ok::<_, Infallible>(event.payload)
        }));
        let answer = block_on(service.oneshot(lambda_event("r-1", "answer")));
        assert_eq!(answer, Ok("answer"));
    });
}

type Boxed = tower::util::BoxService<LambdaEvent<()>, (), Infallible>;

#[test]
fn stacked_layers_share_one_invocation_and_either_works_alone() {
    let shared = host(NO_ENV);
    let probe = ProbeLayer::new(shared.clone()).flush_near_deadline(Duration::from_millis(100));
    let event = || {
        TestContext::new("r-1")
            .deadline(moment() + Duration::from_secs(3))
            .event(())
    };
    let run = |stack: &dyn Fn(&LoggerLayer) -> Boxed| {
        logged(LoggerLayer::builder().host(shared.clone()), |logger| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(stack(logger).oneshot(event())).unwrap();
        })
        .json()
    };
    let slow = async |_: LambdaEvent<()>| {
        tracing::info!("before");
        tokio::time::sleep(Duration::from_secs(4)).await;
        tracing::info!("after");
        Ok::<_, Infallible>(())
    };
    let logger_outside = |logger: &LoggerLayer| {
        Boxed::new(
            ServiceBuilder::new()
                .layer(logger.clone())
                .layer(probe.clone())
                .service_fn(slow),
        )
    };
    let probe_outside = |logger: &LoggerLayer| {
        Boxed::new(
            ServiceBuilder::new()
                .layer(probe.clone())
                .layer(logger.clone())
                .service_fn(slow),
        )
    };
    let logger_alone = |logger: &LoggerLayer| Boxed::new(logger.layer(service_fn(slow)));
    let probe_alone = |_: &LoggerLayer| Boxed::new(probe.layer(service_fn(slow)));

    for stack in [
        &logger_outside as &dyn Fn(&LoggerLayer) -> Boxed,
        &probe_outside,
        &logger_alone,
        &probe_alone,
    ] {
        let lines = run(stack);
        assert_eq!(lines.len(), 2);
        assert!(
            lines
                .iter()
                .all(|line| line["function_request_id"] == "r-1"),
            "{lines:?}"
        );
    }

    // Three stacks with a probe: one start, one flush, one end each.
    let events = probe.events();
    let [a, b, c] = events.as_chunks::<3>().0 else {
        panic!("{events:?}")
    };
    for seen in [a, b, c] {
        let [
            ProbeEvent::Started(started),
            ProbeEvent::FlushedEarly(flushed, _),
            ProbeEvent::Finished(finished, Outcome::Ok),
        ] = seen
        else {
            panic!("{seen:?}");
        };
        assert!(started == flushed && started == finished);
    }
}

#[test]
fn a_plain_tower_service_is_welcome() {
    struct Job;
    impl powertools_core::InvocationRequest for Job {}
    impl<Res, Err> powertools_core::Observe<Res, Err> for Job {
        fn outcome(result: &Result<Res, Err>) -> Outcome {
            if result.is_ok() {
                Outcome::Ok
            } else {
                Outcome::Fault
            }
        }
    }
    let output = called(
        builder(),
        Job,
        service_fn(async |_: Job| {
            tracing::info!("working");
            Ok::<_, Infallible>(())
        }),
    );
    let [line] = output.json().try_into().unwrap();
    assert_eq!(line["message"], "working");
    assert_eq!(line.get("function_request_id"), None);
}

#[test]
fn the_runtimes_own_lines_carry_the_ids_of_its_span() {
    let context = TestContext::new("r-1")
        .tenant_id("blue")
        .xray_header("Root=1-2-3;Parent=4");
    let output = logged(builder().level(Level::ERROR), |_| {
        // What stands between the runtime's span and our layers.
        let service = TracingLayer::new().layer(service_fn(async |_: LambdaInvocation| {
            tracing::error!("user handler panicked");
            Ok::<_, BoxError>(())
        }));
        let worker = tracing::error_span!("worker");
        block_on(
            service
                .oneshot(context.invocation("{}"))
                .instrument(worker.clone()),
        )
        .unwrap();
        worker.in_scope(|| tracing::error!("between invocations"));
    });
    let [inside, between] = output.json().try_into().unwrap();
    assert_eq!(inside["function_request_id"], "r-1");
    assert_eq!(inside["tenant_id"], "blue");
    assert_eq!(inside["xray_trace_id"], "1-2-3");
    assert_eq!(between.get("function_request_id"), None);
}
