#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod config;
mod error;
mod future;
mod json;
mod layer;
mod level;
mod line;
mod runtime_span;
mod service;
mod subscriber;

pub use config::LoggerBuilder;
pub use error::LoggerConfigError;
pub use future::ResponseFuture;
pub use layer::LoggerLayer;
pub use service::Logger;
