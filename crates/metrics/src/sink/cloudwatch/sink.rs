use std::{fmt, sync::Arc, time::Duration};

use tokio::time;

use super::{
    report::{DropReason, FlushReport},
    shared::Shared,
};
use crate::{Blob, MetricsError, MetricsSink};

/// The task keeps the time limit of a shutdown; who waits for it gives up later.
const GRACE: Duration = Duration::from_secs(1);

/// Sends metrics to CloudWatch with `PutMetricData`, for processes whose standard output is
/// not CloudWatch Logs. In a Lambda function EMF, the default, is the better choice.
///
/// Values wait in a bounded buffer, those of a metric and period as one datum. A task of its
/// own sends them every ten seconds, and as soon as a request is full. Clones are handles of
/// the same sink.
///
/// # Example
///
/// ```no_run
/// use powertools_metrics::{CloudWatchSink, MetricsLayer};
///
/// # async fn serve(_: MetricsLayer) {}
/// # async fn main_of(client: aws_sdk_cloudwatch::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let sink = CloudWatchSink::start(client)?;
/// let metrics = MetricsLayer::builder()
///     .namespace("shop")
///     .sink(sink.clone())
///     .build()?;
///
/// serve(metrics).await;
///
/// let report = sink.shutdown().await;
/// println!("{report:?}, {} sent and {} lost in all", sink.sent(), sink.dropped());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// What finds no room, what CloudWatch refuses, what is too old, and what could not be sent in
/// time is dropped, counted in [`dropped`](Self::dropped), and warned of by the task, each
/// reason at most once a minute. After the [shutdown](Self::shutdown), or when the task has
/// ended otherwise, nothing is taken: a flush of the metrics is an error then, and what an
/// invocation leaves is counted in [`Metrics::lost`](crate::Metrics::lost).
///
/// # Concurrency
///
/// Recording takes a short lock and does no I/O. Requests go out one after the other.
///
/// # Cost
///
/// Each dimension set of each metric is one custom metric that CloudWatch bills, and each
/// request is one that it bills too.
#[derive(Clone)]
pub struct CloudWatchSink {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    flush_timeout: Duration,
}

impl CloudWatchSink {
    pub(super) fn new(shared: Arc<Shared>, flush_timeout: Duration) -> Self {
        let handle = Handle {
            shared,
            flush_timeout,
        };
        Self {
            handle: Arc::new(handle),
        }
    }

    /// Sends everything that was recorded before, and says what became of it. It returns when
    /// that is done, or after the [time limit](crate::CloudWatchSinkBuilder::flush_timeout); what
    /// still waits by then is sent later.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with a timer.
    pub async fn flush(&self) -> FlushReport {
        let limit = self.handle.flush_timeout;
        self.wait_for(Shared::order_flush, limit).await
    }

    /// Takes nothing any more, sends everything, and ends the task. What could not be sent
    /// within the [time limit](crate::CloudWatchSinkBuilder::flush_timeout) is dropped. Where the
    /// runtime of the task does not run, this returns a second later, and the values are still
    /// pending.
    ///
    /// When the last handle is dropped, the same happens in the background, as far as the
    /// runtime lives on; at the end of `main` it does not.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with a timer.
    pub async fn shutdown(&self) -> FlushReport {
        let limit = self.handle.flush_timeout;
        self.wait_for(|shared| shared.order_close(limit), limit + GRACE)
            .await
    }

    /// Waits for SIGTERM, then flushes.
    ///
    /// From its first poll on the signal no longer ends the process by itself: whoever waits
    /// for this has to. It fits where a server asks when to stop; what is recorded while it
    /// stops is sent by [`shutdown`](Self::shutdown).
    ///
    /// # Errors
    ///
    /// The system does not let the process listen for the signal.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with a timer and I/O.
    #[cfg(unix)]
    pub async fn flush_on_sigterm(&self) -> std::io::Result<FlushReport> {
        use tokio::signal::unix::{SignalKind, signal};

        signal(SignalKind::terminate())?.recv().await;
        Ok(self.flush().await)
    }

    /// How many values CloudWatch has taken.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.handle.shared.ledger().sent()
    }

    /// How many values wait, or are under way.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.handle.shared.ledger().pending()
    }

    /// How many values were dropped, for all reasons. As everywhere here, a value counts once
    /// for each dimension set that it belongs to.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.handle.shared.ledger().dropped()
    }

    /// How many values were dropped for this reason.
    #[must_use]
    pub fn dropped_because(&self, reason: DropReason) -> u64 {
        self.handle.shared.ledger().dropped_because(reason)
    }

    /// Gives an order, and waits until it is carried out.
    async fn wait_for(&self, order: impl FnOnce(&Shared) -> u64, limit: Duration) -> FlushReport {
        let shared = &self.handle.shared;
        let mut done = shared.done.subscribe();
        let before = shared.now();
        let number = order(shared);
        let carried_out = done.wait_for(|last| *last >= number);
        // Of these results one is of the time limit, one of the sender, which is in `shared`.
        let _ = time::timeout(limit, carried_out).await;
        shared.report(&before)
    }
}

impl MetricsSink for CloudWatchSink {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        self.handle.shared.emit(blob)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.order_close(self.flush_timeout);
    }
}

impl fmt::Debug for CloudWatchSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatchSink")
            .field("sent", &self.sent())
            .field("pending", &self.pending())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
