//! Condition and update expressions, as far as DynamoDB's grammar goes for attributes at the top
//! of a row. What is not known here is refused as the service refuses what it cannot read.

mod condition;
mod parser;
mod scope;
mod token;
mod update;

#[cfg(test)]
mod tests;

pub(super) use condition::Condition;
pub(super) use scope::Scope;
pub(super) use update::Update;
