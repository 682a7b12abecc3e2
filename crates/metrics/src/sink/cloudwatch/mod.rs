//! Metrics by `PutMetricData`: what is thought in `key`, `buffer`, `batch` and `backoff`, what
//! is done in `worker` and `put`.

mod backoff;
mod batch;
mod buffer;
mod config;
mod failure;
mod key;
mod ledger;
mod put;
mod report;
mod shared;
mod sink;
#[cfg(test)]
mod tests;
mod worker;

pub use config::{CloudWatchConfigError, CloudWatchSinkBuilder};
pub use failure::PutFailure;
pub use report::{DropReason, FlushReport};
pub use sink::CloudWatchSink;
