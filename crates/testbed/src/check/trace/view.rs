//! A whole trace.

use std::fmt;

use super::node::Node;

/// The tree that the documents of one trace make.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    trace_id: String,
    roots: Vec<Node>,
}

impl Trace {
    pub(super) fn new(trace_id: String, roots: Vec<Node>) -> Self {
        Self { trace_id, roots }
    }

    /// The trace id.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The root, or all that hang from the given parent.
    #[must_use]
    pub fn roots(&self) -> &[Node] {
        &self.roots
    }

    /// How many segments and subsegments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roots.iter().map(Node::size).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// How many annotations all nodes have together. X-Ray indexes 50 of a trace.
    #[must_use]
    pub fn annotations(&self) -> usize {
        self.roots.iter().map(Node::annotations).sum()
    }

    /// The first node whose names, from a root down, are these.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        self.roots.iter().find_map(|root| root.find(path))
    }

    /// [`find`](Self::find) for a test that expects the node.
    ///
    /// # Panics
    ///
    /// If it is not there, with the tree.
    #[expect(clippy::must_use_candidate, reason = "to have asserted is enough")]
    pub fn assert_path(&self, path: &[&str]) -> &Node {
        self.find(path)
            .unwrap_or_else(|| panic!("no {} in the trace\n{self}", path.join(" > ")))
    }

    /// The node at `path` has this annotation.
    ///
    /// # Panics
    ///
    /// If there is no such node, or the annotation is missing or another, with the tree.
    pub fn assert_annotation(
        &self,
        path: &[&str],
        key: &str,
        expected: impl Into<serde_json::Value>,
    ) {
        let expected = expected.into();
        let found = self.assert_path(path).annotation(key);
        assert!(
            found.is_some_and(|found| *found == expected),
            "annotation {key:?} of {} is {}, not {expected}\n{self}",
            path.join(" > "),
            found.map_or("missing".to_owned(), ToString::to_string),
        );
    }
}

/// One line for each node, indented: name, flags, annotations.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trace {}", self.trace_id)?;
        self.roots.iter().try_for_each(|root| line(root, 1, f))
    }
}

fn line(node: &Node, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n{}{}", "  ".repeat(depth), node.name())?;
    for flag in ["error", "throttle", "fault"] {
        if node.flag(flag) {
            write!(f, " [{flag}]")?;
        }
    }
    if node.is_in_progress() {
        f.write_str(" [in progress]")?;
    }
    if let Some(annotations) = node.object().get("annotations") {
        write!(f, " {annotations}")?;
    }
    let mut children = node.children().iter();
    children.try_for_each(|child| line(child, depth + 1, f))
}
