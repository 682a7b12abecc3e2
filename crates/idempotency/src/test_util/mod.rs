//! The suite that every store must pass, and the calls to write more tests of a store with.
//!
//! ```
//! use powertools_idempotency::{InMemoryStore, test_util::assert_store_conforms};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // In a `#[tokio::test]`: each case has a store of its own, which must be empty.
//! assert_store_conforms(async || InMemoryStore::new()).await;
//! # }
//! ```

mod caller;
mod cases;
mod suite;

pub use caller::Caller;
pub use suite::assert_store_conforms;
