//! Puts documents together.

use std::collections::{HashMap, HashSet};

use super::{annotations, node::Node, rules::TraceRule, view::Trace};
use crate::check::{Json, Object, Violation, path};

/// A good document and its number.
pub(super) struct Part {
    pub(super) line: usize,
    pub(super) object: Object,
}

/// A segment or subsegment, taken out of the document that it came in.
struct Loose {
    line: usize,
    path: String,
    node: Node,
}

/// Builds the tree of good documents. `parent` is what the roots hang from.
pub(super) fn build(
    parts: Vec<Part>,
    parent: Option<&str>,
    found: &mut Vec<Violation<TraceRule>>,
) -> Trace {
    let trace_id = trace_id(&parts, found);
    let loose = unique(parts, found);
    let annotated: usize = loose
        .iter()
        .map(|loose| annotation_count(&loose.node))
        .sum();
    if annotated > annotations::MOST {
        let shown = format!("{annotated} in all documents");
        found.push(Violation::new(TraceRule::AnnotationCount, 1, "", &shown));
    }
    let mut forest = Forest::new(&loose, parent);
    let roots: Vec<Node> = forest
        .roots
        .clone()
        .iter()
        .map(|root| forest.grow(*root))
        .collect();
    forest.judge(parent, found);
    Trace::new(trace_id, roots)
}

fn annotation_count(node: &Node) -> usize {
    let annotations = node.object().get("annotations").and_then(Json::as_object);
    annotations.map_or(0, Object::len)
}

fn trace_id(parts: &[Part], found: &mut Vec<Violation<TraceRule>>) -> String {
    let of = |part: &Part| part.object.text("trace_id").unwrap_or_default().to_owned();
    let first = parts.first().map(of).unwrap_or_default();
    for part in parts {
        let other = of(part);
        if other != first {
            let rule = TraceRule::TraceIdsDiffer;
            found.push(Violation::new(rule, part.line, "/trace_id", &other));
        }
    }
    first
}

/// Everything with its own id. A complete document takes the place of the one in progress.
fn unique(parts: Vec<Part>, found: &mut Vec<Violation<TraceRule>>) -> Vec<Loose> {
    let mut all: Vec<Loose> = Vec::new();
    for part in parts {
        let parent = part.object.text("parent_id").map(str::to_owned);
        let node = Node::new(part.object, parent);
        let known = all.iter().find(|loose| loose.node.id() == node.id());
        if let Some(replaced) = known
            && replaced.node.is_in_progress()
            && !node.is_in_progress()
        {
            let line = replaced.line;
            all.retain(|loose| loose.line != line);
        }
        loosen(node, part.line, "", &mut all, found);
    }
    all
}

fn loosen(
    node: Node,
    line: usize,
    at: &str,
    all: &mut Vec<Loose>,
    found: &mut Vec<Violation<TraceRule>>,
) {
    if all.iter().any(|loose| loose.node.id() == node.id()) {
        let at = path::step(at, "id");
        found.push(Violation::new(TraceRule::IdTwice, line, at, node.id()));
        return;
    }
    let id = node.id().to_owned();
    let nested = node.object().get("subsegments").and_then(Json::as_array);
    let nested: Vec<Object> = nested
        .unwrap_or_default()
        .iter()
        .filter_map(|child| child.as_object().cloned())
        .collect();
    all.push(Loose {
        line,
        path: at.to_owned(),
        node,
    });
    for (position, child) in nested.into_iter().enumerate() {
        let at = path::item(&path::step(at, "subsegments"), position);
        loosen(Node::new(child, Some(id.clone())), line, &at, all, found);
    }
}

struct Forest<'a> {
    loose: &'a [Loose],
    children: HashMap<&'a str, Vec<usize>>,
    roots: Vec<usize>,
    orphans: Vec<usize>,
    reached: HashSet<usize>,
}

impl<'a> Forest<'a> {
    fn new(loose: &'a [Loose], given: Option<&str>) -> Self {
        let ids: HashSet<&str> = loose.iter().map(|loose| loose.node.id()).collect();
        let mut forest = Self {
            loose,
            children: HashMap::new(),
            roots: Vec::new(),
            orphans: Vec::new(),
            reached: HashSet::new(),
        };
        for (position, loose) in loose.iter().enumerate() {
            match loose.node.parent_id() {
                None => forest.roots.push(position),
                parent if parent == given => forest.roots.push(position),
                Some(parent) if ids.contains(parent) => {
                    forest.children.entry(parent).or_default().push(position);
                }
                Some(_) => forest.orphans.push(position),
            }
        }
        forest
    }

    fn grow(&mut self, position: usize) -> Node {
        self.reached.insert(position);
        let node = &self.loose[position].node;
        let children = self.children.remove(node.id()).unwrap_or_default();
        let children = children.into_iter().map(|child| self.grow(child)).collect();
        node.clone().with_children(children)
    }

    fn judge(mut self, given: Option<&str>, found: &mut Vec<Violation<TraceRule>>) {
        let mut broken = |rule, loose: &Loose, shown: &str| {
            found.push(Violation::new(rule, loose.line, loose.path.clone(), shown));
        };
        for position in self.orphans.clone() {
            // What hangs from an orphan is no orphan itself.
            let node = self.grow(position);
            let parent = node.parent_id().unwrap_or_default();
            let shown = format!("{:?} has no parent {parent}", node.name());
            broken(TraceRule::Orphan, &self.loose[position], &shown);
        }
        for (position, loose) in self.loose.iter().enumerate() {
            if !self.reached.contains(&position) {
                broken(TraceRule::Circle, loose, loose.node.name());
            }
        }
        for (number, position) in self.roots.iter().enumerate() {
            let loose = &self.loose[*position];
            let good = match given {
                Some(_) => loose.node.parent_id() == given,
                None => number == 0,
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
