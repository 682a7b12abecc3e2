//! `cargo xtask bench`: what our operations cost beside those of the peers.
//!
//! The package `benches` holds the operations. Here is what starts it, alone for the time
//! and under valgrind for the counts, and what holds our own at their ceilings.

mod binary;
mod ceilings;
mod compiler;
mod cost;
mod faster;
mod limits;
mod machine;
mod more;
mod operation;
mod options;
mod rows;
mod run;
mod table;
mod valgrind;

pub(crate) use options::Options;
pub(crate) use run::{check, run};
