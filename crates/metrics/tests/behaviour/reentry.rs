//! Code of others that is called while metrics are recorded or written, and comes back.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use powertools_metrics::{
    Blob, Metrics, MetricsError, MetricsErrorKind, MetricsSink, Unit, test_util::CapturedMetrics,
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

use crate::support::{Output, bed, builder, kind, moment};

#[tokio::test]
async fn a_sink_that_records_is_refused_and_does_not_wait_for_itself() {
    #[derive(Clone, Default)]
    struct Records {
        captured: CapturedMetrics,
        own: Arc<Mutex<Vec<MetricsErrorKind>>>,
    }
    impl MetricsSink for Records {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            let metrics = Metrics::current();
            let mut own = self.own.lock().unwrap();
            own.push(kind(metrics.try_add("own", Unit::Count, 1)));
            own.push(kind(metrics.flush()));
            own.push(kind(metrics.serialize()));
            metrics.add("own", Unit::Count, 1);
            self.captured.emit(blob)
        }
    }
    let sink = Records::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.run(async |metrics| {
        metrics.add("m", Unit::Count, 1);
        metrics.flush().unwrap();
        assert_eq!(*sink.own.lock().unwrap(), [MetricsErrorKind::Sink; 3]);
        assert_eq!(metrics.refused(), 1);
        metrics.add("m", Unit::Count, 2);
        metrics.flush().unwrap();
    })
    .await;
    assert_eq!(sink.captured.names(), ["m"]);
    assert_eq!(sink.captured.metric("m").values(), [1.0, 2.0]);
}

/// Records a metric for each warning.
struct Counts;

impl<S: Subscriber> Layer<S> for Counts {
    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        Metrics::current().add("Warnings", Unit::Count, 1);
    }
}

#[test]
fn a_subscriber_that_records_does_not_wait_for_itself() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let output = Output::default();
        let bed = bed(builder().output(output.writer()));
        let subscriber = tracing::subscriber::set_default(Registry::default().with(Counts));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(bed.run(async |metrics| {
            metrics.set_timestamp(moment() - Duration::from_secs(15 * 24 * 60 * 60));
            metrics.add("a", Unit::Count, 1);
            metrics.add("a", Unit::Seconds, 1);
            metrics.add("", Unit::Count, 1);
            metrics.add_dimension("d", "1");
            metrics.add_dimension("d", "2");
            metrics.add_dimensions([("e", "")]);
            metrics.add_metadata("_aws", 1);
            metrics.flush().unwrap();
            metrics.flush().unwrap();
        }));
        drop(subscriber);
        done.send(bed.output.samples().len()).unwrap();
    });
    // It waits for ever where it waits for itself.
    let values = ended.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(values > 6, "{values}");
}

#[tokio::test]
async fn a_sink_whose_check_of_names_records_or_panics_refuses_the_name() {
    #[derive(Clone, Default)]
    struct Checks(CapturedMetrics);
    impl MetricsSink for Checks {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            self.0.emit(blob)
        }
        fn check_name(&self, name: &str) -> Result<(), MetricsError> {
            assert_ne!(name, "panics", "on purpose");
            Metrics::current().try_add(&format!("{name} of {name}"), Unit::Count, 1)
        }
    }
    let sink = Checks::default();
    let bed = bed(builder().sink(sink.clone()));
    bed.run(async |metrics| {
        for name in ["records", "panics"] {
            let refused = metrics.try_add(name, Unit::Count, 1);
            assert_eq!(kind(refused), MetricsErrorKind::Sink, "{name}");
            let scope = metrics.with_dimensions([("scope", "s")]);
            let refused = scope.try_add(name, Unit::Count, 1);
            assert_eq!(kind(refused), MetricsErrorKind::Sink, "{name}");
        }
        // The thread is as it was.
        assert_eq!(metrics.serialize(), Ok(String::new()));
    })
    .await;
    assert!(sink.0.is_empty());
}

