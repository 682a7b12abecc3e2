//! The tumbling window of a shard.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::source::time;

/// What the state of a shard may hold; Lambda ends the window early above it.
const MAX_STATE: usize = 1024 * 1024;
/// What a window adds to an event beside the state, at most.
const MAX_FIELDS: usize = 512;

/// An open window with its state so far.
#[derive(Debug)]
pub(crate) struct Window {
    start_millis: u64,
    length: Duration,
    state: Value,
    /// The state has outgrown its limit.
    pub(crate) overgrown: bool,
    /// When an invocation that failed is tried again.
    pub(crate) not_before: Duration,
}

/// Which invocation of a window an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Aggregate,
    Final,
    TerminatedEarly,
}

impl Window {
    /// What any window adds to an event that has records, at most.
    pub(crate) const MAX_SIZE: usize = MAX_STATE + MAX_FIELDS;

    /// The window that a record belongs to by its arrival, with a fresh state.
    pub(crate) fn of(arrived: Duration, length: Duration) -> Self {
        Self {
            start_millis: start(arrived, length),
            length,
            state: Value::Object(Map::new()),
            overgrown: false,
            not_before: Duration::ZERO,
        }
    }

    pub(crate) fn has(&self, arrived: Duration) -> bool {
        start(arrived, self.length) == self.start_millis
    }

    pub(crate) fn end(&self) -> Duration {
        time::since_start(self.end_millis())
    }

    /// What this window adds to an event, at most.
    pub(crate) fn size(&self) -> usize {
        self.state.to_string().len() + MAX_FIELDS
    }

    /// Takes over the state that an answer has brought.
    pub(crate) fn keep(&mut self, state: Value) {
        self.overgrown = state.to_string().len() > MAX_STATE;
        self.state = state;
    }

    /// Goes on with the same window and a fresh state.
    pub(crate) fn restart(&mut self) {
        self.state = Value::Object(Map::new());
        self.overgrown = false;
    }

    /// The fields beside `Records`, with a comma before each.
    pub(crate) fn fields(&self, stage: Stage, shard_id: &str, stream_arn: &str) -> String {
        let fields = json!({
            "window": {
                "start": time::text(self.start_millis),
                "end": time::text(self.end_millis()),
            },
            "state": self.state,
            "shardId": shard_id,
            "eventSourceARN": stream_arn,
            "isFinalInvokeForWindow": stage == Stage::Final,
            "isWindowTerminatedEarly": stage == Stage::TerminatedEarly,
        })
        .to_string();
        format!(",{}", &fields[1..fields.len() - 1])
    }

    fn end_millis(&self) -> u64 {
        self.start_millis + time::millis(self.length)
    }
}

fn start(arrived: Duration, length: Duration) -> u64 {
    let arrived = time::epoch_millis(arrived);
    arrived - arrived % time::millis(length)
}
