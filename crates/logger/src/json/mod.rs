//! JSON straight into a buffer, without a value in between.
//!
//! Whatever comes in, what goes out is one line of valid JSON: [`serialize`] writes any
//! `Serialize` by the [`Rules`], the functions of `text` write single values. Text that
//! is too long ends in `…[cut]`; the other marks are described at [`serialize`].

mod compound;
mod escape;
mod members;
mod name;
mod pretty;
mod raw;
mod rules;
mod scalars;
mod serializer;
mod text;
mod writer;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod zoo;

pub(crate) use compound::Compound;
pub(crate) use escape::is_all_clean;
pub(crate) use members::{Members, members};
pub(crate) use name::with_name;
pub(crate) use pretty::pretty;
pub(crate) use raw::{RAW_VALUE, Raw};
pub(crate) use rules::{Redaction, Rules};
pub(crate) use scalars::stop_at_scalars;
pub(crate) use serializer::serialize;
pub(crate) use text::{boolean, debug, display, float, formatted, integer, key, string, text};
pub(crate) use writer::{Stop, Writer};
