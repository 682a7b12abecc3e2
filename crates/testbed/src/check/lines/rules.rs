//! The rules for log lines.

use crate::check::rule::rules;

rules! {
    /// What a log line has to be.
    ///
    /// *Ours* marks a rule that no public source states.
    pub enum LineRule {
        /// The bytes are UTF-8.
        NotUtf8 = "not-utf-8",
        /// The last line ends with a newline as well: one write is one whole line.
        NoNewline = "no-newline",
        /// No line is empty.
        EmptyLine = "empty-line",
        /// No raw character below U+0020 stands in a line, no tab and no carriage return.
        ControlCharacter = "control-character",
        /// Nothing, not even a space, stands before or after the object.
        SurroundingSpace = "surrounding-space",
        /// The line is JSON.
        NotJson = "not-json",
        /// The JSON is an object.
        NotAnObject = "not-an-object",
        /// No object has a key twice, at any depth.
        DuplicateKey = "duplicate-key",
        /// At most 128 levels.
        TooDeep = "too-deep",
        /// The line without its newline fits the limit. The platform would cut it.
        TooLong = "too-long",
        /// `timestamp` is RFC 3339. Lambda takes a line with another timestamp for an INFO line.
        Timestamp = "timestamp",
        /// `timestamp` is in UTC with milliseconds, `2023-11-14T22:13:20.500Z`, unless
        /// [`any_rfc_3339`](super::LineCheck::any_rfc_3339) is set. *Ours*: one spelling sorts
        /// as text.
        TimestampSpelling = "timestamp-spelling",
        /// `level` is a word of Lambda's: TRACE, DEBUG, INFO, WARN, ERROR or FATAL.
        Level = "level",
    }
}
