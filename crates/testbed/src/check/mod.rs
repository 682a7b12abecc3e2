//! Strict checks of what a function writes: log lines, metrics, traces.
//!
//! Each check reads everything, lists every [`Violation`] with its rule, line and path, and
//! on success gives a typed view. [`lines`] reads log lines, [`emf`] metric blobs and
//! [`trace`] X-Ray documents. [`Json`] underneath sees what `serde_json::Value` hides:
//! repeated keys, the order of keys and the spelling of numbers.

pub mod emf;
mod json;
pub mod lines;
mod parse;
mod path;
mod rule;
mod size;
pub mod trace;
mod violation;

pub use json::{Json, Number, Object};
pub(crate) use parse::{JsonFlaw, parse};
pub use rule::Rule;
pub use violation::{Violation, Violations};
