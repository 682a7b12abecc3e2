//! A simulated SQS queue with its event source mapping.

mod builder;
mod config;
mod event;
mod message;
mod queue;

pub use builder::SqsBuilder;
pub use message::{MessageAttribute, SqsMessage};
pub use queue::SqsSource;
