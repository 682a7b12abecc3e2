//! One test for each sentence of the documentation.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, Once},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use http::{Request, Response};
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation};
use powertools_core::{
    ColdStart, Env, Extract, Host, Invocation, InvocationExt, InvocationRequest, InvocationScope,
    LayerError, NoExtract, Outcome, Record, SharedRandom, SharedWriter,
    test_util::{
        CapturedOutput, FixedRandom, ManualClock, ProbeEvent, ProbeLayer, TestContext,
        http_request, lambda_event, lambda_invocation,
    },
};
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt, service_fn};
use tracing::{Instrument, subscriber::NoSubscriber};
use tracing_subscriber::{
    Registry,
    layer::{Identity, SubscriberExt},
};

fn host() -> Host {
    // For all tests alike, before any of them meets the span of a layer.
    static REGISTRY: Once = Once::new();
    REGISTRY.call_once(|| {
        let subscriber = Registry::default().with(Identity::new());
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    Host::default()
        .with_env(Env::from_iter([("", ""); 0]))
        .with_cold_start(ColdStart::unused())
}

fn started<R: InvocationRequest>(mut request: R, host: &Host) -> Invocation {
    InvocationScope::begin(host, &mut request)
        .invocation()
        .clone()
}

// --- what an invocation knows -----------------------------------------------------

#[test]
fn an_invocation_knows_what_its_context_tells() {
    let context = TestContext::new("r-1")
        .tenant_id("blue")
        .xray_header("Root=1-2-3;Parent=4");
    let invocation = started(context.event(()), &host());
    assert_eq!(invocation.request_id(), Some("r-1"));
    assert_eq!(
        invocation.function_arn(),
        Some("arn:aws:lambda:eu-west-1:123456789012:function:test")
    );
    assert_eq!(invocation.function_name(), Some("test"));
    assert_eq!(invocation.function_version(), Some("$LATEST"));
    assert_eq!(invocation.memory_size(), Some(128));
    assert_eq!(invocation.tenant_id(), Some("blue"));
    assert_eq!(invocation.xray_header(), Some("Root=1-2-3;Parent=4"));
    assert_eq!(invocation.xray_trace_id(), Some("1-2-3"));
    assert_eq!(invocation.cold_start(), Some(true));
    assert_eq!(invocation.outcome(), None);
}

#[test]
fn every_level_reads_the_same_context() {
    let host = host();
    for invocation in [
        started(lambda_event("r-1", ()), &host),
        started(lambda_invocation("r-1", "{}"), &host),
        started(TestContext::new("r-1").http("/", ()), &host),
    ] {
        assert_eq!(invocation.request_id(), Some("r-1"));
    }
}

#[test]
fn without_a_context_the_lambda_keys_are_absent() {
    let invocation = started(http_request("/", ()), &host());
    assert_eq!(invocation.request_id(), None);
    assert_eq!(invocation.function_name(), None);
    assert_eq!(invocation.memory_size(), None);
    assert_eq!(invocation.cold_start(), None);
    assert_eq!(invocation.deadline(), None);
    assert_eq!(invocation.remaining(), None);
}

#[test]
fn the_sentence_that_the_runtime_puts_in_place_of_an_arn_is_no_arn() {
    let mut context = TestContext::new("r-1").build();
    context.invoked_function_arn = "No header lambda-runtime-invoked-function-arn found.".into();
    let invocation = started(LambdaEvent::new((), context), &host());
    assert_eq!(invocation.function_arn(), None);
}

#[test]
fn the_trace_id_of_the_environment_is_the_fall_back() {
    let host = host().with_env(Env::from_iter([(
        "_X_AMZN_TRACE_ID",
        "Root=1-env;Sampled=0",
    )]));
    let without = started(lambda_event("r-1", ()), &host);
    assert_eq!(without.xray_trace_id(), Some("1-env"));
    let with = started(
        TestContext::new("r-2")
            .xray_header("Root=1-context")
            .event(()),
        &host,
    );
    assert_eq!(with.xray_trace_id(), Some("1-context"));
}

#[test]
fn the_first_invocation_of_a_process_is_cold_for_all_levels_together() {
    let host = host();
    // Nobody outside Lambda uses the cold start up.
    started(http_request("/", ()), &host);
    assert_eq!(
        started(lambda_event("r-1", ()), &host).cold_start(),
        Some(true)
    );
    assert_eq!(
        started(lambda_invocation("r-2", "{}"), &host).cold_start(),
        Some(false)
    );
    assert_eq!(
        started(TestContext::new("r-3").http("/", ()), &host).cold_start(),
        Some(false)
    );
}

#[test]
fn a_deadline_past_on_arrival_is_unknown_and_one_that_passes_later_is_zero() {
    let time = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000));
    let host = host().with_clock(time.shared());
    let at = |seconds| {
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        started(TestContext::new("r").deadline(deadline).event(()), &host)
    };
    assert_eq!(at(0).remaining(), None);
    assert_eq!(at(999).remaining(), None);
    let invocation = at(1_010);
    assert_eq!(invocation.remaining(), Some(Duration::from_secs(10)));
    time.advance(Duration::from_secs(10));
    assert_eq!(invocation.remaining(), Some(Duration::ZERO));
    time.advance(Duration::from_secs(10));
    assert_eq!(invocation.remaining(), Some(Duration::ZERO));
}

