//! The checker of documents.

use std::collections::{BTreeMap, HashSet};

use super::{
    annotations, blocks,
    members::{self, Kind, Members, Report, Table},
    node::Node,
    rules::TraceRule,
    times,
    tree::{self, Part},
    view::Trace,
};
use crate::check::{Json, JsonFlaw, Object, Violations, parse, path};

const LARGEST: usize = 64 * 1024;

const BOTH: Members = &[
    ("name", Kind::Checked),
    ("id", Kind::Checked),
    ("start_time", Kind::Checked),
    ("end_time", Kind::Checked),
    ("in_progress", Kind::Bool),
    ("trace_id", Kind::Checked),
    ("parent_id", Kind::Checked),
    ("type", Kind::Checked),
    ("error", Kind::Bool),
    ("throttle", Kind::Bool),
    ("fault", Kind::Bool),
    ("cause", Kind::Checked),
    ("http", Kind::Object),
    ("aws", Kind::Object),
    ("annotations", Kind::Object),
    ("metadata", Kind::Checked),
    ("subsegments", Kind::Checked),
    // X-Ray marks so what it made up itself, and the guide's examples have it.
    ("inferred", Kind::Bool),
    // OpenTelemetry's exporter sends them; neither the guide nor the schema has them.
    ("links", Kind::Array),
];

const SEGMENT: Members = &[
    ("service", Kind::Object),
    ("user", Kind::Text),
    ("origin", Kind::Text),
    ("resource_arn", Kind::Text),
];

const SUBSEGMENT: Members = &[
    ("namespace", Kind::Checked),
    ("precursor_ids", Kind::Ids),
    ("sql", Kind::Object),
    ("traced", Kind::Bool),
];

const DOCUMENT: Table = Table::new(BOTH).apart(SEGMENT, SUBSEGMENT);

/// Checks X-Ray documents and the trees that they make.
///
/// ```
/// use testbed::check::trace::TraceCheck;
///
/// let document = r###"{"name":"## handler","id":"70de5b6f19ff9a0a","type":"subsegment",
///     "trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"6226467e3f845502",
///     "start_time":1700000000.1,"end_time":1700000000.2,"annotations":{"ColdStart":true}}"###;
/// let trace = TraceCheck::new().parent("6226467e3f845502").assert_trace(&[document]);
/// trace.assert_annotation(&["## handler"], "ColdStart", true);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TraceCheck {
    parents: Vec<String>,
}

impl TraceCheck {
    /// A trace has one root, which has no parent.
    pub fn new() -> Self {
        Self::default()
    }

    /// The roots hang from this segment, which is not among the documents: on Lambda the
    /// `Parent` of the trace header. With several invocations every one has its own: call it
    /// for each.
    pub fn parent(mut self, id: impl Into<String>) -> Self {
        self.parents.push(id.into());
        self
    }

    /// Reads one document and lists every violation in it.
    ///
    /// # Errors
    ///
    /// If it breaks any rule for documents.
    pub fn document(&self, text: &str) -> Result<Node, Violations<TraceRule>> {
        let mut report = Report::new(1);
        let object = read(text, &mut report).unwrap_or_default();
        let parent = object.text("parent_id").map(str::to_owned);
        Violations::none_or(report.into_violations(), Node::new(object, parent))
    }

    /// [`document`](Self::document) for a test that expects no violation.
    ///
    /// # Panics
    ///
    /// If there is one, with all of them and the document.
    #[expect(clippy::must_use_candidate, reason = "to have asserted is enough")]
    pub fn assert_document(&self, text: &str) -> Node {
        self.document(text)
            .unwrap_or_else(|violations| violations.panic(&[text]))
    }

    /// Reads all documents of one trace, in the order in which they came, and puts them
    /// together.
    ///
    /// # Errors
    ///
    /// If a document breaks a rule, or all are good and make no tree.
    pub fn trace<T: AsRef<str>>(&self, documents: &[T]) -> Result<Trace, Violations<TraceRule>> {
        let parts = parts(documents)?;
        let mut found = Vec::new();
        let trace = tree::build(parts, &self.parents, &mut found);
        Violations::none_or(found, trace)
    }

    /// Reads the documents of several traces and gives each trace by its id.
    ///
    /// # Errors
    ///
    /// As [`trace`](Self::trace), for any of them.
    pub fn traces<T: AsRef<str>>(
        &self,
        documents: &[T],
    ) -> Result<BTreeMap<String, Trace>, Violations<TraceRule>> {
        let mut of: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        for part in parts(documents)? {
            of.entry(part.trace_id().to_owned()).or_default().push(part);
        }
        let mut found = Vec::new();
        let traces = of.into_iter();
        let traces = traces
            .map(|(id, parts)| (id, tree::build(parts, &self.parents, &mut found)))
            .collect();
        Violations::none_or(found, traces)
    }

