//! What a child is told to do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::place::Network;

pub(crate) const LEASE: Duration = Duration::from_millis(1500);

/// Held by the test: a child that is paused and resumed does not end meanwhile.
pub(crate) const END: &str = "end";

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order<P> {
    pub(crate) place: P,
    pub(crate) network: Network,
    /// Whether the lease is what is left of the invocation of a layer, or that of a function
    /// which knows no deadline.
    pub(crate) deadline: bool,
    pub(crate) seed: u64,
    pub(crate) keys: Keys,
    pub(crate) calls: u32,
    /// How many run at the same time.
    pub(crate) tasks: u32,
    /// Where it is stopped, and at which visit.
    pub(crate) stop: Option<(Point, u32)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Keys {
    /// Any of these. Some handlers fail.
    Among { from: u32, to: u32 },
    /// One after the other, from this one.
    Each { from: u32 },
}

/// Where a process is killed or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Point {
    BeforePut,
    AfterPut,
    BeforeEffect,
    AfterEffect,
    BeforeCompletion,
    AfterCompletion,
}

impl Point {
    pub(crate) const ALL: [Self; 6] = [
        Self::BeforePut,
        Self::AfterPut,
        Self::BeforeEffect,
        Self::AfterEffect,
        Self::BeforeCompletion,
        Self::AfterCompletion,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BeforePut => "before the put",
            Self::AfterPut => "after the put",
            Self::BeforeEffect => "before the effect",
            Self::AfterEffect => "after the effect",
            Self::BeforeCompletion => "before the completion",
            Self::AfterCompletion => "after the completion",
        }
    }
}