#[test]
fn debug_shows_the_request_id_and_nothing_of_the_payload() {
    let context = TestContext::new("r-1").tenant_id("s3cret");
    let invocation = started(context.event("s3cret"), &host());
    assert_eq!(
        format!("{invocation:?}"),
        r#"Invocation { request_id: Some("r-1"), .. }"#
    );
}

// --- how it travels ---------------------------------------------------------------

/// Runs `handler` in an invocation with the id `r-1`.
async fn in_handler<F: Future<Output = ()> + 'static>(handler: impl Fn() -> F + 'static) {
    let service = service_fn(move |_: LambdaEvent<()>| {
        let handled = handler();
        async move {
            handled.await;
            Ok::<_, Infallible>(())
        }
    });
    let event = lambda_event("r-1", ());
    ProbeLayer::new(host())
        .layer(service)
        .oneshot(event)
        .await
        .unwrap();
}

fn current_id() -> Option<String> {
    Invocation::try_current()?
        .request_id()
        .map(ToOwned::to_owned)
}

const R1: Option<&str> = Some("r-1");

#[tokio::test]
async fn the_handler_and_joined_branches_find_the_invocation() {
    in_handler(|| async {
        assert_eq!(current_id().as_deref(), R1);
        let (a, b) = tokio::join!(async { current_id() }, async {
            tokio::task::yield_now().await;
            current_id()
        });
        assert_eq!(a.as_deref(), R1);
        assert_eq!(b.as_deref(), R1);
    })
    .await;
}

#[tokio::test]
async fn spawned_tasks_find_it_through_core() {
    in_handler(|| async {
        assert_eq!(
            powertools_core::spawn(async { current_id() })
                .await
                .unwrap()
                .as_deref(),
            R1
        );
        let blocking = powertools_core::spawn_blocking(current_id).await.unwrap();
        assert_eq!(blocking.as_deref(), R1);
        let mut set = tokio::task::JoinSet::new();
        set.spawn(async { current_id() }.in_invocation());
        assert_eq!(set.join_next().await.unwrap().unwrap().as_deref(), R1);
    })
    .await;
}

#[tokio::test]
async fn spawned_tasks_find_it_through_their_span() {
    in_handler(|| async {
        let task = tokio::spawn(async { current_id() }.instrument(tracing::info_span!("inner")));
        assert_eq!(task.await.unwrap().as_deref(), R1);
    })
    .await;
}

#[tokio::test]
async fn the_nearest_span_counts_and_not_the_root() {
    let worker = tracing::info_span!("worker");
    let found = async || {
        let task = async { current_id() }.instrument(tracing::info_span!("inner"));
        tokio::spawn(task).await.unwrap()
    };
    let nested = in_handler(move || async move {
        assert_eq!(found().await.as_deref(), R1);
        let inner = ProbeLayer::new(host()).layer(service_fn(async |_: LambdaEvent<()>| {
            Ok::<_, Infallible>(found().await)
        }));
        let inner = inner.oneshot(lambda_event("r-2", ())).await.unwrap();
        assert_eq!(inner.as_deref(), Some("r-2"));
    });
    nested.instrument(worker).await;
}

#[tokio::test]
async fn a_bare_spawn_loses_it_and_nothing_panics() {
    in_handler(|| async {
        let lost = tokio::spawn(async { (current_id(), Invocation::current()) });
        let (id, detached) = lost.await.unwrap();
        assert_eq!(id, None);
        assert_eq!(detached.request_id(), None);
    })
    .await;
}

