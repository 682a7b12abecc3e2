use std::{borrow::Cow, cmp::Ordering, slice};

use serde_json::{Map, Value};

use crate::{
    compare,
    error::{Error, Kind},
    functions::{By, sorted_positions},
    node::{Call, CallBy, Comparison, Condition, JsonFields, Node, Operator},
    partial, select,
    steps::{ROOM_OF_OBJECT, Steps},
};

type Found<'v> = Result<Cow<'v, Value>, Error>;

/// One search. What can be borrowed from the data or the expression is; what an inner part made
/// is moved on. Each kind of node has a function of its own, which keeps the frames of a deep
/// expression small.
pub(crate) struct Interpreter {
    steps: Steps,
}

impl Interpreter {
    pub(crate) fn new(max_steps: usize) -> Self {
        Self {
            steps: Steps::new(max_steps),
        }
    }

    pub(crate) fn search<'v>(&self, node: &'v Node, data: &'v Value) -> Found<'v> {
        self.eval(node, data)
    }

    fn eval<'v>(&self, node: &'v Node, data: &'v Value) -> Found<'v> {
        self.steps.take(1)?;
        match node {
            Node::Identity => Ok(Cow::Borrowed(data)),
            Node::Fields(names) => Ok(Cow::Borrowed(select::fields(data, names))),
            Node::Index(index) => Ok(select::index(Cow::Borrowed(data), *index)),
            Node::Literal(value) => Ok(Cow::Borrowed(value)),
            Node::Chain(links) => self.chain(links, Cow::Borrowed(data)),
            Node::Projection(_) | Node::Slice(_) | Node::Flatten(_) | Node::Values(_) => {
                self.list(node, Cow::Borrowed(data))
            }
            Node::Condition(condition) => self.condition(condition, Cow::Borrowed(data)),
            Node::List(nodes) => self.multi_list(nodes, data),
            Node::Object(members) => self.multi_object(members, data),
            Node::Any(nodes) => self.first(nodes, data, true),
            Node::All(nodes) => self.first(nodes, data, false),
            Node::Not(node) => self.not(node, data),
            Node::Comparison(comparison) => self.compare(comparison, data),
            Node::Call(call) => self.call(call, data),
            Node::CallBy(call) => self.call_by(call, data),
            Node::JsonFields(json) => self.json_fields(json, data),
        }
    }

    fn eval_cow<'v>(&self, node: &'v Node, data: Cow<'v, Value>) -> Found<'v> {
        match data {
            Cow::Borrowed(data) => self.eval(node, data),
            Cow::Owned(data) => self.eval_owned(node, data),
        }
    }

