//! Sets up a stream and its event source mapping.

use std::{marker::PhantomData, time::Duration};

use super::{config::StreamConfig, record::StreamRecord, source::StreamSource};
use crate::source::{
    answer::{Kind, Rules, Undocumented},
    error::SourceConfigError,
};

const MAX_AGE: Duration = Duration::from_secs(604_800);

impl<R: StreamRecord> StreamSource<R> {
    /// Sets up a stream.
    pub fn builder() -> StreamBuilder<R> {
        StreamBuilder::new()
    }
}

/// Sets up a [`StreamSource`].
#[derive(Debug, Clone)]
#[must_use]
pub struct StreamBuilder<R> {
    config: StreamConfig,
    record: PhantomData<fn(R)>,
}

impl<R: StreamRecord> StreamBuilder<R> {
    fn new() -> Self {
        Self {
            config: StreamConfig {
                shards: 1,
                batch_size: 100,
                batching_window: Duration::ZERO,
                parallelization_factor: 1,
                bisect: false,
                maximum_retry_attempts: None,
                maximum_record_age: None,
                on_failure_destination: false,
                tumbling_window: None,
                rules: Rules {
                    kind: Kind::Stream,
                    report_batch_item_failures: false,
                    undocumented: Undocumented::default(),
                },
            },
            record: PhantomData,
        }
    }

    /// How many shards the stream has; one if not set.
    pub fn shards(mut self, shards: usize) -> Self {
        self.config.shards = shards;
        self
    }

    /// How many records a batch may have; 100 if not set.
    pub fn batch_size(mut self, records: usize) -> Self {
        self.config.batch_size = records;
        self
    }

    /// How long to wait for a batch to fill up; not at all if not set.
    pub fn batching_window(mut self, window: Duration) -> Self {
        self.config.batching_window = window;
        self
    }

    /// How many batches of a shard may be in flight at once (`ParallelizationFactor`); one if
    /// not set. The order within a partition key is kept.
    pub fn parallelization_factor(mut self, batches: usize) -> Self {
        self.config.parallelization_factor = batches;
        self
    }

    /// Whether a batch that fails is halved (`BisectBatchOnFunctionError`); not if not set.
    pub fn bisect_batch_on_function_error(mut self, bisect: bool) -> Self {
        self.config.bisect = bisect;
        self
    }

    /// How many times a batch is tried again before it is given up; without end if not set.
    ///
    /// What is left of a batch keeps count: a partial answer uses up an attempt even if it makes
    /// progress, unless bisecting is on and it splits the batch. A batch of ten records whose
    /// answers get one record further each time needs nine retries.
    pub fn maximum_retry_attempts(mut self, attempts: u32) -> Self {
        self.config.maximum_retry_attempts = Some(attempts);
        self
    }

    /// How old a record may be before it is given up; any age if not set.
    pub fn maximum_record_age(mut self, age: Duration) -> Self {
        self.config.maximum_record_age = Some(age);
        self
    }

    /// Whether there is a destination that is told of what is given up; not if not set.
    pub fn on_failure_destination(mut self, destination: bool) -> Self {
        self.config.on_failure_destination = destination;
        self
    }

    /// Whether the answer is read at all (`ReportBatchItemFailures`); not if not set.
    pub fn report_batch_item_failures(mut self, report: bool) -> Self {
        self.config.rules.report_batch_item_failures = report;
        self
    }

    /// The length of the tumbling windows; there are none if not set.
    pub fn tumbling_window(mut self, window: Duration) -> Self {
        self.config.tumbling_window = Some(window).filter(|window| !window.is_zero());
        self
    }

    /// What to do with an answer that Lambda's documentation says nothing about.
    pub fn undocumented(mut self, undocumented: Undocumented) -> Self {
        self.config.rules.undocumented = undocumented;
        self
    }

    /// Makes the source.
    ///
    /// # Errors
    ///
    /// If Lambda would refuse a setting, or if it combines a tumbling window with a
    /// parallelization factor, which this simulator does not.
    pub fn build(self) -> Result<StreamSource<R>, SourceConfigError> {
        let config = self.config;
        let check = SourceConfigError::unless;
        check(config.shards >= 1, "a stream has at least one shard")?;
        check(
            (1..=10_000).contains(&config.batch_size),
            "a batch holds from 1 to 10,000 records",
        )?;
        check(
            config.batching_window <= Duration::from_secs(300),
            "a batching window lasts up to 300 seconds",
        )?;
        check(
            (1..=10).contains(&config.parallelization_factor),
            "a parallelization factor is from 1 to 10",
        )?;
        check(
            config.maximum_retry_attempts.is_none_or(|n| n <= 10_000),
            "a batch is tried again up to 10,000 times",
        )?;
        let minute = Duration::from_secs(60);
        check(
            config
                .maximum_record_age
                .is_none_or(|age| (minute..=MAX_AGE).contains(&age)),
            "a maximum record age is from 60 to 604,800 seconds",
        )?;
        let window = config.tumbling_window;
        check(
            window.is_none_or(|window| window <= Duration::from_secs(900)),
            "a tumbling window lasts up to 900 seconds",
        )?;
        check(
            window.is_none_or(|window| window.subsec_nanos() == 0),
            "a tumbling window lasts whole seconds",
        )?;
        check(
            window.is_none() || config.parallelization_factor == 1,
            "a tumbling window with a parallelization factor is not simulated",
        )?;
        Ok(StreamSource::new(config))
    }
}