#[tokio::test]
async fn outside_an_invocation_current_is_detached() {
    assert_eq!(Invocation::try_current(), None);
    assert_ne!(Invocation::current(), Invocation::current());
    assert_eq!(
        powertools_core::spawn(async { current_id() })
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn http_requests_carry_it_in_their_extensions() {
    let service = service_fn(|request: Request<()>| async move {
        let carried = request.extensions().get::<Invocation>().cloned();
        assert_eq!(carried, Invocation::try_current());
        Ok::<_, Infallible>(Response::new(()))
    });
    let request = TestContext::new("r-1").http("/", ());
    ProbeLayer::new(host())
        .layer(service)
        .oneshot(request)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_inner_service_in_another_task_joins_through_the_extensions() {
    // Without spans, which the buffer would take along.
    let _no_spans = tracing::subscriber::set_default(NoSubscriber::default());
    let probe = ProbeLayer::new(host());
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .buffer::<Request<()>>(1)
        .layer(probe.clone())
        .service(service_fn(async |_: Request<()>| {
            Ok::<_, BoxError>(Response::new(()))
        }));
    service
        .oneshot(TestContext::new("r-1").http("/", ()))
        .await
        .unwrap();
    let events = probe.events();
    let [
        ProbeEvent::Started(outer),
        ProbeEvent::Started(inner),
        ProbeEvent::Finished(inner_end, Outcome::Ok),
        ProbeEvent::Finished(outer_end, Outcome::Ok),
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert!(
        [inner, inner_end, outer_end]
            .into_iter()
            .all(|invocation| invocation == outer)
    );
}

/// The ids of the invocations that two stacked probes, and a call nested in their
/// handler, have started or joined.
async fn nested(request_id: &'static str) -> Vec<Invocation> {
    let probe = ProbeLayer::new(host());
    let inner = probe.layer(service_fn(async |_: LambdaEvent<()>| {
        Ok::<_, Infallible>(())
    }));
    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(probe.clone())
        .service_fn(move |_: LambdaEvent<()>| inner.clone().oneshot(lambda_event(request_id, ())));
    service.oneshot(lambda_event("r-1", ())).await.unwrap();
    let started = |event| match event {
        ProbeEvent::Started(invocation) => Some(invocation),
        _ => None,
    };
    probe.events().into_iter().filter_map(started).collect()
}

#[tokio::test]
async fn a_nested_call_joins_if_its_request_id_is_equal_or_absent() {
    for id in ["r-1", ""] {
        let [outer, middle, inner] = nested(id).await.try_into().unwrap();
        assert_eq!(outer, middle);
        assert_eq!(outer, inner, "{id:?}");
    }
}

#[tokio::test]
async fn a_nested_call_with_another_request_id_starts_its_own() {
    let [outer, middle, inner] = nested("r-2").await.try_into().unwrap();
    assert_eq!(outer, middle);
    assert_eq!(inner.request_id(), Some("r-2"));
}

#[tokio::test]
async fn nothing_joins_an_invocation_that_has_ended() {
    let probe = ProbeLayer::new(host());
    let late = probe.layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(()))
    }));
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let mut ended = Some(ended);
    let mut service = probe.clone().layer(service_fn(move |_: LambdaEvent<()>| {
        let (late, ended) = (late.clone(), ended.take().unwrap());
        let task = powertools_core::spawn(async move {
            ended.await.unwrap();
            // A line of it would still find the ids.
            assert_eq!(current_id().as_deref(), R1);
            late.oneshot(http_request("/", ())).await.unwrap();
        });
        async { Ok::<_, Infallible>(task) }
    }));
    let task = tower::Service::call(&mut service, lambda_event("r-1", ()))
        .await
        .unwrap();
    end.send(()).unwrap();
    task.await.unwrap();
    let ids: Vec<_> = probe.events().iter().map(id_of).collect();
    assert_eq!(
        ids,
        [Some("r-1".to_owned()), Some("r-1".to_owned()), None, None]
    );
}

// --- how it ends ------------------------------------------------------------------

#[tokio::test]
async fn the_outcome_of_an_event_is_ok_or_fault() {
    let probe = ProbeLayer::new(host());
    let service = probe.layer(service_fn(async |event: LambdaEvent<bool>| {
        if event.payload {
            Ok("fine")
        } else {
            Err("failed")
        }
    }));
    assert_eq!(
        service.clone().oneshot(lambda_event("1", true)).await,
        Ok("fine")
    );
    assert_eq!(
        service.oneshot(lambda_event("2", false)).await,
        Err("failed")
    );
    assert_eq!(probe.outcomes(), [Outcome::Ok, Outcome::Fault]);
    let events = probe.events();
    let ProbeEvent::Finished(invocation, _) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(invocation.outcome(), Some(Outcome::Ok));
}

