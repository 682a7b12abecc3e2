//! A function as Lambda runs it: its ends, its life, its streams, its concurrency.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod concurrency;
mod control;
mod edges;
mod ends;
mod function;
mod init;
mod lifecycle;
mod streams;
mod support;

use std::process::ExitCode;

use testbed::process::Harness;

fn main() -> ExitCode {
    Harness::new()
        .function(function::run)
        .tests(ends::tests())
        .tests(init::tests())
        .tests(streams::tests())
        .tests(lifecycle::tests())
        .tests(concurrency::tests())
        .tests(control::tests())
        .tests(edges::tests())
        .main()
}
