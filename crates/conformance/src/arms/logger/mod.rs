//! `powertools-logger`: operations of a logger give lines.

mod align;
mod arm;
mod compare;
mod create;
mod fault;
mod invoke;
mod log;
mod members;
mod operation;
mod output;
mod raised;
mod sorted;
mod special;
mod world;

pub use arm::Logger;