#[tokio::test]
async fn a_5xx_response_is_a_fault_and_a_4xx_is_not() {
    let probe = ProbeLayer::new(host());
    let service = probe.layer(service_fn(async |request: Request<u16>| {
        Ok::<_, Infallible>(
            Response::builder()
                .status(*request.body())
                .body(())
                .unwrap(),
        )
    }));
    for status in [200, 404, 499, 500, 503] {
        service
            .clone()
            .oneshot(http_request("/", status))
            .await
            .unwrap();
    }
    use Outcome::{Fault, Ok as Fine};
    assert_eq!(probe.outcomes(), [Fine, Fine, Fine, Fault, Fault]);
}

#[tokio::test]
async fn the_runtime_level_cannot_tell_and_does_not_overrule() {
    let outer = ProbeLayer::new(host());
    let inner = outer.layer(service_fn(async |_: LambdaEvent<()>| {
        Err::<(), _>("failed")
    }));
    let service = outer.layer(service_fn(move |invocation: LambdaInvocation| {
        let inner = inner.clone();
        async move {
            // As the runtime does: the error has been posted.
            let _ = inner
                .oneshot(LambdaEvent::new((), invocation.context))
                .await;
            Ok::<_, Infallible>(())
        }
    }));
    service
        .oneshot(lambda_invocation("r-1", "{}"))
        .await
        .unwrap();
    assert_eq!(outer.outcomes(), [Outcome::Fault, Outcome::Unknown]);
    let events = outer.events();
    let Some(ProbeEvent::Finished(invocation, _)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(invocation.outcome(), Some(Outcome::Fault));
}

#[tokio::test]
async fn a_record_belongs_to_the_invocation_of_its_batch() {
    let probe = ProbeLayer::new(host());
    let records = probe.layer(service_fn(async |record: Record<u32>| {
        if *record == 2 {
            Err("bad record")
        } else {
            Ok(())
        }
    }));
    let service = probe.layer(service_fn(move |event: LambdaEvent<Vec<u32>>| {
        let records = records.clone();
        async move {
            for record in Record::batch(event.payload) {
                let _ = records.clone().oneshot(record).await;
            }
            Ok::<_, Infallible>(())
        }
    }));
    service
        .oneshot(lambda_event("r-1", vec![1, 2]))
        .await
        .unwrap();
    assert_eq!(probe.outcomes(), [Outcome::Ok, Outcome::Fault, Outcome::Ok]);
    let ids: Vec<_> = probe.events().iter().map(id_of).collect();
    assert!(ids.iter().all(|id| id.as_deref() == R1), "{ids:?}");
}

fn id_of(event: &ProbeEvent) -> Option<String> {
    match event {
        ProbeEvent::Started(invocation)
        | ProbeEvent::FlushedEarly(invocation, _)
        | ProbeEvent::Finished(invocation, _) => invocation.request_id().map(ToOwned::to_owned),
        _ => None,
    }
}

#[tokio::test]
async fn the_inner_future_is_dropped_inside_the_invocation_and_before_the_finish() {
    struct OnDrop(Arc<Mutex<Vec<Option<String>>>>, ProbeLayer);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            assert!(self.1.outcomes().is_empty());
            self.0.lock().unwrap().push(current_id());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let probe = ProbeLayer::new(host());
    let mut service = {
        let (seen, probe) = (Arc::clone(&seen), probe.clone());
        probe.clone().layer(service_fn(move |_: LambdaEvent<()>| {
            let kept = OnDrop(Arc::clone(&seen), probe.clone());
            async move {
                let _kept = kept;
                std::future::pending::<Result<(), Infallible>>().await
            }
        }))
    };
    drop(tower::Service::call(&mut service, lambda_event("r-1", ())));
    assert_eq!(*seen.lock().unwrap(), [Some("r-1".to_owned())]);
    assert_eq!(probe.outcomes(), [Outcome::Cancelled]);
}

#[tokio::test]
async fn a_ready_future_is_dropped_before_the_finish() {
    struct Ready(ProbeLayer);
    impl Future for Ready {
        type Output = Result<(), Infallible>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    impl Drop for Ready {
        fn drop(&mut self) {
            assert_eq!(current_id().as_deref(), R1);
            assert!(self.0.outcomes().is_empty());
        }
    }
    let probe = ProbeLayer::new(host());
    let inner = probe.clone();
    let service = probe.layer(service_fn(move |_: LambdaEvent<()>| Ready(inner.clone())));
    service.oneshot(lambda_event("r-1", ())).await.unwrap();
    assert_eq!(probe.outcomes(), [Outcome::Ok]);
}

#[tokio::test]
async fn a_panic_in_call_or_poll_is_recorded_while_it_unwinds() {
    let probe = ProbeLayer::new(host());
    let in_call = probe.layer(service_fn(
        |_: LambdaEvent<()>| -> std::future::Ready<Result<(), Infallible>> { panic!("in call") },
    ));
    let in_poll = probe.layer(service_fn(
        async |_: LambdaEvent<()>| -> Result<(), Infallible> { panic!("in poll") },
    ));
    assert!(
        tokio::spawn(in_call.oneshot(lambda_event("1", ())))
            .await
            .unwrap_err()
            .is_panic()
    );
    assert!(
        tokio::spawn(in_poll.oneshot(lambda_event("2", ())))
            .await
            .unwrap_err()
            .is_panic()
    );
    assert_eq!(probe.outcomes(), [Outcome::Panic, Outcome::Panic]);
}

#[tokio::test]
async fn a_panicking_observer_never_replaces_the_answer() {
    use powertools_core::{InvocationScope, Observer};
    struct Panics;
    impl Observer for Panics {
        fn finish(self, _: &Invocation, _: Outcome) {
            panic!("at the end")
        }
    }
    let mut fine = service_fn(async |_: LambdaEvent<()>| Ok::<_, Infallible>("answer"));
    let mut event = lambda_event("1", ());
    let scope = InvocationScope::begin(&host(), &mut event);
    assert_eq!(scope.call(&mut fine, event, Panics).await, Ok("answer"));

    // Also while another panic unwinds: the process lives.
    let panics = tokio::spawn(async {
        let mut failing =
            service_fn(async |_: LambdaEvent<()>| -> Result<(), Infallible> { panic!("handler") });
        let mut event = lambda_event("2", ());
        let scope = InvocationScope::begin(&host(), &mut event);
        scope.call(&mut failing, event, Panics).await
    });
    let panic = panics.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"handler"));
}

