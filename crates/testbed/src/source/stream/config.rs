//! The settings of a stream and of its event source mapping.

use std::time::Duration;

use crate::source::answer::Rules;

#[derive(Debug, Clone)]
pub(crate) struct StreamConfig {
    pub(crate) shards: usize,
    pub(crate) batch_size: usize,
    pub(crate) batching_window: Duration,
    pub(crate) parallelization_factor: usize,
    pub(crate) bisect: bool,
    pub(crate) maximum_retry_attempts: Option<u32>,
    pub(crate) maximum_record_age: Option<Duration>,
    pub(crate) on_failure_destination: bool,
    pub(crate) tumbling_window: Option<Duration>,
    pub(crate) rules: Rules,
}
