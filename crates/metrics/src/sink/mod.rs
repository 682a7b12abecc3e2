//! Where metrics go.

#[cfg(feature = "cloudwatch")]
mod cloudwatch;
mod datadog;
mod emf;
mod metrics_sink;

#[cfg(feature = "cloudwatch")]
pub use cloudwatch::{
    CloudWatchConfigError, CloudWatchSink, CloudWatchSinkBuilder, DropReason, FlushReport,
    PutFailure,
};
pub use datadog::DatadogSink;
pub(crate) use emf::EmfSink;
pub use metrics_sink::MetricsSink;
