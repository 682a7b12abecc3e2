//! `powertools-logger`: operations of a logger give lines.

mod arm;
mod compare;
mod create;
mod invoke;
mod log;
mod operation;
mod output;
mod sorted;
mod world;

pub use arm::Logger;
