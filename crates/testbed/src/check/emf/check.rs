//! The checker: the root of a line and its metadata.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    directive::{self, Line},
    extracted::Emf,
    report::Report,
    rules::EmfRule,
};
use crate::check::{Json, JsonFlaw, Number, Object, Violation, Violations, parse, path, size};

const DAY: i64 = 24 * 60 * 60 * 1000;
const HOUR: i64 = 60 * 60 * 1000;

/// Checks lines in the Embedded Metric Format.
///
/// ```
/// use testbed::check::emf::EmfCheck;
///
/// let line = r#"{"_aws":{"Timestamp":1700000000500,"CloudWatchMetrics":[{"Namespace":"app","Dimensions":[[]],"Metrics":[{"Name":"orders"}]}]},"orders":[1,2]}"#;
/// let emf = EmfCheck::new().assert(line);
/// assert_eq!(emf.named("orders")[0].values(), [(1.0, 1), (2.0, 1)]);
///
/// let output = format!("{{\"message\":\"hello\"}}\n{line}\n");
/// assert_eq!(EmfCheck::new().assert_lines(output)[0].line(), 2);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct EmfCheck {
    max_bytes: usize,
    now: Option<i64>,
    values_and_counts: bool,
}

impl EmfCheck {
    /// 256 KiB less the 26 bytes that are counted for each event: the older limit of the
    /// format, and what Lambda's way to CloudWatch is said to carry.
    pub const LAMBDA_BYTES: usize = size::LAMBDA_BYTES;

    /// 1 MiB less 26 bytes: the limit of a log event.
    pub const EVENT_BYTES: usize = size::EVENT_BYTES;

    /// Every rule except the timestamp's window, which needs [`now`](Self::now); the limit is
    /// [`LAMBDA_BYTES`](Self::LAMBDA_BYTES).
    pub fn new() -> Self {
        Self {
            max_bytes: Self::LAMBDA_BYTES,
            now: None,
            values_and_counts: false,
        }
    }

