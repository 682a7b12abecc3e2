//! What CloudWatch would extract from lines that passed.

use crate::check::Object;

/// A line that passed: its members and its metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Emf {
    line: usize,
    root: Object,
    timestamp: i64,
    metrics: Vec<Metric>,
}

impl Emf {
    pub(super) fn new(line: usize, root: Object, timestamp: i64, metrics: Vec<Metric>) -> Self {
        Self {
            line,
            root,
            timestamp,
            metrics,
        }
    }

    /// Its number in the output, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// All members of the line, `_aws` among them.
    #[must_use]
    pub fn root(&self) -> &Object {
        &self.root
    }

    /// The time in milliseconds.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Each metric once for each dimension set, in the order of the line.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The metrics of this name, one for each of its dimension sets.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<&Metric> {
        let metrics = self.metrics.iter();
        metrics.filter(|metric| metric.key.name == name).collect()
    }
}

/// Which metric a value belongs to, and the time and unit it was sent with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricKey {
    namespace: String,
    dimensions: Vec<(String, String)>,
    name: String,
    unit: String,
    resolution: u32,
    timestamp: i64,
}

impl MetricKey {
    /// A metric without unit, of 60 seconds, at the epoch. The order of the dimensions does
    /// not matter.
    #[must_use]
    pub fn new<K: Into<String>, V: Into<String>>(
        namespace: &str,
        dimensions: impl IntoIterator<Item = (K, V)>,
        name: &str,
    ) -> Self {
        let dimensions = dimensions.into_iter();
        let mut dimensions: Vec<(String, String)> = dimensions
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        dimensions.sort_unstable();
        Self {
            namespace: namespace.to_owned(),
            dimensions,
            name: name.to_owned(),
            unit: "None".to_owned(),
            resolution: 60,
            timestamp: 0,
        }
    }

    /// The same with this unit.
    #[must_use]
    pub fn with_unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    /// The same with this resolution in seconds.
    #[must_use]
    pub fn with_resolution(mut self, seconds: u32) -> Self {
        self.resolution = seconds;
        self
    }

    /// The same at this time in milliseconds.
    #[must_use]
    pub fn with_timestamp(mut self, milliseconds: i64) -> Self {
        self.timestamp = milliseconds;
        self
    }

    /// What makes it one metric within a line: namespace, dimensions, name.
    pub(super) fn identity(&self) -> (String, Vec<(String, String)>, String) {
        let Self {
            namespace,
            dimensions,
            name,
            ..
        } = self.clone();
        (namespace, dimensions, name)
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Names and values of the dimensions, sorted by name.
    #[must_use]
    pub fn dimensions(&self) -> &[(String, String)] {
        &self.dimensions
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The unit; `None` spelled out if the line has none.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// 1 or 60 seconds.
    #[must_use]
    pub fn resolution(&self) -> u32 {
        self.resolution
    }

    /// The time in milliseconds.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }
}

/// A metric with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    key: MetricKey,
    values: Vec<(f64, u64)>,
}

impl Metric {
    pub(super) fn new(key: MetricKey, values: Vec<(f64, u64)>) -> Self {
        Self { key, values }
    }

    /// Which metric it is.
    #[must_use]
    pub fn key(&self) -> &MetricKey {
        &self.key
    }

    /// Each value and how often it was seen, in the order of the line.
    #[must_use]
    pub fn values(&self) -> &[(f64, u64)] {
        &self.values
    }
}
