//! What a child reports.

use serde::{Deserialize, Serialize};

/// Each is with the test before the child goes on. Times are milliseconds since 1970, by the
/// clock that all processes of the machine share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Event {
    /// An invocation begins.
    Called { call: u32, key: u32, at: i64 },
    /// Its handler begins, under this claim.
    Running {
        call: u32,
        claim: Claim,
        lease_end: i64,
        at: i64,
    },
    /// The effect. Its lease was live at this time, as far as the handler could see.
    Effect { call: u32, at: i64 },
    /// The store is about to be asked.
    Finishing { owner: String, step: Step, at: i64 },
    /// The store has said.
    Finished {
        owner: String,
        step: Step,
        end: End,
        at: i64,
    },
    /// An invocation ends.
    Answered { call: u32, said: Said, at: i64 },
    /// It is at the point where the child is to be stopped.
    AtPoint { call: u32 },
}

/// The last claim of a call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) owner: String,
    /// When it was decided.
    pub(crate) decided: i64,
    /// Whether the store refused it because of itself: the reply to it was lost.
    pub(crate) recognised: bool,
}

/// What a store is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Step {
    Claim,
    Completion,
    Release,
}

/// What a store says of a completion or a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum End {
    Done,
    NotOwner,
    Failed,
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Said {
    /// The answer of this run.
    Answer(String),
    /// The handler has failed before its effect.
    Failed,
    /// The handler found that its lease was over, before its effect.
    GaveUp,
    /// Somebody runs it: the caller itself, if `own`.
    InProgress {
        own: bool,
    },
    LeaseLost,
    /// The name of another kind.
    Error(String),
}
