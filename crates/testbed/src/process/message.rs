//! What goes over the side channel: one JSON text a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The variables that make an executable a child.
pub(super) const SCENARIO: &str = "TESTBED_SCENARIO";
pub(super) const CHANNEL: &str = "TESTBED_CHANNEL";
/// Set for those that end with the thread that starts all of them.
pub(super) const LEASH: &str = "TESTBED_LEASH";

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromChild {
    /// The first message: the id of the process.
    Hello(u32),
    Report(Value),
    /// Waits for [`FromParent::Go`] with the same number.
    Point {
        name: String,
        number: u64,
    },
    /// Waits no longer: the future was dropped.
    Left {
        number: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromParent {
    /// The answer to the hello; the scenario starts when it is there.
    Input(Value),
    Go(u64),
}

pub(super) fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("the messages are plain JSON");
    line.push(b'\n');
    line
}
