//! What the commands take from the machine: its variables and a stop-watch.
#![expect(
    clippy::disallowed_methods,
    reason = "a developer tool does not depend on the library that it checks"
)]

use std::env;
use std::ffi::OsString;
use std::time::{Duration, Instant};

/// The cargo that started us, so that `cargo +toolchain xtask` stays on its toolchain.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether a CI service started us: it sets `CI` to something other than `false` or `0`.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// The variable, unless it is missing or empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The names of all variables.
pub(crate) fn variables() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name)
}

#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
