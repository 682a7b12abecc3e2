//! What CloudWatch would extract from lines that passed.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::check::Object;

/// A line that passed: its members and its metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Emf {
    root: Object,
    timestamp: i64,
    metrics: Vec<Metric>,
}

impl Emf {
    pub(super) fn new(root: Object, timestamp: i64, metrics: Vec<Metric>) -> Self {
        Self {
            root,
            timestamp,
            metrics,
        }
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

/// The values of many lines, whatever the order in which they were written and however
/// they were spread over lines.
///
/// Two are equal if CloudWatch would show the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Samples(BTreeMap<MetricKey, BTreeMap<Value, u64>>);

impl Samples {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn add(&mut self, key: MetricKey, value: f64) {
        self.add_many(key, value, 1);
    }

    fn add_many(&mut self, key: MetricKey, value: f64, count: u64) {
        *self
            .0
            .entry(key)
            .or_default()
            .entry(Value(value))
            .or_default() += count;
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of one metric with their counts, sorted.
    #[must_use]
    pub fn values(&self, key: &MetricKey) -> Vec<(f64, u64)> {
        let values = self.0.get(key).into_iter().flatten();
        values.map(|(value, count)| (value.0, *count)).collect()
    }
}

impl<'a> Extend<&'a Emf> for Samples {
    fn extend<I: IntoIterator<Item = &'a Emf>>(&mut self, lines: I) {
        for metric in lines.into_iter().flat_map(Emf::metrics) {
            for (value, count) in &metric.values {
                self.add_many(metric.key.clone(), *value, *count);
            }
        }
    }
}

impl<'a> FromIterator<&'a Emf> for Samples {
    fn from_iter<I: IntoIterator<Item = &'a Emf>>(lines: I) -> Self {
        let mut samples = Self::new();
        samples.extend(lines);
        samples
    }
}

/// A finite number, to be sorted.
#[derive(Debug, Clone, Copy)]
struct Value(f64);

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        // 0 and -0 are one value to CloudWatch.
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}
