//! Canonical JSON: equal values give equal bytes, whatever the order of their members.
//!
//! The bytes are hashed into keys that other languages share, so their spelling is fixed by
//! [`Dialect`]. There are two sources: any `Serialize` ([`write()`], and [`write_at`] for a part
//! of it), and JSON text ([`write_json`]), which loses nothing on its way through a Rust number
//! or string.

mod dialect;
mod elements;
mod error;
mod json;
mod member;
mod missing;
mod number;
mod order;
mod parser;
mod pick;
mod scalar;
mod select;
mod serializer;
mod text;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use dialect::Dialect;
pub(crate) use error::CanonicalError;
pub(crate) use json::write_json;
pub(crate) use missing::Missing;
pub(crate) use pick::write_at;
pub(crate) use select::select;
pub(crate) use serializer::write;
