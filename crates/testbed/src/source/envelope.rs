//! Puts records into an event, as many as Lambda's payload limit allows.

/// Lambda's limit for the payload of a synchronous invocation.
pub(crate) const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Where the simulated sources are.
pub(crate) const REGION: &str = "us-east-1";

const EMPTY: usize = r#"{"Records":[]}"#.len();

/// Whether an event that has `extra` bytes beside its records has room for this one alone.
pub(crate) fn has_room(record: &str, extra: usize) -> bool {
    EMPTY + extra + record.len() <= MAX_PAYLOAD
}

/// The records of an event that is being put together.
#[derive(Debug)]
pub(crate) struct Envelope {
    records: Vec<String>,
    size: usize,
}

impl Envelope {
    /// An event that has `extra` bytes beside its records.
    pub(crate) fn new(extra: usize) -> Self {
        Self {
            records: Vec::new(),
            size: EMPTY + extra,
        }
    }

    /// Adds a record; `false` if it does not fit. The first one always fits: a source takes
    /// none in that alone is too large.
    pub(crate) fn add(&mut self, record: String) -> bool {
        let size = self.size + record.len() + usize::from(!self.records.is_empty());
        if size > MAX_PAYLOAD && !self.records.is_empty() {
            return false;
        }
        self.size = size;
        self.records.push(record);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn records(&self) -> &[String] {
        &self.records
    }
}

/// The event, with `rest` after the records: nothing, or fields with a comma before each.
pub(crate) fn event<S: AsRef<str>>(records: &[S], rest: &str) -> String {
    let records: Vec<&str> = records.iter().map(AsRef::as_ref).collect();
    format!("{{\"Records\":[{}]{rest}}}", records.join(","))
}
