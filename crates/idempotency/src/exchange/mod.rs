//! What a request and its answer are to idempotency, at each level.

mod durable;
#[cfg(feature = "lambda")]
mod event;
mod function;
mod http;
mod json;
mod record;
mod request;

pub(crate) use function::Function;
pub use http::Replayed;
pub use request::{Exchange, Kept};
