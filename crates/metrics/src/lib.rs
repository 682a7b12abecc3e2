#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod blob;
mod chains;
mod collector;
mod config;
mod dimensions;
mod emf;
mod error;
mod future;
mod group;
mod layer;
mod metrics;
mod pairs;
mod part;
mod places;
mod requests;
mod resolution;
#[cfg(feature = "axum")]
mod route;
mod routes;
mod rules;
mod scope;
mod series;
mod service;
mod set;
mod settings;
mod shared;
mod single;
mod sink;
mod state;
mod target;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod text;
mod unit;
mod value;

pub use blob::{Blob, DimensionSet, Metric};
pub use config::MetricsBuilder;
pub use error::{MetricsConfigError, MetricsError, MetricsErrorKind};
pub use future::ResponseFuture;
pub use layer::MetricsLayer;
pub use metrics::Metrics;
pub use resolution::Resolution;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use route::{Route, RouteLayer};
pub use scope::MetricsScope;
pub use service::MetricsService;
pub use single::SingleMetric;
#[cfg(feature = "cloudwatch")]
#[cfg_attr(docsrs, doc(cfg(feature = "cloudwatch")))]
pub use sink::{
    CloudWatchConfigError, CloudWatchSink, CloudWatchSinkBuilder, DropReason, FlushReport,
    PutFailure,
};
pub use sink::{DatadogSink, MetricsSink};
pub use unit::Unit;
pub use value::MetricValue;
