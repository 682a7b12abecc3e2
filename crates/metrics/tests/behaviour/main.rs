//! One test for each sentence of the documentation, and for each row of its tables.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod captured;
mod cold_start;
mod datadog;
mod deadline;
mod dimensions;
mod environment;
mod errors;
mod ids;
mod joined;
mod limits;
mod line_bytes;
mod metadata;
mod outside;
mod recording;
mod reentry;
mod requests;
mod requests_http;
mod scopes;
mod sets;
mod single;
mod sinks;
#[path = "../support/mod.rs"]
mod support;
mod timestamps;
mod warnings;
mod writes;
