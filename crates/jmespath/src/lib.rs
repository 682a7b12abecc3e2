#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used)]

mod argument_type;
mod compare;
mod compile;
mod decode;
pub mod envelopes;
mod error;
mod expression;
mod functions;
mod interpreter;
mod limits;
mod metered;
mod node;
mod number;
mod partial;
mod scan;
mod select;
mod signature;
mod steps;

pub use argument_type::ArgumentType;
pub use error::{Error, ErrorKind};
pub use expression::Expression;
pub use functions::Functions;
pub use signature::Signature;
