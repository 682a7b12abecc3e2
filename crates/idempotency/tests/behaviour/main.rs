//! One test for each sentence of the documentation, and for each row of its tables.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod builder;
mod cache;
mod calls;
mod clocks;
mod dropped;
mod dropped_http;
mod durable;
mod environment;
mod errors;
mod exchange;
mod final_errors;
mod functions;
mod guarantees;
mod hooks;
mod http;
mod http_axum;
mod http_bodies;
mod http_kinds;
mod http_rejections;
mod keys;
mod lease_handle;
mod leases;
mod missing_keys;
mod overflow;
mod panics;
mod records;
mod secrets;
mod stores;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod too_large;
mod validation;
mod waiting;
