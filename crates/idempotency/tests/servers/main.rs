//! Stores against servers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod dynamodb;
mod python;

use std::process::ExitCode;

use testbed::process::Harness;

fn main() -> ExitCode {
    Harness::new()
        .tests(dynamodb::tests())
        .tests(python::tests())
        .main()
}
