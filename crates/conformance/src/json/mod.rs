//! JSON without loss: every digit of a number and the order of members are kept.
//!
//! `serde_json::Value` makes a float of an integer beyond 64 bits and sorts members; switching
//! on the features that change this would change it for every crate of the build.

mod beside;
mod loose;
mod number;
mod parse;
mod value;

pub(crate) use beside::where_same;
pub use loose::without_nan;
pub use number::Number;
pub use parse::ParseError;
pub use value::{Json, Object};
