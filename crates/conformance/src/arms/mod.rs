//! One file or directory for each utility, and the table of all of them.

mod common;
mod idempotency;
mod jmespath;
mod logger;
mod metrics;
mod table;

pub use idempotency::Idempotency;
pub use jmespath::Jmespath;
pub use logger::Logger;
pub use metrics::Metrics;
pub use table::all;
