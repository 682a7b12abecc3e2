#![doc = include_str!("../README.md")]

mod app;
mod greeting;

pub use app::{Function, function, idempotency, metrics};

/// The variable with the name of the table that holds the keys of requests.
pub const TABLE: &str = "IDEMPOTENCY_TABLE";
