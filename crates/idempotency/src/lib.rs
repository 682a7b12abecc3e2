#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod builder;
mod cache;
mod canonical;
mod config;
mod decision;
mod durable;
mod engine;
mod error;
mod exchange;
mod final_errors;
mod function;
mod future;
mod guard;
#[doc = include_str!("../GUARANTEES.md")]
pub mod guarantees {}
mod hash;
mod hook;
mod key;
mod layer;
mod lease;
mod now;
mod problem;
mod protocol;
mod record;
mod service;
mod settings;
mod shared;
pub mod store;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod too_large;
mod typescript;

pub use builder::IdempotencyBuilder;
pub use config::IdempotencyConfig;
pub use decision::AfterTimeout;
pub use durable::Durable;
pub use error::{IdempotencyConfigError, IdempotencyError, IdempotencyErrorKind};
pub use exchange::{Exchange, Kept, Replayed};
pub use final_errors::{FinalErrors, KeepErrors, NoErrors};
pub use function::idempotent;
pub use future::ResponseFuture;
pub use hash::{HashFunction, UnknownHashFunction};
pub use hook::{NoHook, ReplayHook, ReplayedRecord, WithHook, WithOmitted};
pub use key::{Identity, KeyFormat, KeyPlan};
pub use layer::IdempotencyLayer;
pub use lease::Lease;
pub use now::Now;
pub use record::{Answer, Status, StoredRecord, UnknownStatus};
pub use service::Idempotency;
pub use settings::ExchangeSettings;
#[cfg(feature = "dynamodb")]
#[cfg_attr(docsrs, doc(cfg(feature = "dynamodb")))]
pub use store::dynamodb::DynamoDbStore;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use store::redis::RedisStore;
pub use store::{
    IdempotencyStore, InMemoryStore, OverflowStore, StoreError, StoreErrorKind, WithOverflow,
};
pub use too_large::TooLarge;
