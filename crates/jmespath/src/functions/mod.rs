//! What expressions can call.

mod arguments;
mod builtin;
mod by;
mod json_text;
mod lists;
mod numbers;
mod objects;
mod resolved;
mod set;
mod texts;

pub(crate) use by::{By, sorted_positions};
pub(crate) use resolved::Function;
pub use set::Functions;