#[test]
fn a_sink_that_panics_over_a_dimension_takes_it_all_the_same() {
    struct Panics(CapturedMetrics);
    impl MetricsSink for Panics {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            self.0.emit(blob)
        }
        fn warn_of_dimension(&self, _: &str, _: &str) -> Option<&'static str> {
            panic!("on purpose")
        }
    }
    let captured = CapturedMetrics::default();
    let bed = bed(builder().sink(Panics(captured.clone())));
    let metrics = bed.layer.metrics();
    metrics.add_dimension("d", "v");
    metrics.add("m", Unit::Count, 1);
    metrics
        .with_dimensions([("e", "w")])
        .add("m", Unit::Count, 2);
    metrics.flush().unwrap();
    let values = captured.metric("m").with_dimension("d", "v");
    assert_eq!(values.values(), [1.0, 2.0]);
    assert_eq!(values.with_dimension("e", "w").values(), [2.0]);
}

#[test]
fn what_is_dropped_inside_of_a_sink_is_counted_as_lost() {
    #[derive(Clone, Default)]
    struct Drops {
        captured: CapturedMetrics,
        held: Arc<Mutex<Option<Metrics>>>,
    }
    impl MetricsSink for Drops {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            drop(self.held.lock().unwrap().take());
            self.captured.emit(blob)
        }
    }
    let sink = Drops::default();
    let bed = bed(builder().sink(sink.clone()));
    let held = bed.layer.ephemeral_metrics();
    held.add("a", Unit::Count, 1);
    held.add("a", Unit::Count, 2);
    held.add("b", Unit::Count, 3);
    *sink.held.lock().unwrap() = Some(held);
    let metrics = bed.layer.metrics();
    metrics.add("m", Unit::Count, 1);
    metrics.flush().unwrap();
    assert_eq!(sink.captured.names(), ["m"]);
    assert_eq!((metrics.lost(), &*bed.warnings.only()["lost"]), (3, "3"));
}

#[test]
fn a_sink_that_calls_a_service_of_its_invocation_does_not_wait_for_itself() {
    use std::convert::Infallible;

    use futures_util::FutureExt;
    use lambda_runtime::LambdaEvent;
    use powertools_core::test_util::TestContext;
    use powertools_metrics::MetricsLayer;
    use tower::{Layer, ServiceExt, service_fn};

    #[derive(Clone, Default)]
    struct Calls {
        captured: CapturedMetrics,
        layer: Arc<Mutex<Option<MetricsLayer>>>,
    }
    impl MetricsSink for Calls {
        fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
            let Some(layer) = self.layer.lock().unwrap().take() else {
                return self.captured.emit(blob);
            };
            let inner = service_fn(async |_: LambdaEvent<()>| Ok::<_, Infallible>(()));
            let call = layer
                .layer(inner)
                .oneshot(TestContext::new("r-1").event(()));
            call.now_or_never().unwrap().unwrap();
            self.captured.emit(blob)
        }
    }
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let sink = Calls::default();
        let bed = bed(builder().sink(sink.clone()));
        let mut event = TestContext::new("r-1").event(());
        let scope = powertools_core::InvocationScope::begin(&crate::support::host([]), &mut event);
        let mut outer = service_fn(|_: LambdaEvent<()>| {
            let (bed, sink) = (&bed, &sink);
            async move {
                let mut taken = None;
                bed.run(async |metrics| taken = Some(metrics)).await;
                *sink.layer.lock().unwrap() = Some(bed.layer.clone());
                // It comes late, so the sink is called at once.
                taken.unwrap().add("late", Unit::Count, 1);
                Ok::<_, Infallible>(())
            }
        });
        let call = scope.call(&mut outer, event, ());
        call.now_or_never().unwrap().unwrap();
        done.send(sink.captured.metric("late").values()).unwrap();
    });
    // It waits for ever where it waits for itself.
    let values = ended.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(values, [1.0]);
}
