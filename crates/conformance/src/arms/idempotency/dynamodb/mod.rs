//! A table of DynamoDB in this process: the SDK speaks to it as to the service.

mod call;
mod client;
mod expression;
mod fault;
mod service;
mod table;

pub(super) use client::client;
pub(super) use service::{Canned, Service};
pub(super) use table::Row;

/// What the table is called.
pub(super) const TABLE: &str = "idempotency";
