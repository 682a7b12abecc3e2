//! What the tests share: a layer whose every line is held against the rules of EMF.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "each target uses a part; a test may panic"
)]

mod sinks;
mod warnings;

use std::{
    any::Any,
    cell::Cell,
    convert::Infallible,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    thread,
    time::{Duration, Instant, SystemTime},
};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    Clock, ColdStart, Env, Host, SharedClock, SharedWriter,
    test_util::{CapturedOutput, ManualClock, TestContext},
};
use powertools_metrics::{Metrics, MetricsBuilder, MetricsError, MetricsErrorKind, MetricsLayer};
use serde_json::Value;
pub(crate) use sinks::{Disk, FailingSink};
use testbed::check::emf::{Emf, EmfCheck, MetricKey, Samples};
use tower::{Layer, ServiceExt, service_fn};
pub(crate) use warnings::Warnings;

pub(crate) const NO_ENV: [(&str, &str); 0] = [];

/// The default of a line's bytes.
pub(crate) const MAX_LINE: usize = 256 * 1024;

/// 2023-11-14T22:13:20.500Z
pub(crate) const MILLIS: u64 = 1_700_000_000_500;

pub(crate) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(MILLIS)
}

/// Time stands still; no invocation is cold but the first.
pub(crate) fn host<const N: usize>(env: [(&str, &str); N]) -> Host {
    Host::default()
        .with_clock(ManualClock::at(moment()).shared())
        .with_cold_start(ColdStart::unused())
        .with_env(Env::from_iter(env))
}

/// The namespace `app` in an empty environment, without a service.
pub(crate) fn builder() -> MetricsBuilder {
    MetricsLayer::builder().host(host(NO_ENV)).namespace("app")
}

/// A layer that is given everything by these variables.
pub(crate) fn with_env<const N: usize>(env: [(&str, &str); N]) -> MetricsBuilder {
    MetricsLayer::builder().host(host(env))
}

/// A clock that moves with tokio's paused time.
#[derive(Debug)]
pub(crate) struct PausedClock {
    start: tokio::time::Instant,
}

impl PausedClock {
    /// It shows [`moment`] now.
    pub(crate) fn shared() -> SharedClock {
        SharedClock::new(Self {
            start: tokio::time::Instant::now(),
        })
    }
}

impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        moment() + self.start.elapsed()
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// Lines that are held against the strict checker when they are read, and when the test ends.
pub(crate) struct Output {
    captured: CapturedOutput,
    max_line: usize,
    /// So many bytes.
    checked: Cell<usize>,
}

impl Default for Output {
    fn default() -> Self {
        Self::limited(MAX_LINE)
    }
}

impl Output {
    /// With lines of at most so many bytes, newline included.
    pub(crate) fn limited(max_line: usize) -> Self {
        Self {
            captured: CapturedOutput::default(),
            max_line,
            checked: Cell::new(0),
        }
    }

    pub(crate) fn writer(&self) -> SharedWriter {
        self.captured.writer()
    }

    pub(crate) fn text(&self) -> String {
        self.captured.text()
    }

    pub(crate) fn json(&self) -> Vec<Value> {
        self.emf();
        self.captured.json()
    }

    /// What CloudWatch makes of the lines. Nothing else is in the output.
    pub(crate) fn emf(&self) -> Vec<Emf> {
        let text = self.text();
        let lines = checked(&text, self.max_line);
        self.checked.set(text.len());
        lines
    }

    pub(crate) fn samples(&self) -> Samples {
        self.emf().iter().collect()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !thread::panicking() && self.text().len() > self.checked.get() {
            self.emf();
        }
    }
}

/// Every line is one of EMF, ends with a newline, and keeps the rules and the limit.
pub(crate) fn checked(text: &str, max_line: usize) -> Vec<Emf> {
    let lines = EmfCheck::new().max_bytes(max_line - 1).assert_lines(text);
    assert_eq!(lines.len(), text.lines().count(), "{text}");
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    lines
}

/// A layer, its lines, and the warnings of this thread.
pub(crate) struct Bed {
    pub(crate) layer: MetricsLayer,
    pub(crate) output: Output,
    pub(crate) warnings: Warnings,
}

pub(crate) fn bed(builder: MetricsBuilder) -> Bed {
    bed_with(builder, Output::default())
}

/// With lines of at most so many bytes.
pub(crate) fn limited_bed(builder: MetricsBuilder, max_line: usize) -> Bed {
    bed_with(builder.max_line_bytes(max_line), Output::limited(max_line))
}

fn bed_with(builder: MetricsBuilder, output: Output) -> Bed {
    Bed {
        warnings: Warnings::install(),
        layer: builder.output(output.writer()).build().unwrap(),
        output,
    }
}

impl Bed {
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.output.json()
    }

    /// The only line.
    pub(crate) fn only(&self) -> Value {
        let [line] = self
            .lines()
            .try_into()
            .unwrap_or_else(|lines| panic!("{lines:#?}"));
        line
    }

    /// Calls a handler that records and answers, as the invocation `r-1`.
    pub(crate) async fn run(&self, record: impl AsyncFnOnce(Metrics)) {
        self.run_as(TestContext::new("r-1"), record).await;
    }

    pub(crate) async fn run_as(&self, context: TestContext, record: impl AsyncFnOnce(Metrics)) {
        self.answer(context, async |metrics| {
            record(metrics).await;
            Ok(())
        })
        .await
        .unwrap_or_else(|never: Infallible| match never {});
    }

    /// Calls a handler that answers or fails, as this invocation.
    pub(crate) async fn answer<T, E>(
        &self,
        context: TestContext,
        handler: impl AsyncFnOnce(Metrics) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: std::fmt::Debug + 'static,
        T: 'static,
    {
        let mut handler = Some(handler);
        let handler = service_fn(|_: LambdaEvent<()>| {
            let handler = handler.take().unwrap();
            async move { handler(Metrics::current()).await }
        });
        self.layer.layer(handler).oneshot(context.event(())).await
    }
}

/// What one invocation writes, in one line.
pub(crate) async fn line(builder: MetricsBuilder, record: impl AsyncFnOnce(Metrics)) -> Value {
    let bed = bed(builder);
    bed.run(record).await;
    bed.only()
}

/// What one invocation writes.
pub(crate) async fn lines(
    builder: MetricsBuilder,
    record: impl AsyncFnOnce(Metrics),
) -> Vec<Value> {
    let bed = bed(builder);
    bed.run(record).await;
    bed.lines()
}

/// The dimension sets of a line.
pub(crate) fn sets(line: &Value) -> &Value {
    &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
}

/// The definitions of a line's metrics.
pub(crate) fn metrics(line: &Value) -> &Value {
    &line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
}

/// The names of a line's members in their order, as they are written.
pub(crate) fn members(line: &str) -> Vec<String> {
    let emf = EmfCheck::new().assert(line);
    let root = emf.root().iter();
    root.map(|(name, _)| name.to_owned()).collect()
}

pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, MetricsError>) -> MetricsErrorKind {
    result.unwrap_err().kind()
}

/// A metric of the namespace `app` that counts, at [`moment`].
pub(crate) fn key<const N: usize>(dimensions: [(&str, &str); N], name: &str) -> MetricKey {
    MetricKey::new("app", dimensions, name)
        .with_unit("Count")
        .with_timestamp(MILLIS as i64)
}

/// Polls a future that may panic, as a runtime does.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
