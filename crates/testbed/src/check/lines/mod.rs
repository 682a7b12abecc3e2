//! Log lines: one JSON object each, strictly.
//!
//! [`LineCheck`] reads what a function wrote and refuses what a log platform would have to
//! guess about; [`Lines`] and [`Line`] then find and compare.

mod line;
mod reader;
mod record;
mod rules;

pub use line::{Line, Lines};
pub use reader::LineCheck;
pub use rules::LineRule;
