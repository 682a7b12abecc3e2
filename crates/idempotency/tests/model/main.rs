//! The protocol, checked in every order of events that small bounds allow.
//!
//! The functions that decide are the crate's own files, taken in by path: `decision`, `protocol`,
//! and what a store does by `Claim`, `Completion` and `Release`. Around them stands a model: one
//! key, a store that does one step at a time, invocations that can be paused, killed, dropped or
//! crash between any two steps, and a network that loses, delays and repeats. `engine` follows the
//! crate's `engine` and `guard` by hand: whoever changes those changes it.
//!
//! The search goes through all states, so their number is always the same. A smaller one means
//! that something can no longer happen, and that less is shown than before: it fails.
//!
//! What is assumed:
//! - A host and the platform that ends its invocation have one clock. The platform states the
//!   deadline as a time of that clock and ends the invocation when so much time has passed.
//!   Another host's clock may differ by what the configuration says.
//! - The table removes expired rows by a clock that is right, at once or never.
//! - A call that nobody ends in time asks `Lease::is_live` right before its effect: it knows no
//!   deadline, or goes on under another's record. One that does not ask is not protected; the
//!   model lets it run, and counts it apart.
//! - There is no local cache, and no payload is another: neither writes to the store.
//!
//! `holding` has what must hold, `durable` what does for the replay of a durable function, and
//! `counterexamples` what must be found wrong.
#![allow(dead_code, unreachable_pub, reason = "the crate's own files, by path")]

#[path = "../../src/decision.rs"]
mod decision;
#[path = "../../src/now.rs"]
mod now;
#[path = "../../src/protocol.rs"]
mod protocol;
#[path = "../../src/record.rs"]
mod record;
/// The trait's file alone: the stores stay outside, whichever features are on.
#[path = "../../src/store"]
mod store {
    mod error;
    #[path = "store.rs"]
    mod steps;

    pub(crate) use error::StoreError;
    pub(crate) use steps::{Claim, Completion, Release};
}

mod call;
mod check;
mod counterexamples;
mod coverage;
mod durable;
mod engine;
mod holding;
mod network;
mod system;
mod world;

use record::Status;
