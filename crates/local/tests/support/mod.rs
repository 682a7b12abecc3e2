//! The function that the tests run, and a small client for what they talk to.

pub(crate) mod client;
pub(crate) mod function;

use std::{process::Command, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use powertools_core::Env;

/// No test takes a tenth of it, unless it waits for what never comes.
const STUCK: Duration = Duration::from_secs(45);

/// Is the function if the Runtime API is known, else runs the tests.
pub(crate) fn main(tests: impl FnOnce() -> Vec<Trial>) {
    if Env::process().get("AWS_LAMBDA_RUNTIME_API").is_some() {
        return function::run();
    }
    libtest_mimic::run(&Arguments::from_args(), tests()).exit();
}

/// A test with a runtime of one thread, so that nothing overlaps by chance.
pub(crate) fn test<F>(name: &str, body: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let body = async { tokio::time::timeout(STUCK, body()).await };
        runtime.map_err(Failed::from)?.block_on(body)?;
        Ok(())
    })
}

/// Whether a process is there, running or not yet waited for.
pub(crate) fn exists(pid: u32) -> bool {
    signal("-0", &pid.to_string())
}

/// Sends a signal to a process, or to a group if the id is negative.
pub(crate) fn signal(signal: &str, pid: &str) -> bool {
    let output = Command::new("kill")
        .args([signal, "--", pid])
        .output()
        .unwrap();
    output.status.success()
}
