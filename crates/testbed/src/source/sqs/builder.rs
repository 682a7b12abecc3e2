//! Sets up a queue and its event source mapping.

use std::time::Duration;

use super::{config::SqsConfig, queue::SqsSource};
use crate::source::{
    answer::{Kind, Rules, Undocumented},
    error::SourceConfigError,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl SqsSource {
    /// Sets up a standard queue.
    pub fn standard() -> SqsBuilder {
        SqsBuilder::new(false)
    }

    /// Sets up a FIFO queue.
    pub fn fifo() -> SqsBuilder {
        SqsBuilder::new(true)
    }
}

/// Sets up an [`SqsSource`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SqsBuilder {
    config: SqsConfig,
}

impl SqsBuilder {
    fn new(fifo: bool) -> Self {
        Self {
            config: SqsConfig {
                name: if fifo { "queue.fifo" } else { "queue" }.to_owned(),
                fifo,
                batch_size: 10,
                batching_window: Duration::ZERO,
                visibility_timeout: Duration::from_secs(30),
                max_receive_count: None,
                retention: Duration::from_secs(4 * DAY),
                rules: Rules {
                    kind: Kind::Queue,
                    report_batch_item_failures: false,
                    undocumented: Undocumented::default(),
                },
                seed: None,
            },
        }
    }

    /// The name at the end of the queue's ARN.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many messages a batch may have; 10 if not set.
    pub fn batch_size(mut self, messages: usize) -> Self {
        self.config.batch_size = messages;
        self
    }

    /// How long to wait for a batch to fill up; not at all if not set.
    pub fn batching_window(mut self, window: Duration) -> Self {
        self.config.batching_window = window;
        self
    }

    /// How long a message stays hidden after it was delivered; 30 seconds if not set.
    pub fn visibility_timeout(mut self, timeout: Duration) -> Self {
        self.config.visibility_timeout = timeout;
        self
    }

    /// How many deliveries a message gets before it moves to the dead-letter queue; if not set,
    /// there is no such queue.
    pub fn max_receive_count(mut self, deliveries: u32) -> Self {
        self.config.max_receive_count = Some(deliveries);
        self
    }

    /// How long the queue keeps a message; 4 days if not set.
    pub fn retention(mut self, period: Duration) -> Self {
        self.config.retention = period;
        self
    }

    /// Whether the answer is read at all (`ReportBatchItemFailures`); not if not set.
    pub fn report_batch_item_failures(mut self, report: bool) -> Self {
        self.config.rules.report_batch_item_failures = report;
        self
    }

    /// What to do with an answer that Lambda's documentation says nothing about.
    pub fn undocumented(mut self, undocumented: Undocumented) -> Self {
        self.config.rules.undocumented = undocumented;
        self
    }

    /// Draws the sizes of batches and the order of messages (of message groups, in a FIFO queue)
    /// by this seed. If not set, batches are as full as can be, and in the order of sending.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Makes the source.
    ///
    /// # Errors
    ///
    /// If Lambda or SQS would refuse a setting.
    pub fn build(self) -> Result<SqsSource, SourceConfigError> {
        let config = self.config;
        let seconds = Duration::from_secs;
        let check = SourceConfigError::unless;
        check(config.batch_size >= 1, "a batch holds at least one message")?;
        if config.fifo {
            check(
                config.batch_size <= 10,
                "a FIFO queue has batches of up to 10 messages",
            )?;
            check(
                config.batching_window.is_zero(),
                "a FIFO queue has no batching window",
            )?;
        } else {
            check(
                config.batch_size <= 10_000,
                "a batch holds up to 10,000 messages",
            )?;
            check(
                config.batch_size <= 10 || config.batching_window >= seconds(1),
                "more than 10 messages a batch need a batching window of a second or more",
            )?;
        }
        check(
            config.batching_window <= seconds(5 * MINUTE),
            "a batching window lasts up to 300 seconds",
        )?;
        check(
            (seconds(1)..=seconds(12 * HOUR)).contains(&config.visibility_timeout),
            "a visibility timeout lasts from 1 second to 12 hours",
        )?;
        check(
            config
                .max_receive_count
                .is_none_or(|n| (1..=1000).contains(&n)),
            "a redrive policy counts from 1 to 1,000 deliveries",
        )?;
        check(
            (seconds(MINUTE)..=seconds(14 * DAY)).contains(&config.retention),
            "a queue keeps messages from 60 seconds to 14 days",
        )?;
        Ok(SqsSource::new(config))
    }
}
