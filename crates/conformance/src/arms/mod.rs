//! One file for each utility, and the table of all of them.

mod jmespath;
mod table;

pub use jmespath::Jmespath;
pub use table::all;
