//! X-Ray segment documents: each alone, and the tree that they make together.
//!
//! The rules are those of the public JSON schema and of the developer guide; a rule that no
//! public source states is marked *ours* in [`TraceRule`]. The tree rules are looked at once
//! every document is good.

mod annotations;
mod blocks;
mod document;
mod members;
mod node;
mod rules;
mod times;
mod tree;
mod view;

pub use document::TraceCheck;
pub use node::Node;
pub use rules::TraceRule;
pub use view::Trace;
