//! `powertools-metrics`: operations on metrics give lines of EMF, or of Datadog's format.

mod arm;
mod compare;
mod create;
mod gathered;
mod given;
mod invoke;
mod operation;
mod output;
mod record;
mod single;
mod world;

pub use arm::Metrics;
