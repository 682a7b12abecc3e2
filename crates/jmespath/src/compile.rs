use jmespath::ast::{Ast, Comparator};
use serde_json::Value;

use crate::{
    error::{Error, Kind},
    functions::{By, Functions},
    node::{Call, CallBy, Comparison, Condition, JsonFields, Node, Operator, Projection},
    scan,
    select::Slice,
};

pub(crate) fn compile(text: &str, functions: &Functions) -> Result<Node, Error> {
    scan::check(text)?;
    let ast = jmespath::parse(text).map_err(|error| {
        let position = error.offset.min(text.len());
        Error::from(Kind::Syntax { position })
    })?;
    Compiler { functions }.node(&ast)
}

struct Compiler<'f> {
    functions: &'f Functions,
}

impl Compiler<'_> {
    fn node(&self, ast: &Ast) -> Result<Node, Error> {
        Ok(match ast {
            Ast::Identity { .. } => Node::Identity,
            Ast::Field { name, .. } => Node::Fields(vec![name.as_str().into()]),
            Ast::Index { idx, .. } => Node::Index(i64::from(*idx)),
            Ast::Slice {
                start, stop, step, ..
            } => slice(*start, *stop, *step)?,
            Ast::Literal { value, offset } => literal(value, *offset)?,
            Ast::Subexpr { .. } => self.chain(ast)?,
            Ast::Projection { lhs, rhs, .. } => Node::Projection(Box::new(Projection {
                source: self.node(lhs)?,
                each: self.node(rhs)?,
            })),
            Ast::Condition {
                predicate, then, ..
            } => Node::Condition(Box::new(Condition {
                predicate: self.node(predicate)?,
                then: self.node(then)?,
            })),
            Ast::Flatten { node, .. } => Node::Flatten(Box::new(self.node(node)?)),
            Ast::ObjectValues { node, .. } => Node::Values(Box::new(self.node(node)?)),
            Ast::MultiList { elements, .. } => Node::List(self.nodes(elements)?),
            Ast::MultiHash { elements, .. } => Node::Object(
                elements
                    .iter()
                    .map(|pair| Ok((pair.key.clone(), self.node(&pair.value)?)))
                    .collect::<Result<_, Error>>()?,
            ),
            Ast::Or { lhs, rhs, .. } => Node::Any(vec![self.node(lhs)?, self.node(rhs)?]),
            Ast::And { lhs, rhs, .. } => Node::All(vec![self.node(lhs)?, self.node(rhs)?]),
            Ast::Not { node, .. } => Node::Not(Box::new(self.node(node)?)),
            Ast::Comparison {
                comparator,
                lhs,
                rhs,
                ..
            } => Node::Comparison(Box::new(Comparison {
                operator: operator(comparator),
                left: self.node(lhs)?,
                right: self.node(rhs)?,
            })),
            Ast::Function { name, args, .. } => self.call(name, args)?,
            // Only the arguments of some functions may be expressions
            Ast::Expref { offset, .. } => {
                return Err(Error::from(Kind::Syntax { position: *offset }));
            }
        })
    }

    fn nodes(&self, asts: &[Ast]) -> Result<Vec<Node>, Error> {
        asts.iter().map(|ast| self.node(ast)).collect()
    }

    /// `a.b | c` leans to the left; its parts become one list.
    fn chain(&self, ast: &Ast) -> Result<Node, Error> {
        let mut first = ast;
        let mut others = Vec::new();
        while let Ast::Subexpr { lhs, rhs, .. } = first {
            others.push(rhs);
            first = lhs;
        }
        let mut links = Vec::new();
        link(&mut links, self.node(first)?);
        for other in others.into_iter().rev() {
            link(&mut links, self.node(other)?);
        }
        if links.len() > 1 {
            return Ok(Node::Chain(links));
        }
        Ok(links.pop().unwrap_or(Node::Identity))
    }

    fn call(&self, name: &str, arguments: &[Ast]) -> Result<Node, Error> {
        match By::named(name) {
            Some(by) if !self.functions.is_own(name) => return self.call_by(by, arguments),
            _ => {}
        }
        let function = self.functions.resolve(name).ok_or_else(|| {
            Error::from(Kind::UnknownFunction {
                function: name.into(),
            })
        })?;
        function.check_arity(arguments.len())?;
        let given = arguments
            .iter()
            .position(|argument| matches!(argument, Ast::Expref { .. }));
        if let Some(position) = given {
            return Err(Error::from(Kind::ExpressionGiven {
                function: name.into(),
                argument: position + 1,
            }));
        }
        let arguments = self.nodes(arguments)?;
        Ok(Node::Call(Box::new(Call {
            function,
            arguments,
        })))
    }

    fn call_by(&self, by: By, arguments: &[Ast]) -> Result<Node, Error> {
        if arguments.len() != 2 {
            return Err(Error::from(Kind::Arity {
                function: by.name().into(),
                expected: 2,
                or_more: false,
                got: arguments.len(),
            }));
        }
        let (array, key) = by.positions();
        let Ast::Expref {
            ast: expression, ..
        } = &arguments[key]
        else {
            return Err(Error::from(Kind::ExpressionMissing {
                function: by.name().into(),
                argument: key + 1,
            }));
        };
        if matches!(arguments[array], Ast::Expref { .. }) {
            return Err(Error::from(Kind::ExpressionGiven {
                function: by.name().into(),
                argument: array + 1,
            }));
        }
        Ok(Node::CallBy(Box::new(CallBy {
            by,
            array: self.node(&arguments[array])?,
            key: self.node(expression)?,
        })))
    }
}

fn link(links: &mut Vec<Node>, node: Node) {
    match (links.last_mut(), node) {
        (_, Node::Identity) => {}
        (_, Node::Chain(inner)) => {
            for node in inner {
                link(links, node);
            }
        }
        (Some(Node::Fields(fields)), Node::Fields(more)) => fields.extend(more),
        (Some(Node::JsonFields(json)), Node::Fields(more)) => json.fields.extend(more),
        (Some(Node::Call(call)), Node::Fields(fields)) if call.function.is_json() => {
            if let Some(Node::Call(call)) = links.pop() {
                let json = JsonFields {
                    call: *call,
                    fields,
                };
                links.push(Node::JsonFields(Box::new(json)));
            }
        }
        (_, node) => links.push(node),
    }
}

fn slice(start: Option<i32>, stop: Option<i32>, step: i32) -> Result<Node, Error> {
    if step == 0 {
        return Err(Error::from(Kind::SliceStep));
    }
    Ok(Node::Slice(Slice {
        start: start.map(i64::from),
        stop: stop.map(i64::from),
        step: i64::from(step),
    }))
}

fn literal(value: &jmespath::Variable, position: usize) -> Result<Node, Error> {
    serde_json::to_value(value)
        .map(|value: Value| Node::Literal(value))
        .map_err(|_| Error::from(Kind::Syntax { position }))
}

fn operator(comparator: &Comparator) -> Operator {
    match comparator {
        Comparator::Equal => Operator::Equal,
        Comparator::NotEqual => Operator::NotEqual,
        Comparator::LessThan => Operator::Less,
        Comparator::LessThanEqual => Operator::LessOrEqual,
        Comparator::GreaterThan => Operator::Greater,
        Comparator::GreaterThanEqual => Operator::GreaterOrEqual,
    }
}
