//! Where records live.

mod error;
mod memory;
#[expect(
    clippy::module_inception,
    reason = "the trait that the module is about"
)]
mod store;

pub use error::{StoreError, StoreErrorKind};
pub use memory::InMemoryStore;
pub use store::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release};
