//! Carries out the steps of `protocol`: `settle` finds out what is to be done, `run` does it and
//! brings the record to its end, `replay` gives a stored answer.

mod call;
mod execute;
mod replay;
mod run;
mod settle;
mod waiting;

pub(crate) use execute::{Failure, execute};
