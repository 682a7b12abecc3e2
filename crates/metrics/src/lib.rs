#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod blob;
mod collector;
mod config;
mod dimensions;
mod emf;
mod error;
mod future;
mod layer;
mod metrics;
mod pairs;
mod part;
mod requests;
mod resolution;
#[cfg(feature = "axum")]
mod route;
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
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
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
pub use sink::{DatadogSink, MetricsSink};
pub use unit::Unit;
pub use value::MetricValue;
