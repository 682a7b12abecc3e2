//! One test for each sentence of the documentation, by subject.

mod appended;
mod beside;
mod correlation;
mod correlation_http;
mod errors;
mod fields;
mod helpers;
mod levels;
mod log_event;
mod order;
mod redaction;
mod scopes;
mod shape;
mod support;
mod targets;
#[cfg(feature = "test-util")]
mod test_util;
mod uncaught;