// --- small parts ------------------------------------------------------------------

#[test]
fn a_layer_error_forwards_what_is_inside() {
    type Failure = LayerError<&'static str, std::io::Error>;
    let inner: Failure = LayerError::Inner("handler failed");
    let own: Failure = LayerError::Layer(std::io::Error::other("layer failed"));
    assert_eq!(inner.as_inner(), Some(&"handler failed"));
    assert!(own.as_layer().is_some());
    assert_eq!(inner.to_string(), "handler failed");
    assert_eq!(own.to_string(), "layer failed");
    let diagnostic = Diagnostic::from(inner);
    assert_eq!(diagnostic.error_message, "handler failed");
    assert_eq!(diagnostic.error_type, Diagnostic::from("x").error_type);
    assert!(BoxError::from(own).is::<std::io::Error>());
}

#[tokio::test]
async fn a_layer_error_fits_tower_and_the_runtime() {
    fn takes_handlers<S>(_: &S)
    where
        S: tower::Service<LambdaEvent<()>, Response = ()>,
        S::Error: Into<Diagnostic> + std::fmt::Debug,
    {
    }
    let handler = || {
        service_fn(async |_: LambdaEvent<()>| {
            Err::<(), LayerError<&str, &str>>(LayerError::Layer("no"))
        })
    };
    takes_handlers(&handler());
    let timed = ServiceBuilder::new()
        .timeout(Duration::from_secs(1))
        .service(handler());
    let error = timed.oneshot(lambda_event("1", ())).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
}

#[test]
fn no_extract_extracts_nothing() {
    assert_eq!(NoExtract.extract(&lambda_event("1", ())), None);
}

#[test]
fn random_units_are_spread_over_zero_to_one() {
    assert_eq!(FixedRandom::shared(0).unit(), 0.0);
    let most = FixedRandom::shared(255).unit();
    assert!(most < 1.0 && most > 0.999, "{most}");
    let random = SharedRandom::default();
    assert_ne!(random.unit().to_bits(), random.unit().to_bits());
}

#[test]
fn lines_are_written_whole() {
    let output = CapturedOutput::default();
    let writer: SharedWriter = output.writer();
    writer.write_line(b"{\"a\":1}\n").unwrap();
    writer.clone().write_line(b"{\"a\":2}\n").unwrap();
    assert_eq!(output.text(), "{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(output.json()[1]["a"], 2);
}

#[test]
fn without_a_subscriber_the_task_still_finds_it() {
    tracing::subscriber::with_default(NoSubscriber::default(), || {
        assert_eq!(Invocation::try_current(), None);
        let invocation = started(lambda_event("r-1", ()), &host());
        assert_eq!(invocation.enter(current_id).as_deref(), R1);
    });
}
