#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod buffer;
mod config;
mod correlation;
mod entry;
mod error;
mod event;
mod exception;
mod filter;
mod formatter;
mod future;
mod into_pieces;
mod json;
mod keys;
mod known_errors;
mod layer;
mod level;
mod line;
mod log_buffer;
mod out;
mod panic_hook;
mod part;
mod pick;
mod pieces;
mod runtime_span;
mod sampling;
mod scope;
mod service;
mod settings;
mod shield;
mod standard;
mod state;
mod subscriber;
mod targets;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod timestamp;
mod value;
mod whole_event;
mod write;

pub use config::LoggerBuilder;
pub use correlation::CorrelationIdPath;
pub use error::LoggerConfigError;
pub use formatter::{DatadogFormatter, LogFormatter, LogRecord};
pub use future::ResponseFuture;
pub use keys::{
    append_key, append_keys, clear_buffer, clear_state, correlation_id, count, flush_buffer,
    refresh_sampling, remove_keys, set_correlation_id,
};
pub use layer::LoggerLayer;
pub use log_buffer::LogBuffer;
pub use powertools_core::Secret;
pub use scope::{KeyScope, Keyed, WithKeys, append_context_keys};
pub use service::Logger;
pub use value::{Fields, Json, fields, json};
pub use whole_event::WholeEvent;
