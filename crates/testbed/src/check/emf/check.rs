//! The checker: the root of a line and its metadata.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    directive::{self, Line},
    extracted::Emf,
    report::Report,
    rules::EmfRule,
};
use crate::check::{Json, JsonFlaw, Number, Object, Violations, parse, path};

const DAY: i64 = 24 * 60 * 60 * 1000;
const HOUR: i64 = 60 * 60 * 1000;

/// Checks lines in the Embedded Metric Format.
///
/// ```
/// use testbed::check::emf::EmfCheck;
///
/// let line = r#"{"_aws":{"Timestamp":1700000000500,"CloudWatchMetrics":[{"Namespace":"app",
///     "Dimensions":[["service"]],"Metrics":[{"Name":"orders","Unit":"Count"}]}]},
///     "service":"pay","orders":[1,2]}"#;
/// let emf = EmfCheck::new().assert(line);
/// assert_eq!(emf.named("orders")[0].values(), [(1.0, 1), (2.0, 1)]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct EmfCheck {
    max_bytes: usize,
    now: Option<i64>,
    values_and_counts: bool,
}

impl EmfCheck {
    /// 256 KiB: the older limit of the format, and what Lambda's way to CloudWatch is said
    /// to carry.
    pub const LAMBDA_BYTES: usize = 256 * 1024;

    /// 1 MB: the limit of a log event.
    pub const EVENT_BYTES: usize = 1024 * 1024;

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
        let line = line.strip_suffix('\n').unwrap_or(line);
        let mut report = Report::default();
        if line.len() > self.max_bytes {
            let found = format!("{} bytes of at most {}", line.len(), self.max_bytes);
            report.add(EmfRule::TooLong, "", &found);
        }
        let emf = self.root(line, &mut report);
        let emf = emf.unwrap_or_else(|| Emf::new(Object::default(), 0, Vec::new()));
        Violations::none_or(report.into_violations(), emf)
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

    /// `None` only together with a violation.
    fn root(&self, line: &str, report: &mut Report) -> Option<Emf> {
        if line.trim() != line {
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
        for (position, directive) in directives.iter().enumerate() {
            let at = path::item(at, position);
            metrics.extend(directive::check(directive, &at, &line, report));
        }
        Some(Emf::new(root, timestamp, metrics))
    }

    fn timestamp(&self, value: Option<&Json>, report: &mut Report) -> i64 {
        let at = "/_aws/Timestamp";
        let number = value.and_then(Json::as_number);
        let Some(timestamp) = number.and_then(Number::as_i64) else {
            report.wrong(EmfRule::Timestamp, at, value);
            return 0;
        };
        if let Some(now) = self.now {
            let window = now.saturating_sub(14 * DAY)..=now.saturating_add(2 * HOUR);
            if !window.contains(&timestamp) {
                let found = format!("{timestamp}, allowed {window:?}");
                report.add(EmfRule::TimestampWindow, at, &found);
            }
        }
        timestamp
    }
}

impl Default for EmfCheck {
    fn default() -> Self {
        Self::new()
    }
}
