//! Where records live.

#[cfg(feature = "dynamodb")]
#[cfg_attr(docsrs, doc(cfg(feature = "dynamodb")))]
pub mod dynamodb;
mod error;
mod memory;
mod overflow;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub mod redis;
#[expect(
    clippy::module_inception,
    reason = "the trait that the module is about"
)]
mod store;

pub use crate::decision::Fence;
pub use error::{StoreError, StoreErrorKind};
pub use memory::InMemoryStore;
pub use overflow::{OverflowStore, WithOverflow};
pub use store::{Claim, Claimed, Completion, Finished, IdempotencyStore, Release};
