use std::fmt;

use tracing::Level;

use crate::out::Out;

/// Another shape of the line, for [`LoggerBuilder::formatter`](crate::LoggerBuilder::formatter).
///
/// ```
/// use powertools_logger::{LogFormatter, LogRecord, LoggerLayer};
///
/// /// `INFO hello`
/// struct Short;
///
/// impl LogFormatter for Short {
///     fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
///         let message = record.get("message").unwrap_or_default();
///         line.extend_from_slice(format!("{} {message}", record.level()).as_bytes());
///     }
/// }
///
/// let logger = LoggerLayer::builder().formatter(Short).build()?;
/// # let _ = logger;
/// # Ok::<(), powertools_logger::LoggerConfigError>(())
/// ```
pub trait LogFormatter: Send + Sync {
    /// Writes the line, without its end.
    ///
    /// It must not log. If it panics, writes nothing, or writes more than
    /// [a line may have](crate::LoggerBuilder::max_line_bytes), the line has the usual shape.
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>);
}

/// A line before it is written: its members, in their order, cut and redacted already.
pub struct LogRecord<'a> {
    level: Level,
    out: &'a Out,
}

impl<'a> LogRecord<'a> {
    pub(crate) fn new(level: Level, out: &'a Out) -> Self {
        Self { level, out }
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The line in its usual shape: one JSON object.
    #[must_use]
    pub fn json(&self) -> &'a str {
        text(self.out.json())
    }

    /// The value of a member, as JSON.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.members()
            .find(|(member, _)| *member == name)
            .map(|(_, value)| value)
    }

    /// The members: names, escaped as in JSON, and values, which are JSON.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.out
            .members()
            .map(|(name, value)| (text(name), text(value)))
    }
}

/// Everything that was written came as text.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl fmt::Debug for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRecord")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// The shape that Datadog reads without a pipeline: the usual line, and for an error also
/// `error`, with `kind`, `message` and `stack`, unless there is a field of that name. Where
/// the line has no room for `stack` or `message` a second time, they are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct DatadogFormatter;

impl LogFormatter for DatadogFormatter {
    fn format(&self, record: &LogRecord<'_>, line: &mut Vec<u8>) {
        let json = record.json().as_bytes();
        let kind = record.get("exception_name");
        // A field of the user's has the name already.
        let Some(kind) = kind.filter(|_| record.get("error").is_none()) else {
            return line.extend_from_slice(json);
        };
        // Without its last brace, which comes again.
        line.extend_from_slice(&json[..json.len() - 1]);
        line.extend_from_slice(b",\"error\":{\"kind\":");
        line.extend_from_slice(kind.as_bytes());
        for (name, key) in [("message", "message"), ("stack", "exception")] {
            if let Some(value) = record.get(key) {
                let before = line.len();
                line.extend_from_slice(format!(",\"{name}\":").as_bytes());
                line.extend_from_slice(value.as_bytes());
                // With the end, which is longer by the line feed.
                if line.len() + 3 > record.out.max() {
                    line.truncate(before);
                }
            }
        }
        line.extend_from_slice(b"}}");
    }
}
