//! What a request and its answer are to idempotency, at each level.

mod durable;
#[cfg(feature = "lambda")]
mod event;
mod exchange;
mod function;
mod http;
mod json;
mod record;

pub use exchange::{Exchange, Kept};
pub(crate) use function::Function;
pub use http::Replayed;
pub(crate) use http::rejection;
