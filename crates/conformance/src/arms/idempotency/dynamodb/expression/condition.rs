use std::cmp::Ordering;

use serde_json::Value;

use super::{
    super::{Row, fault::Fault},
    parser::Parser,
    scope::Scope,
};

/// A condition, with names and values in their places.
#[derive(Debug, PartialEq)]
pub(in crate::arms::idempotency::dynamodb) enum Condition {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Exists(String),
    Compare(Operand, &'static str, Operand),
}

#[derive(Debug, PartialEq)]
pub(in crate::arms::idempotency::dynamodb) enum Operand {
    Attribute(String),
    Value(Value),
}

impl Condition {
    pub(in crate::arms::idempotency::dynamodb) fn read(
        text: &str,
        scope: &Scope<'_>,
    ) -> Result<Self, Fault> {
        let mut parser = Parser::new(text)?;
        let condition = any(&mut parser, scope)?;
        match parser.is_done() {
            true => Ok(condition),
            false => Err(parser.error(&"the end")),
        }
    }

    /// Whether it holds for a row, or for none.
    pub(in crate::arms::idempotency::dynamodb) fn holds(&self, row: Option<&Row>) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Exists(name) => row.is_some_and(|row| row.contains_key(name)),
            Self::Compare(left, mark, right) => {
                let (left, right) = (left.of(row), right.of(row));
                // What is not there compares with nothing, and differs from everything.
                let (Some(left), Some(right)) = (left, right) else {
                    return *mark == "<>";
                };
                match *mark {
                    "=" => equal(left, right),
                    "<>" => !equal(left, right),
                    "<" => order(left, right) == Some(Ordering::Less),
                    ">" => order(left, right) == Some(Ordering::Greater),
                    "<=" => order(left, right).is_some_and(Ordering::is_le),
                    _ => order(left, right).is_some_and(Ordering::is_ge),
                }
            }
        }
    }
}

impl Operand {
    pub(super) fn read(parser: &mut Parser, scope: &Scope<'_>) -> Result<Self, Fault> {
        let word = parser.word()?;
        match word.starts_with(':') {
            true => scope.value(&word).map(Self::Value),
            false => scope.name(&word).map(Self::Attribute),
        }
    }

    pub(super) fn of<'a>(&'a self, row: Option<&'a Row>) -> Option<&'a Value> {
        match self {
            Self::Attribute(name) => row?.get(name),
            Self::Value(value) => Some(value),
        }
    }
}

fn any(parser: &mut Parser, scope: &Scope<'_>) -> Result<Condition, Fault> {
    let mut parts = vec![all(parser, scope)?];
    while parser.takes_word("OR") {
        parts.push(all(parser, scope)?);
    }
    Ok(Condition::Any(parts))
}

fn all(parser: &mut Parser, scope: &Scope<'_>) -> Result<Condition, Fault> {
    let mut parts = vec![one(parser, scope)?];
    while parser.takes_word("AND") {
        parts.push(one(parser, scope)?);
    }
    Ok(Condition::All(parts))
}

fn one(parser: &mut Parser, scope: &Scope<'_>) -> Result<Condition, Fault> {
    if parser.takes_word("NOT") {
        return Ok(Condition::Not(Box::new(one(parser, scope)?)));
    }
    if parser.takes("(") {
        let inner = any(parser, scope)?;
        parser.must_take(")")?;
        return Ok(inner);
    }
    for (function, exists) in [("attribute_exists", true), ("attribute_not_exists", false)] {
        if parser.takes_word(function) {
            parser.must_take("(")?;
            let name = Condition::Exists(scope.name(&parser.word()?)?);
            parser.must_take(")")?;
            return Ok(match exists {
                true => name,
                false => Condition::Not(Box::new(name)),
            });
        }
    }
    let left = Operand::read(parser, scope)?;
    let mark = parser.one_of(&["=", "<>", "<", "<=", ">", ">="]);
    let mark = mark.ok_or_else(|| parser.error(&"a comparison"))?;
    Ok(Condition::Compare(
        left,
        mark,
        Operand::read(parser, scope)?,
    ))
}

fn equal(left: &Value, right: &Value) -> bool {
    left == right || order(left, right) == Some(Ordering::Equal)
}

/// The order of two numbers or texts; there is none between two types.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let text = |value: &Value, r#type: &str| value.get(r#type)?.as_str().map(str::to_owned);
    if let (Some(left), Some(right)) = (text(left, "N"), text(right, "N")) {
        if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
            return Some(left.cmp(&right));
        }
        let (left, right): (f64, f64) = (left.parse().ok()?, right.parse().ok()?);
        return left.partial_cmp(&right);
    }
    Some(text(left, "S")?.cmp(&text(right, "S")?))
}
