#![doc = include_str!("../README.md")]

mod answer;
mod api_request;
mod arn;
mod body;
mod endpoints;
mod error;
mod event;
mod extension;
mod front;
mod gateway;
mod header;
mod id;
mod invoke;
mod notice;
mod plan;
mod process;
mod queue;
mod reply_stream;
mod runtime_api;
mod signal;
mod source;
mod streaming;

pub use api_request::ApiRequest;
pub use error::LocalError;
pub use event::EventFormat;
pub use extension::ShutdownReason;
pub use front::{Front, RunningFront};
pub use invoke::{Invoke, Reply, StreamError};
pub use process::{Exit, FunctionProcess, FunctionProcessBuilder};
pub use reply_stream::{ReplyStream, StreamEnd, Taken};
pub use runtime_api::RuntimeApi;
pub use streaming::StreamHead;