    /// As `eval`, for data that nobody else needs: parts of it are moved out.
    fn eval_owned<'v>(&self, node: &'v Node, data: Value) -> Found<'v> {
        match node {
            Node::Identity => Ok(Cow::Owned(data)),
            Node::Literal(value) => Ok(Cow::Borrowed(value)),
            Node::Fields(names) => Ok(Cow::Owned(select::take_fields(data, names))),
            Node::Index(index) => Ok(select::index(Cow::Owned(data), *index)),
            Node::Chain(links) => self.chain(links, Cow::Owned(data)),
            Node::Projection(_) | Node::Slice(_) | Node::Flatten(_) | Node::Values(_) => {
                self.list(node, Cow::Owned(data))
            }
            Node::Condition(condition) => self.condition(condition, Cow::Owned(data)),
            _ => {
                let found = self.eval(node, &data)?;
                self.steps.own(found).map(Cow::Owned)
            }
        }
    }

    fn chain<'v>(&self, links: &'v [Node], data: Cow<'v, Value>) -> Found<'v> {
        links
            .iter()
            .try_fold(data, |data, link| self.eval_cow(link, data))
    }

    fn condition<'v>(&self, condition: &'v Condition, data: Cow<'v, Value>) -> Found<'v> {
        if compare::is_truthy(&*self.eval(&condition.predicate, &data)?) {
            self.eval_cow(&condition.then, data)
        } else {
            Ok(select::null())
        }
    }

    fn list<'v>(&self, node: &'v Node, data: Cow<'v, Value>) -> Found<'v> {
        let mut items = Vec::new();
        let is_list = self.each(node, data, &mut |item| {
            items.push(self.steps.own(item)?);
            Ok(())
        })?;
        Ok(if is_list {
            Cow::Owned(Value::Array(items))
        } else {
            select::null()
        })
    }

    /// Hands on what the node lists, one by one: a projection of a projection needs no list in
    /// between. False if the node gives something else than a list.
    fn each<'v>(
        &self,
        node: &'v Node,
        data: Cow<'v, Value>,
        sink: &mut dyn FnMut(Cow<'v, Value>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        match node {
            Node::Projection(projection) => self.each(&projection.source, data, &mut |item| {
                self.steps.take(1)?;
                let found = self.eval_cow(&projection.each, item)?;
                if found.is_null() { Ok(()) } else { sink(found) }
            }),
            Node::Flatten(inner) => self.each(inner, data, &mut |item| {
                if item.is_array() {
                    // An empty one hands nothing on
                    self.steps.take(1)?;
                    select::items(item, sink).map(|_| ())
                } else {
                    sink(item)
                }
            }),
            Node::Values(inner) => select::values(self.eval_cow(inner, data)?, sink),
            Node::Slice(slice) => select::slice(data, slice, sink),
            _ => select::items(self.eval_cow(node, data)?, sink),
        }
    }

    fn multi_list<'v>(&self, nodes: &'v [Node], data: &'v Value) -> Found<'v> {
        if data.is_null() {
            return Ok(select::null());
        }
        let items: Result<Vec<Value>, Error> = nodes
            .iter()
            .map(|node| self.steps.own(self.eval(node, data)?))
            .collect();
        Ok(Cow::Owned(Value::Array(items?)))
    }

    fn multi_object<'v>(&self, members: &'v [(String, Node)], data: &'v Value) -> Found<'v> {
        if data.is_null() {
            return Ok(select::null());
        }
        let mut object = Map::new();
        self.steps.take(ROOM_OF_OBJECT)?;
        for (name, node) in members {
            self.steps.take_text(name.len())?;
            object.insert(name.clone(), self.steps.own(self.eval(node, data)?)?);
        }
        Ok(Cow::Owned(Value::Object(object)))
    }

    /// The first that is truthy or that is not, or else the last.
    fn first<'v>(&self, nodes: &'v [Node], data: &'v Value, truthy: bool) -> Found<'v> {
        let mut found = select::null();
        for node in nodes {
            found = self.eval(node, data)?;
            if compare::is_truthy(&found) == truthy {
                break;
            }
        }
        Ok(found)
    }

    fn not<'v>(&self, node: &'v Node, data: &'v Value) -> Found<'v> {
        let truthy = compare::is_truthy(&*self.eval(node, data)?);
        Ok(Cow::Owned(Value::Bool(!truthy)))
    }

    fn compare<'v>(&self, comparison: &'v Comparison, data: &'v Value) -> Found<'v> {
        let left = self.eval(&comparison.left, data)?;
        let right = self.eval(&comparison.right, data)?;
        let ordered = |holds: fn(Ordering) -> bool| {
            if compare::is_mixed(&left, &right) {
                return Err(Error::from(Kind::Incomparable));
            }
            self.steps
                .take_text(compare::text_of_order(&left, &right))?;
            Ok(compare::order(&left, &right).map(holds))
        };
        let holds = match comparison.operator {
            Operator::Equal => Some(compare::equal(&left, &right, &self.steps)?),
            Operator::NotEqual => Some(!compare::equal(&left, &right, &self.steps)?),
            Operator::Less => ordered(Ordering::is_lt)?,
            Operator::LessOrEqual => ordered(Ordering::is_le)?,
            Operator::Greater => ordered(Ordering::is_gt)?,
            Operator::GreaterOrEqual => ordered(Ordering::is_ge)?,
        };
        Ok(holds.map_or_else(select::null, |holds| Cow::Owned(Value::Bool(holds))))
    }

    fn call<'v>(&self, call: &'v Call, data: &'v Value) -> Found<'v> {
        // Most functions have one argument, which needs no list
        if let [argument] = call.arguments.as_slice() {
            let mut arguments = [self.eval(argument, data)?];
            return call.function.call(&mut arguments, &self.steps);
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.eval(argument, data)?);
        }
        call.function.call(&mut arguments, &self.steps)
    }

    fn json_fields<'v>(&self, json: &'v JsonFields, data: &'v Value) -> Found<'v> {
        let argument = match json.call.arguments.as_slice() {
            [argument] => self.eval(argument, data)?,
            _ => select::null(),
        };
        let arguments = [argument];
        json.call.function.check_types(&arguments, &self.steps)?;
        let text = arguments[0].as_str().unwrap_or_default();
        partial::read(text, &json.fields, &self.steps).map(Cow::Owned)
    }

    fn call_by<'v>(&self, call: &'v CallBy, data: &'v Value) -> Found<'v> {
        let array = self.eval(&call.array, data)?;
        call.by.check_array(&array)?;
        match call.by {
            By::Map => self.map(&call.key, array),
            By::Max | By::Min => {
                let best = call.by.position_of_best(&self.keys(call, &array)?);
                Ok(best.map_or_else(select::null, |best| select::element(array, best)))
            }
            By::Sort => {
                let positions = sorted_positions(&self.keys(call, &array)?);
                select::at_positions(array, positions, &self.steps)
            }
        }
    }

    fn map<'v>(&self, node: &'v Node, array: Cow<'v, Value>) -> Found<'v> {
        let mut items = Vec::new();
        select::items(array, &mut |item| {
            self.steps.take(1)?;
            let found = self.eval_cow(node, item)?;
            items.push(self.steps.own(found)?);
            Ok(())
        })?;
        Ok(Cow::Owned(Value::Array(items)))
    }

    fn keys<'k>(&self, call: &'k CallBy, array: &'k Value) -> Result<Vec<Cow<'k, Value>>, Error> {
        let items = array.as_array().map_or(&[][..], Vec::as_slice);
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let key = self.eval(&call.key, item)?;
            // What orders the keys reads them
            self.steps.take_leaves(slice::from_ref(&*key))?;
            keys.push(key);
        }
        call.by.check_keys(&keys)?;
        Ok(keys)
    }
}
