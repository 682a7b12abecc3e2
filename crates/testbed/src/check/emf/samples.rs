//! The values of many lines.

use std::{cmp::Ordering, collections::BTreeMap, fmt};

use super::{Emf, MetricKey};

/// The values of many lines, whatever the order in which they were written and however
/// they were spread over lines.
///
/// Two are equal if each metric has the same values at the same milliseconds. Where the code
/// under test asks a real clock, compare them [without their times](Self::ignoring_time).
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
        let values = self.0.entry(key).or_default();
        let known = values.entry(Value(value)).or_default();
        *known = known.saturating_add(count);
    }

    /// The same values, all at the epoch, where [`MetricKey::new`] puts them.
    #[must_use]
    pub fn ignoring_time(&self) -> Self {
        let mut same = Self::new();
        for (key, value, count) in self.iter() {
            same.add_many(key.clone().with_timestamp(0), value, count);
        }
        same
    }

    /// Each metric and value with its count, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&MetricKey, f64, u64)> {
        let metrics = self.0.iter();
        metrics.flat_map(|(key, values)| values.iter().map(move |(v, count)| (key, v.0, *count)))
    }

    /// What is left without the values of `other`: those that it has not, or less often.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Self::new();
        for (key, value, count) in self.iter() {
            let known = other
                .0
                .get(key)
                .and_then(|values| values.get(&Value(value)));
            let count = count.saturating_sub(known.copied().unwrap_or_default());
            if count > 0 {
                left.add_many(key.clone(), value, count);
            }
        }
        left
    }

    /// These are the expected values.
    ///
    /// # Panics
    ///
    /// If not, with those that are missing and those that are too many.
    pub fn assert_same_as(&self, expected: &Self) {
        let missing = expected.without(self);
        let extra = self.without(expected);
        assert!(
            missing.is_empty() && extra.is_empty(),
            "missing:{missing}\nnot expected:{extra}"
        );
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        let counts = self.0.values().flat_map(BTreeMap::values);
        counts.fold(0, |sum, count| sum.saturating_add(*count))
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
            for (value, count) in metric.values() {
                self.add_many(metric.key().clone(), *value, *count);
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

/// One line for each metric and value.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value, count) in self.iter() {
            write!(f, "\n  {count} x {value} {} of {}", key.unit(), key.name())?;
            write!(f, " in {} {:?}", key.namespace(), key.dimensions())?;
            write!(f, ", {} s, at {}", key.resolution(), key.timestamp())?;
        }
        Ok(())
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