    /// Another limit for the line without its newline.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Holds the timestamp against this time.
    pub fn now(mut self, now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.now = Some(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        self
    }

    /// Whether a metric may be `{"Values":[],"Counts":[]}`, which the format's page does not
    /// know.
    pub fn values_and_counts(mut self, allowed: bool) -> Self {
        self.values_and_counts = allowed;
        self
    }

    /// Reads one line, with or without its newline, and lists every violation in it.
    ///
    /// # Errors
    ///
    /// If the line breaks any rule.
    pub fn check(&self, line: &str) -> Result<Emf, Violations<EmfRule>> {
        let mut found = Vec::new();
        let emf = self.line(line.as_bytes(), 1, &mut found);
        Violations::none_or(found, emf)
    }

    /// [`check`](Self::check) for a test that expects no violation.
    ///
    /// # Panics
    ///
    /// If there is one, with all of them and the line.
    #[expect(clippy::must_use_candidate, reason = "to have asserted is enough")]
    pub fn assert(&self, line: &str) -> Emf {
        self.check(line)
            .unwrap_or_else(|violations| violations.panic(&[line]))
    }

    /// Reads an output of several kinds of lines and checks those of the format: every line
    /// with `"_aws"` in it, unless it is an object with no such member at its root.
    ///
    /// # Errors
    ///
    /// If any of them breaks any rule. The violations have the lines' numbers in the output.
    pub fn lines(&self, output: impl AsRef<[u8]>) -> Result<Vec<Emf>, Violations<EmfRule>> {
        let mut found = Vec::new();
        let mut lines = Vec::new();
        let output = output.as_ref().split_inclusive(|byte| *byte == b'\n');
        for (position, line) in output.enumerate() {
            if is_meant_as_emf(line) {
                lines.push(self.line(line, position + 1, &mut found));
            }
        }
        Violations::none_or(found, lines)
    }

    /// [`lines`](Self::lines) for a test that expects no violation.
    ///
    /// # Panics
    ///
    /// If there is one, with all of them and their lines.
    pub fn assert_lines(&self, output: impl AsRef<[u8]>) -> Vec<Emf> {
        let output = output.as_ref();
        self.lines(output).unwrap_or_else(|violations| {
            let text = String::from_utf8_lossy(output);
            violations.panic(&text.split('\n').collect::<Vec<_>>())
        })
    }

    fn line(&self, line: &[u8], number: usize, found: &mut Vec<Violation<EmfRule>>) -> Emf {
        let mut report = Report::new(number);
        if let Some(shown) = size::too_long(line, self.max_bytes) {
            report.add(EmfRule::TooLong, "", &shown);
        }
        let emf = match std::str::from_utf8(line) {
            Ok(line) => self.root(line.strip_suffix('\n').unwrap_or(line), number, &mut report),
            Err(error) => {
                report.add(EmfRule::NotJson, "", &error.to_string());
                None
            }
        };
        found.extend(report.into_violations());
        emf.unwrap_or_else(|| Emf::new(number, Object::default(), 0, Vec::new()))
    }

    /// `None` only together with a violation.
    fn root(&self, line: &str, number: usize, report: &mut Report) -> Option<Emf> {
        if let Some(char) = line.chars().find(|char| *char < ' ') {
            report.add(EmfRule::ControlCharacter, "", &char.to_string());
        }
        if line.trim_matches(' ') != line {
            report.add(EmfRule::Surrounded, "", line);
        }
        let (value, flaws) = parse(line);
        for flaw in flaws {
            match flaw {
                JsonFlaw::Syntax(path, why) => report.add(EmfRule::NotJson, &path, &why),
                JsonFlaw::TooDeep(path) => report.add(EmfRule::NotJson, &path, "too deep"),
                JsonFlaw::DuplicateKey(path) => report.add(EmfRule::DuplicateKey, &path, ""),
            }
        }
        let root = match value? {
            Json::Object(root) => root,
            other => {
                report.add(EmfRule::RootObject, "", &other.to_string());
                return None;
            }
        };
        let Some(aws) = root.get("_aws").and_then(Json::as_object) else {
            report.wrong(EmfRule::Aws, "/_aws", root.get("_aws"));
            return None;
        };
        let timestamp = self.timestamp(aws.get("Timestamp"), report);
        let at = "/_aws/CloudWatchMetrics";
        let Some(directives) = aws.get("CloudWatchMetrics").and_then(Json::as_array) else {
            report.wrong(EmfRule::Directives, at, aws.get("CloudWatchMetrics"));
            return None;
        };
        let line = Line {
            root: &root,
            timestamp,
            metrics: directives
                .iter()
                .flat_map(directive::metric_names)
                .collect(),
            dimensions: directives
                .iter()
                .flat_map(directive::dimension_names)
                .collect(),
            values_and_counts: self.values_and_counts,
        };
        let mut metrics = Vec::new();
        let mut seen = HashSet::new();
        for (position, directive) in directives.iter().enumerate() {
            let at = path::item(at, position);
            let read = directive::check(directive, &at, &line, report);
            // Within the directive they are already reported.
            let keys: HashSet<_> = read.iter().map(|metric| metric.key().identity()).collect();
            for (_, _, name) in keys.intersection(&seen) {
                report.add(EmfRule::MetricRepeated, &at, name);
            }
            seen.extend(keys);
            metrics.extend(read);
        }
        Some(Emf::new(number, root, timestamp, metrics))
    }

    fn timestamp(&self, value: Option<&Json>, report: &mut Report) -> i64 {
        let at = "/_aws/Timestamp";
        let number = value.and_then(Json::as_number);
        let Some(timestamp) = number.and_then(Number::as_i64) else {
            report.wrong(EmfRule::Timestamp, at, value);
            return 0;
        };
        let Some(now) = self.now else {
            if !(1_000_000_000_000..10_000_000_000_000).contains(&timestamp) {
                report.wrong(EmfRule::EpochMilliseconds, at, value);
            }
            return timestamp;
        };
        let window = now.saturating_sub(14 * DAY)..=now.saturating_add(2 * HOUR);
        if !window.contains(&timestamp) {
            let found = format!("{timestamp}, allowed {window:?}");
            report.add(EmfRule::TimestampWindow, at, &found);
        }
        timestamp
    }
}

fn is_meant_as_emf(line: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"_aws\"";
    if !line.windows(MEMBER.len()).any(|part| part == MEMBER) {
        return false;
    }
    // What cannot be read counts as meant: it may be half a line.
    let text = std::str::from_utf8(line).unwrap_or_default();
    let read = parse(text).0;
    let root = read.as_ref().and_then(Json::as_object);
    root.is_none_or(|root| root.get("_aws").is_some())
}

impl Default for EmfCheck {
    fn default() -> Self {
        Self::new()
    }
}
