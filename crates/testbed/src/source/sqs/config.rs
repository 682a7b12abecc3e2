//! The settings of a queue and of its event source mapping.

use std::time::Duration;

use crate::source::answer::Rules;

#[derive(Debug, Clone)]
pub(crate) struct SqsConfig {
    pub(crate) name: String,
    pub(crate) fifo: bool,
    pub(crate) batch_size: usize,
    pub(crate) batching_window: Duration,
    pub(crate) visibility_timeout: Duration,
    pub(crate) max_receive_count: Option<u32>,
    pub(crate) retention: Duration,
    pub(crate) rules: Rules,
    pub(crate) seed: Option<u64>,
}
