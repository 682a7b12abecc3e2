use serde_json::Value;

use super::{
    super::{Row, fault::Fault},
    condition::Operand,
    parser::Parser,
    scope::Scope,
};

/// An update, with names and values in their places.
#[derive(Debug, Default, PartialEq)]
pub(in crate::arms::idempotency::dynamodb) struct Update {
    set: Vec<(String, Source)>,
    remove: Vec<String>,
}

/// Where a value that is set comes from.
#[derive(Debug, PartialEq)]
enum Source {
    Operand(Operand),
    /// What stands there, or else this.
    IfNotExists(String, Operand),
}

impl Update {
    pub(in crate::arms::idempotency::dynamodb) fn read(
        text: &str,
        scope: &Scope<'_>,
    ) -> Result<Self, Fault> {
        let mut parser = Parser::new(text)?;
        let mut update = Self::default();
        while !parser.is_done() {
            if parser.takes_word("SET") {
                update.set.push(assignment(&mut parser, scope)?);
                while parser.takes(",") {
                    update.set.push(assignment(&mut parser, scope)?);
                }
            } else if parser.takes_word("REMOVE") {
                update.remove.push(scope.name(&parser.word()?)?);
                while parser.takes(",") {
                    update.remove.push(scope.name(&parser.word()?)?);
                }
            } else {
                return Err(parser.error(&"SET or REMOVE"));
            }
        }
        Ok(update)
    }

    /// Changes a row; all that is read is read before.
    pub(in crate::arms::idempotency::dynamodb) fn apply(&self, row: &mut Row) -> Result<(), Fault> {
        let mut values = Vec::new();
        for (name, source) in &self.set {
            let value = match source {
                Source::Operand(operand) => operand.of(Some(row)),
                Source::IfNotExists(name, operand) => {
                    row.get(name).or_else(|| operand.of(Some(row)))
                }
            };
            let value: Option<Value> = value.cloned();
            let value = value.ok_or_else(|| {
                let message = "The provided expression refers to an attribute that does not exist";
                Fault::validation(message)
            })?;
            values.push((name.clone(), value));
        }
        for name in &self.remove {
            row.remove(name);
        }
        row.extend(values);
        Ok(())
    }

    /// Whether it writes one of these attributes.
    pub(in crate::arms::idempotency::dynamodb) fn writes(&self, names: &Row) -> bool {
        let mut set = self.set.iter().map(|(name, _)| name).chain(&self.remove);
        set.any(|name| names.contains_key(name))
    }
}

fn assignment(parser: &mut Parser, scope: &Scope<'_>) -> Result<(String, Source), Fault> {
    let name = scope.name(&parser.word()?)?;
    parser.must_take("=")?;
    if !parser.takes_word("if_not_exists") {
        return Ok((name, Source::Operand(Operand::read(parser, scope)?)));
    }
    parser.must_take("(")?;
    let there = scope.name(&parser.word()?)?;
    parser.must_take(",")?;
    let other = Operand::read(parser, scope)?;
    parser.must_take(")")?;
    Ok((name, Source::IfNotExists(there, other)))
}
