//! Puts documents together.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{node::Node, rules::TraceRule, view::Trace};
use crate::check::{Json, Object, Violation, path};

/// A good document and its number.
pub(super) struct Part {
    pub(super) line: usize,
    pub(super) object: Object,
}

impl Part {
    pub(super) fn trace_id(&self) -> &str {
        self.object.text("trace_id").unwrap_or_default()
    }
}

/// A segment or subsegment, taken out of the document that it came in.
struct Loose {
    line: usize,
    path: String,
    node: Node,
}

/// More levels than these are not put together: what walks a tree calls itself.
const MAX_DEPTH: usize = 128;

/// Builds the tree of good documents. `given` are the parents that roots may hang from.
pub(super) fn build(
    parts: Vec<Part>,
    given: &[String],
    found: &mut Vec<Violation<TraceRule>>,
) -> Trace {
    let trace_id = trace_id(&parts, found);
    let before = found.len();
    let mut pool = Pool::default();
    for part in parts {
        let parent = part.object.text("parent_id").map(str::to_owned);
        let node = Node::new(part.object, parent);
        pool.put(node, part.line, "", found);
    }
    let loose: Vec<Loose> = pool.loose.into_values().collect();
    let forest = Forest::new(&loose, given);
    forest.judge(given, found);
    let roots = match found.len() == before {
        true => forest.roots.iter().map(|root| forest.grow(*root)).collect(),
        false => Vec::new(),
    };
    Trace::new(trace_id, roots)
}

fn trace_id(parts: &[Part], found: &mut Vec<Violation<TraceRule>>) -> String {
    let first = parts.first().map(Part::trace_id).unwrap_or_default();
    for part in parts {
        let other = part.trace_id();
        if other != first {
            let rule = TraceRule::TraceIdsDiffer;
            found.push(Violation::new(rule, part.line, "/trace_id", other));
        }
    }
    first.to_owned()
}

/// Everything with its own id, in the order in which it came.
#[derive(Default)]
struct Pool {
    loose: BTreeMap<usize, Loose>,
    by_id: HashMap<String, usize>,
    next: usize,
}

impl Pool {
    /// Takes a node and those nested in it. What is complete takes the place of the same in
    /// progress, and of those that were nested in it.
    fn put(&mut self, node: Node, line: usize, at: &str, found: &mut Vec<Violation<TraceRule>>) {
        let id = node.id().to_owned();
        let known = self.by_id.get(&id).copied();
        if let Some(old) = known.and_then(|position| self.loose.get(&position)) {
            if !old.node.is_in_progress() || node.is_in_progress() {
                let at = path::step(at, "id");
                found.push(Violation::new(TraceRule::IdTwice, line, at, &id));
                return;
            }
            let (object, line) = (old.node.object().clone(), old.line);
            self.forget_nested(&object, line);
        }
        let nested: Vec<Object> = nested(node.object()).cloned().collect();
        let position = known.unwrap_or(self.next);
        self.next += 1;
        self.by_id.insert(id.clone(), position);
        let path = at.to_owned();
        self.loose.insert(position, Loose { line, path, node });
        for (number, child) in nested.into_iter().enumerate() {
            let at = path::item(&path::step(at, "subsegments"), number);
            self.put(Node::new(child, Some(id.clone())), line, &at, found);
        }
    }

    /// Forgets what is nested in this one, except what came once more in another document.
    fn forget_nested(&mut self, object: &Object, line: usize) {
        for child in nested(object) {
            let id = child.text("id").unwrap_or_default();
            let position = self.by_id.get(id).copied();
            let same = |position: &usize| self.loose.get(position).is_some_and(|l| l.line == line);
            if let Some(position) = position.filter(same) {
                self.loose.remove(&position);
                self.by_id.remove(id);
            }
            self.forget_nested(child, line);
        }
    }
}

fn nested(object: &Object) -> impl Iterator<Item = &Object> {
    let nested = object.get("subsegments").and_then(Json::as_array);
    nested
        .unwrap_or_default()
        .iter()
        .filter_map(Json::as_object)
}

struct Forest<'a> {
    loose: &'a [Loose],
    children: HashMap<&'a str, Vec<usize>>,
    roots: Vec<usize>,
    orphans: Vec<usize>,
}

impl<'a> Forest<'a> {
    fn new(loose: &'a [Loose], given: &[String]) -> Self {
        let ids: HashSet<&str> = loose.iter().map(|loose| loose.node.id()).collect();
        let mut forest = Self {
            loose,
            children: HashMap::new(),
            roots: Vec::new(),
            orphans: Vec::new(),
        };
        for (position, loose) in loose.iter().enumerate() {
            match loose.node.parent_id() {
                None => forest.roots.push(position),
                Some(parent) if given.iter().any(|given| given == parent) => {
                    forest.roots.push(position);
                }
                Some(parent) if ids.contains(parent) => {
                    forest.children.entry(parent).or_default().push(position);
                }
                Some(_) => forest.orphans.push(position),
            }
        }
        forest
    }

    fn children(&self, position: usize) -> &[usize] {
        let children = self.children.get(self.loose[position].node.id());
        children.map_or(&[], Vec::as_slice)
    }

    fn grow(&self, position: usize) -> Node {
        let children = self.children(position).iter();
        let children = children.map(|child| self.grow(*child)).collect();
        self.loose[position].node.clone().with_children(children)
    }

    fn judge(&self, given: &[String], found: &mut Vec<Violation<TraceRule>>) {
        let mut broken = |rule, loose: &Loose, shown: &str| {
            found.push(Violation::new(rule, loose.line, loose.path.clone(), shown));
        };
        for position in &self.orphans {
            let loose = &self.loose[*position];
            let parent = loose.node.parent_id().unwrap_or_default();
            let shown = format!("{:?} has no parent {parent}", loose.node.name());
            broken(TraceRule::Orphan, loose, &shown);
        }
        // Level by level. What hangs from an orphan is no orphan itself.
        let mut reached = HashSet::new();
        let mut level = [&self.roots[..], &self.orphans].concat();
        let mut depth = 0;
        while !level.is_empty() {
            depth += 1;
            if depth == MAX_DEPTH + 1 {
                let loose = &self.loose[level[0]];
                broken(TraceRule::TraceTooDeep, loose, loose.node.name());
            }
            reached.extend(level.iter().copied());
            let below = level.iter().flat_map(|position| self.children(*position));
            level = below.copied().collect();
        }
        for (position, loose) in self.loose.iter().enumerate() {
            if !reached.contains(&position) {
                broken(TraceRule::Circle, loose, loose.node.name());
            }
        }
        for (number, position) in self.roots.iter().enumerate() {
            let loose = &self.loose[*position];
            let good = match given {
                [] => number == 0,
                _ => loose.node.parent_id().is_some(),
            };
            if !good {
                broken(TraceRule::Root, loose, loose.node.name());
            }
        }
        // Without a root there is an orphan or a circle, unless there is nothing at all.
        if self.loose.is_empty() {
            found.push(Violation::new(TraceRule::Root, 1, "", "no document"));
        }
    }
}
