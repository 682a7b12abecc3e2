#![doc = include_str!("README.md")]

mod builder;
mod claim;
mod connection;
mod error;
mod names;
mod retry;
mod scripts;
mod store;
mod wire;

pub use builder::RedisStoreBuilder;
pub use connection::RedisConnection;
pub use names::RedisConfigError;
pub use store::RedisStore;
