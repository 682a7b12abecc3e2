#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod endpoints;
mod error;
mod event;
mod front;
mod gateway;
mod header;
mod id;
mod invoke;
mod notice;
mod plan;
mod process;
mod queue;
mod runtime_api;
mod signal;
mod streaming;

pub use error::LocalError;
pub use event::EventFormat;
pub use front::{Front, RunningFront};
pub use invoke::{Invoke, Reply, StreamError};
pub use process::{Exit, FunctionProcess, FunctionProcessBuilder};
pub use runtime_api::RuntimeApi;
