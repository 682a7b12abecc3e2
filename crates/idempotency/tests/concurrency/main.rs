//! Invocations that overlap in one process: a key has one owner, and nothing of one invocation
//! is ever seen in another.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod duplicates;
mod interleaved;
mod invocations;
#[path = "../support/mod.rs"]
mod support;

/// How many there are at once.
pub(crate) const ALL: usize = 64;
