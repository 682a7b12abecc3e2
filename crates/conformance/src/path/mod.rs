//! Paths into a JSON value.

mod parse;
mod selector;
mod step;

pub use selector::Path;
