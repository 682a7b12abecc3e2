//! The crash test: processes that call the same keys are killed, paused past their leases and cut
//! off from the store, and everything that happened is held against what is promised.
//!
//! `storm` starts the processes and brings their ends about, `child` is what each of them does,
//! `history` puts their reports together, and `verdict` judges.
//!
//! A storm prints its seed. With that in `CRASH_TEST_SEED` the processes get the same orders and
//! fates again; how they meet is up to the machine.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cause;
mod child;
mod dynamodb;
mod event;
mod fate;
mod faults;
mod histogram;
mod history;
mod life;
mod order;
mod place;
mod storm;
mod verdict;
mod watched;

use std::{process::ExitCode, time::Duration};

use testbed::process::{Harness, Test};

use dynamodb::DynamoDb;
use place::Place;
use storm::Size;

/// What an idle machine needs a tenth of.
const LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    Harness::new()
        .scenario(DynamoDb::NAME, child::hammer::<DynamoDb>)
        .tests([
            Test::new("storm_on_dynamodb", || storm::rages::<DynamoDb>(Size::FULL))
                .multi_thread()
                .within(LIMIT),
        ])
        .main()
}
