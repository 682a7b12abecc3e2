//! A segment or subsegment with those under it.

use crate::check::{Json, Object};

/// One segment or subsegment of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    object: Object,
    parent: Option<String>,
    children: Vec<Self>,
}

impl Node {
    pub(super) fn new(object: Object, parent: Option<String>) -> Self {
        Self {
            object,
            parent,
            children: Vec::new(),
        }
    }

    pub(super) fn with_children(mut self, mut children: Vec<Self>) -> Self {
        children.sort_by(|a, b| a.start_time().total_cmp(&b.start_time()));
        self.children = children;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.object.text("name").unwrap_or_default()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.object.text("id").unwrap_or_default()
    }

    /// The id of the parent: its own `parent_id`, or the segment that it is nested in.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn start_time(&self) -> f64 {
        let time = self.object.get("start_time").and_then(Json::as_f64);
        time.unwrap_or_default()
    }

    /// Seconds since the epoch; `None` if it is in progress.
    #[must_use]
    pub fn end_time(&self) -> Option<f64> {
        self.object.get("end_time").and_then(Json::as_f64)
    }

    /// Whether its complete document never came.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.end_time().is_none()
    }

    /// Whether a flag is set: `error`, `throttle` or `fault`.
    #[must_use]
    pub fn flag(&self, flag: &str) -> bool {
        self.object.get(flag).and_then(Json::as_bool) == Some(true)
    }

    /// An annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&Json> {
        self.object.get("annotations")?.as_object()?.get(key)
    }

    /// An entry of the metadata.
    #[must_use]
    pub fn metadata(&self, namespace: &str, key: &str) -> Option<&Json> {
        let metadata = self.object.get("metadata")?.as_object()?;
        metadata.get(namespace)?.as_object()?.get(key)
    }

    /// The document itself, nested subsegments included.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Those under it, by their start.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// How many nodes there are from here down, this one included.
    pub(super) fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// How many annotations there are from here down.
    pub(super) fn annotations(&self) -> usize {
        let own = self.object.get("annotations").and_then(Json::as_object);
        let below: usize = self.children.iter().map(Self::annotations).sum();
        own.map_or(0, Object::len) + below
    }

    pub(super) fn find(&self, path: &[&str]) -> Option<&Self> {
        let (first, rest) = path.split_first()?;
        if self.name() != *first {
            return None;
        }
        if rest.is_empty() {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(rest))
    }
}
