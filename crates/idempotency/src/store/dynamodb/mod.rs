#![doc = include_str!("README.md")]

mod attributes;
mod config;
mod expressions;
mod failure;
mod native;
mod retry;
mod row;
mod size;
mod store;
mod user_agent;

pub use config::{DynamoDbConfigError, DynamoDbStoreBuilder};
pub use failure::DynamoDbError;
pub use row::InvalidAttribute;
pub use store::DynamoDbStore;
