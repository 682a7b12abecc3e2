//! One file or directory for each utility, and the table of all of them.

mod jmespath;
mod logger;
mod table;

pub use jmespath::Jmespath;
pub use logger::Logger;
pub use table::all;
