//! Every operation that `cargo xtask bench` measures, ours and the peers', in one binary.
//!
//! | arguments | what it does |
//! |---|---|
//! | `list` | prints each operation, how often to repeat it, and what it stands beside |
//! | `run NAME COUNT` | warms up, then runs the operation exactly so often: for valgrind |
//! | `time NAME` | prints the median and the fastest batch in nanoseconds per operation |
//!
//! Each operation proves that it does what it should before it is measured. A process runs
//! one of them, because a `tracing` subscriber is installed for good.

mod bench;
mod emf;
mod event;
mod idempotency;
mod invocation;
mod jmespath;
mod logger;
mod metrics;
mod operation;
mod peer_idempotency;
mod peer_jmespath;
mod peer_logger;
mod peer_metrics;
mod sink;
mod time;
mod whole;

use std::{env, process::ExitCode};

use crate::{bench::Bench, operation::Operation};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match perform(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(words: &[&str]) -> Result<(), String> {
    match words {
        ["list"] => {
            for operation in operations() {
                println!("{operation}");
            }
            Ok(())
        }
        ["run", name, count] => {
            let count = count.parse().map_err(|_| "COUNT must be a number")?;
            find(name)?.perform(&mut Bench::repeat(count));
            Ok(())
        }
        ["time", name] => {
            let mut bench = Bench::time();
            find(name)?.perform(&mut bench);
            let timing = bench.timing().ok_or("the operation was not measured")?;
            println!("{timing}");
            Ok(())
        }
        _ => Err("the arguments are `list`, `run NAME COUNT` or `time NAME`".to_owned()),
    }
}

fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        logger::OPERATIONS,
        peer_logger::OPERATIONS,
        metrics::OPERATIONS,
        peer_metrics::OPERATIONS,
        whole::OPERATIONS,
        idempotency::OPERATIONS,
        peer_idempotency::OPERATIONS,
        jmespath::OPERATIONS,
        peer_jmespath::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

fn find(name: &str) -> Result<&'static Operation, String> {
    operations()
        .find(|operation| operation.name == name)
        .ok_or_else(|| format!("there is no operation `{name}`"))
}
