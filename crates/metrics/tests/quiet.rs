//! What is no reason for a warning or an error.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use powertools_core::{Env, Host, SharedWriter};
use powertools_metrics::{DatadogSink, MetricsBuilder, MetricsLayer, Unit};
use tracing::{Event, Metadata, Subscriber, dispatcher, span};

/// Counts warnings of the metrics.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicU32>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "powertools::metrics"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// How many warnings come while this runs.
fn warnings(run: impl FnOnce()) -> u32 {
    let warnings = Warnings::default();
    dispatcher::with_default(&dispatcher::Dispatch::new(warnings.clone()), run);
    warnings.0.load(Ordering::Relaxed)
}

fn builder(env: &[(&str, &str)]) -> MetricsBuilder {
    MetricsLayer::builder()
        .namespace("app")
        .output(SharedWriter::new(std::io::sink()))
        .host(Host::default().with_env(env.iter().copied().collect::<Env>()))
}

#[test]
fn an_empty_flush_is_quiet_while_metrics_are_off() {
    for (env, expected) in [
        (&[("POWERTOOLS_METRICS_DISABLED", "true")] as &[_], 0),
        (&[], 1),
    ] {
        let layer = builder(env).build().unwrap();
        let told = warnings(|| layer.metrics().flush().unwrap());
        assert_eq!(told, expected, "{env:?}");
    }
}

#[test]
fn limits_of_time_are_those_of_cloudwatch_alone() {
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(123);
    let datadog = DatadogSink::new(SharedWriter::new(std::io::sink()));
    for (builder, expected) in [(builder(&[]), 1), (builder(&[]).sink(datadog), 0)] {
        let layer = builder.build().unwrap();
        let told = warnings(|| {
            let metrics = layer.metrics();
            metrics.at(old).add("orders", Unit::Count, 1);
            metrics.flush().unwrap();
        });
        assert_eq!(told, expected);
    }
}
