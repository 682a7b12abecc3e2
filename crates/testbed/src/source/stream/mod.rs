//! A simulated Kinesis or DynamoDB stream with its event source mapping.

mod builder;
mod config;
mod destination;
mod lane;
mod record;
mod source;
mod window;

pub use builder::StreamBuilder;
pub use record::{DynamoDbRecord, KinesisRecord, StreamRecord};
pub use source::{DynamoDbSource, KinesisSource, StreamSource};
