//! What drives a utility.

use std::fmt;

use crate::{
    compare::{Comparison, Difference},
    json::Json,
};

/// Runs the cases of one utility against the public API of its crate.
///
/// Clock, environment, randomness and writer come from the case, never from the process. A case
/// runs on a thread of its own, so thread-locals are new each time; whatever else a utility
/// keeps for the process, `run` makes anew.
pub trait Arm: Send + Sync {
    /// The name of the utility in the vectors.
    fn utility(&self) -> &'static str;

    /// Runs one case and gives what came out, in the vocabulary of `expected`. The arm is not
    /// shown what is expected.
    ///
    /// # Errors
    ///
    /// If the case asks for something that the arm does not know, or that our API does not have.
    fn run(&self, input: &Json, note: &str) -> Result<Json, Refusal>;

    /// Where the two differ, after the rules of [`mapping`](crate::mapping). The default
    /// compares everything.
    fn compare(&self, expected: &Json, got: &Json) -> Vec<Difference> {
        Comparison::default().differences(expected, got)
    }

    /// What is to be said of the case whatever comes of it, such as that only a part of the API
    /// can run it. Such cases are counted beside the others.
    fn remark(&self, input: &Json) -> Option<&'static str> {
        let _ = input;
        None
    }
}

/// Why an arm does not run a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The case uses a word that is not in the vocabulary. It fails; no deviation excuses it.
    Unknown(String),
    /// The vocabulary has it, our API does not. It fails unless a deviation says why.
    NoCounterpart(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(what) => write!(f, "the arm does not know {what}"),
            Self::NoCounterpart(what) => write!(f, "the crate has nothing for {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
