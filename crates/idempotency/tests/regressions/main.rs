//! What went wrong elsewhere, and must not here.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod owners;
#[path = "../support/mod.rs"]
mod support;
