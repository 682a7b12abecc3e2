use serde_json::Value;

use crate::{
    functions::{By, Function},
    select::Slice,
};

/// What an expression does with its input. Unlike the parser's tree it is `Send`, knows its
/// functions, and chains are flat.
#[derive(Debug)]
pub(crate) enum Node {
    Identity,
    /// A member, then a member of that, and so on; at least one.
    Fields(Vec<Box<str>>),
    Index(i64),
    Slice(Slice),
    Literal(Value),
    /// Each applied to what the one before it gives.
    Chain(Vec<Self>),
    Projection(Box<Projection>),
    Condition(Box<Condition>),
    Flatten(Box<Self>),
    Values(Box<Self>),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// `||`: the first truthy one, or the last.
    Any(Vec<Self>),
    /// `&&`: the first that is not truthy, or the last.
    All(Vec<Self>),
    Not(Box<Self>),
    Comparison(Box<Comparison>),
    Call(Box<Call>),
    CallBy(Box<CallBy>),
    /// `powertools_json(text).a.b`, which reads only that member.
    JsonFields(Box<JsonFields>),
}

#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) source: Node,
    pub(crate) each: Node,
}

#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) predicate: Node,
    pub(crate) then: Node,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) operator: Operator,
    pub(crate) left: Node,
    pub(crate) right: Node,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct CallBy {
    pub(crate) by: By,
    pub(crate) array: Node,
    pub(crate) key: Node,
}

#[derive(Debug)]
pub(crate) struct JsonFields {
    pub(crate) call: Call,
    pub(crate) fields: Vec<Box<str>>,
}
