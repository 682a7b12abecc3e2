use std::{error::Error, fmt, sync::Arc, time::Duration};

use aws_sdk_cloudwatch::Client;
use powertools_core::Host;
use tokio::runtime::Handle;

use super::{
    put::CloudWatch,
    shared::Shared,
    sink::CloudWatchSink,
    worker::{Timing, Worker},
};

/// Longer times are as good as none: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Starts a [`CloudWatchSink`].
#[must_use = "a builder starts nothing until `start`"]
#[derive(Debug)]
pub struct CloudWatchSinkBuilder {
    client: Client,
    max_bytes: usize,
    timing: Timing,
    flush_timeout: Duration,
    host: Host,
}

impl CloudWatchSink {
    /// A sink with the default settings, its task on the Tokio runtime of the caller.
    ///
    /// # Errors
    ///
    /// There is no Tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime has no timer.
    pub fn start(client: Client) -> Result<Self, CloudWatchConfigError> {
        Self::builder(client).start()
    }

    /// Begins with the default settings. The client is used as it is.
    pub fn builder(client: Client) -> CloudWatchSinkBuilder {
        CloudWatchSinkBuilder {
            client,
            max_bytes: 8 * 1024 * 1024,
            timing: Timing {
                interval: Duration::from_secs(10),
                retry_for: Duration::from_secs(120),
            },
            flush_timeout: Duration::from_secs(10),
            host: Host::default(),
        }
    }
}

impl CloudWatchSinkBuilder {
    /// How often everything is sent; a full request is sent at once. Default: 10 s.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.timing.interval = interval;
        self
    }

    /// How much memory the values may take that wait, about. What comes beyond is dropped.
    /// The request that is under way is not counted. Default: 8 MiB.
    pub fn max_buffered_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// For how long a request is tried again that the service may take later, its halves
    /// together. Then its values are dropped. With zero it is tried once. Default: 2 minutes.
    pub fn retry_for(mut self, time: Duration) -> Self {
        self.timing.retry_for = time;
        self
    }

    /// How long [`CloudWatchSink::flush`], [`CloudWatchSink::shutdown`] and
    /// [`CloudWatchSink::flush_on_sigterm`] take at most, each. Who does one after the other
    /// needs twice the time, which should be less than what the platform gives after SIGTERM.
    /// Default: 10 s.
    pub fn flush_timeout(mut self, time: Duration) -> Self {
        self.flush_timeout = time;
        self
    }

    /// Environment, clock and randomness. Default: the process's own.
    pub fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Starts the task that sends, on the Tokio runtime of the caller.
    ///
    /// # Errors
    ///
    /// There is no Tokio runtime, or the interval is zero.
    ///
    /// # Panics
    ///
    /// If the runtime has no timer.
    pub fn start(self) -> Result<CloudWatchSink, CloudWatchConfigError> {
        if self.timing.interval.is_zero() {
            return Err(CloudWatchConfigError(What::Interval));
        }
        let runtime = Handle::try_current().map_err(|_| CloudWatchConfigError(What::Runtime))?;
        // Clocks end somewhere.
        let timing = Timing {
            interval: self.timing.interval.min(LONGEST),
            retry_for: self.timing.retry_for.min(LONGEST),
        };
        let shared = Arc::new(Shared::new(self.max_bytes, self.host.clock().clone()));
        let worker = Worker::new(
            Arc::clone(&shared),
            CloudWatch::new(self.client, self.host.env()),
            timing,
            self.host.random().clone(),
        );
        runtime.spawn(worker.run());
        Ok(CloudWatchSink::new(shared, self.flush_timeout.min(LONGEST)))
    }
}

/// Why a [`CloudWatchSink`] could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudWatchConfigError(What);

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Runtime,
    Interval,
}

impl fmt::Display for CloudWatchConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            What::Runtime => "a CloudWatchSink must be started on a Tokio runtime",
            What::Interval => "flush_interval must not be zero",
        })
    }
}

impl Error for CloudWatchConfigError {}
