//! Simulated event sources: SQS queues, Kinesis and DynamoDB streams, each with the event source
//! mapping that calls a function with batches and redelivers by Lambda's rules.
//!
//! A source is a state machine without a clock: take a batch with
//! [`EventSource::next_batch`], say how the invocation ended with [`EventSource::complete`],
//! move the time with [`EventSource::advance`]. [`Driver`] does all three around an async
//! function. Time 0 is 2024-01-01T00:00:00Z. The [`Log`] knows what was delivered when, what
//! became of each message, and whether that was right.

mod answer;
mod check;
mod drive;
mod envelope;
mod error;
mod event_source;
mod log;
mod outcome;
mod sqs;
mod stream;
mod time;

pub use answer::{Cause, Undocumented};
pub use drive::Driver;
pub use error::SourceConfigError;
pub use event_source::{Batch, EventSource};
pub use log::{BatchResult, DeliveredItem, Delivery, Fate, Log};
pub use outcome::Outcome;
pub use sqs::{MessageAttribute, SqsBuilder, SqsMessage, SqsSource};
pub use stream::{
    DynamoDbRecord, DynamoDbSource, KinesisRecord, KinesisSource, StreamBuilder, StreamRecord,
    StreamSource,
};