    /// [`trace`](Self::trace) for a test that expects no violation.
    ///
    /// # Panics
    ///
    /// If there is one, with all of them and their documents.
    pub fn assert_trace<T: AsRef<str>>(&self, documents: &[T]) -> Trace {
        self.trace(documents).unwrap_or_else(|violations| {
            violations.panic(&documents.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        })
    }
}

fn parts<T: AsRef<str>>(documents: &[T]) -> Result<Vec<Part>, Violations<TraceRule>> {
    let mut found = Vec::new();
    let mut parts = Vec::new();
    for (position, text) in documents.iter().enumerate() {
        let line = position + 1;
        let mut report = Report::new(line);
        if let Some(object) = read(text.as_ref(), &mut report) {
            parts.push(Part { line, object });
        }
        found.extend(report.into_violations());
    }
    Violations::none_or(found, parts)
}

fn read(text: &str, report: &mut Report) -> Option<Object> {
    if text.len() > LARGEST {
        report.add(TraceRule::TooLarge, "", &format!("{} bytes", text.len()));
    }
    let (value, flaws) = parse(text);
    for flaw in flaws {
        match flaw {
            JsonFlaw::Syntax(path, why) => report.add(TraceRule::NotJson, &path, &why),
            JsonFlaw::TooDeep(path) => report.add(TraceRule::NotJson, &path, "too deep"),
            JsonFlaw::DuplicateKey(path) => report.add(TraceRule::DuplicateKey, &path, ""),
        }
    }
    let object = match value? {
        Json::Object(object) => object,
        other => {
            report.add(TraceRule::NotAnObject, "", &other.to_string());
            return None;
        }
    };
    let mut reader = Reader {
        trace_id: object.text("trace_id").unwrap_or_default(),
        ids: HashSet::new(),
        annotations: 0,
        report,
    };
    reader.alone(&object);
    let annotations = reader.annotations;
    if annotations > annotations::MOST {
        let found = format!("{annotations} in the document");
        report.add(TraceRule::AnnotationCount, "/annotations", &found);
    }
    Some(object)
}

/// Walks one document.
struct Reader<'a> {
    trace_id: &'a str,
    ids: HashSet<String>,
    annotations: usize,
    report: &'a mut Report,
}

impl Reader<'_> {
    /// A document that is sent: a segment, or a subsegment alone.
    fn alone(&mut self, object: &Object) {
        let is_subsegment = object.get("type").is_some();
        if !is_trace_id(self.trace_id) {
            let found = object.get("trace_id");
            self.report.wrong(TraceRule::TraceId, "/trace_id", found);
        }
        let parent = object.get("parent_id");
        let has_parent = parent.and_then(Json::as_text).is_some_and(members::is_id);
        if !has_parent && (is_subsegment || parent.is_some()) {
            self.report.wrong(TraceRule::ParentId, "/parent_id", parent);
        }
        self.common(object, "", is_subsegment);
    }

    fn nested(&mut self, object: &Object, at: &str, parent: &str) {
        for (key, expected) in [("parent_id", parent), ("trace_id", self.trace_id)] {
            let found = object.get(key);
            if found.is_some() && object.text(key) != Some(expected) {
                let at = path::step(at, key);
                self.report.wrong(TraceRule::NestedParent, &at, found);
            }
        }
        self.common(object, at, true);
    }

    fn common(&mut self, object: &Object, at: &str, is_subsegment: bool) {
        self.members(object, at, is_subsegment);
        self.name(object, at, is_subsegment);
        let id = object.get("id");
        match id.and_then(Json::as_text) {
            Some(id) if members::is_id(id) => {
                if !self.ids.insert(id.to_owned()) {
                    self.report
                        .add(TraceRule::IdRepeated, &path::step(at, "id"), id);
                }
            }
            _ => self.report.wrong(TraceRule::Id, &path::step(at, "id"), id),
        }
        times::check(object, at, self.report);
        blocks::check(object, at, is_subsegment, self.report);
        self.annotations += annotations::check(object, at, self.report);
        let id = object.text("id").unwrap_or_default();
        let at = path::step(at, "subsegments");
        for (child, at) in blocks::objects(object.get("subsegments"), &at, self.report) {
            self.nested(child, &at, id);
        }
    }

    fn members(&mut self, object: &Object, at: &str, is_subsegment: bool) {
        members::check(object, at, DOCUMENT, is_subsegment, self.report);
        for (key, value) in object.iter() {
            let at = path::step(at, key);
            let expected: (TraceRule, &[&str]) = match key {
                "type" => (TraceRule::Type, &["subsegment"]),
                "namespace" if is_subsegment => (TraceRule::Namespace, &["aws", "remote", "local"]),
                _ => continue,
            };
            if !value
                .as_text()
                .is_some_and(|text| expected.1.contains(&text))
            {
                self.report.add(expected.0, &at, &value.to_string());
            }
        }
    }

    fn name(&mut self, object: &Object, at: &str, is_subsegment: bool) {
        let at = path::step(at, "name");
        let Some(name) = object.text("name") else {
            return self.report.wrong(TraceRule::Name, &at, object.get("name"));
        };
        let most = if is_subsegment { 250 } else { 200 };
        let length = name.chars().count();
        if !(1..=most).contains(&length) {
            let found = format!("{length} characters, 1 to {most} allowed");
            self.report.add(TraceRule::NameLength, &at, &found);
        }
        let allowed = |char: char| {
            char.is_alphanumeric()
                || (char.is_whitespace() && !char.is_control())
                || "_.:/%&#=+-@".contains(char)
        };
        // The schema leaves a subsegment's name open.
        if !is_subsegment && !name.chars().all(allowed) {
            self.report.add(TraceRule::NameCharacters, &at, name);
        }
    }
}

fn is_trace_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], ["1", time, rest]
        if members::is_hex(time, 8) && members::is_hex(rest, 24))
}
