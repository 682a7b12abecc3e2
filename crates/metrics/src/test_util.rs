//! For tests of your own metrics: a sink that keeps what it is given.
//!
//! ```
//! use powertools_metrics::{MetricsLayer, Unit, test_util::CapturedMetrics};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = CapturedMetrics::default();
//! let layer = MetricsLayer::builder().namespace("shop").sink(captured.clone()).build()?;
//!
//! let metrics = layer.metrics();
//! metrics.add("OrdersPlaced", Unit::Count, 2);
//! metrics.with_dimensions([("tier", "gold")]).add("OrdersPlaced", Unit::Count, 3);
//! metrics.flush()?;
//!
//! let orders = captured.metric("OrdersPlaced");
//! assert_eq!(orders.sum(), 5.0);
//! assert_eq!(orders.with_dimension("tier", "gold").values(), [3.0]);
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use crate::{Blob, MetricsError, MetricsSink, Resolution, Unit};

/// A sink that keeps every value. Clones share what was captured.
/// As EMF, it refuses what has no namespace.
#[derive(Clone, Default)]
pub struct CapturedMetrics(Arc<Mutex<Captured>>);

#[derive(Default)]
struct Captured {
    blobs: usize,
    values: Vec<CapturedValue>,
    metadata: Vec<(String, serde_json::Value)>,
}

/// One value, with all that went with it.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedValue {
    namespace: String,
    name: String,
    unit: Unit,
    resolution: Resolution,
    value: f64,
    dimension_sets: Vec<Vec<(String, String)>>,
    timestamp: SystemTime,
    blob: usize,
}

impl CapturedMetrics {
    /// The values of a metric, in the order they were recorded; none if it was not.
    #[must_use]
    pub fn metric(&self, name: &str) -> CapturedMetric {
        let captured = self.captured();
        let values = captured.values.iter();
        CapturedMetric(values.filter(|value| value.name == name).cloned().collect())
    }

    /// The names of all metrics, each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for value in &self.captured().values {
            if !names.contains(&value.name) {
                names.push(value.name.clone());
            }
        }
        names
    }

    /// Metadata of this name, in the order of the blobs.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Vec<serde_json::Value> {
        let captured = self.captured();
        let metadata = captured.metadata.iter().filter(|(known, _)| known == name);
        metadata.map(|(_, value)| value.clone()).collect()
    }

    /// How many blobs there were: each is a line of EMF, unless it is too long for one.
    #[must_use]
    pub fn blobs(&self) -> usize {
        self.captured().blobs
    }

    /// Whether nothing was captured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.captured().values.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.captured() = Captured::default();
    }

    fn captured(&self) -> MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetricsSink for CapturedMetrics {
    fn emit(&self, blob: &Blob<'_>) -> Result<(), MetricsError> {
        let namespace = blob.namespace().ok_or_else(MetricsError::no_namespace)?;
        // First what may fail, so that it takes all or nothing.
        let metadata = blob.metadata().map(|(name, json)| {
            let value = serde_json::from_str(json).map_err(MetricsError::sink)?;
            Ok((name.to_owned(), value))
        });
        let metadata = metadata.collect::<Result<Vec<_>, MetricsError>>()?;
        let mut captured = self.captured();
        captured.blobs += 1;
        let number = captured.blobs;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let sets = blob.dimension_sets().map(|set| set.map(owned).collect());
        let dimension_sets: Vec<Vec<_>> = sets.collect();
        for metric in blob.metrics() {
            captured
                .values
                .extend(metric.values().map(|value| CapturedValue {
                    namespace: namespace.to_owned(),
                    name: metric.name().to_owned(),
                    unit: metric.unit(),
                    resolution: metric.resolution(),
                    value,
                    dimension_sets: dimension_sets.clone(),
                    timestamp: blob.timestamp(),
                    blob: number,
                }));
        }
        captured.metadata.extend(metadata);
        Ok(())
    }
}

impl fmt::Debug for CapturedMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedMetrics")
            .field("names", &self.names())
            .finish_non_exhaustive()
    }
}

/// Values of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedMetric(Vec<CapturedValue>);

impl CapturedMetric {
    /// Those of a set with this dimension.
    #[must_use]
    pub fn with_dimension(&self, name: &str, value: &str) -> Self {
        let has = |captured: &&CapturedValue| {
            let sets = &captured.dimension_sets;
            let mut all = sets.iter().flatten();
            all.any(|(known, text)| known == name && text == value)
        };
        Self(self.0.iter().filter(has).cloned().collect())
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.iter().map(|captured| captured.value).sum()
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.0.iter().map(|captured| captured.value).collect()
    }

    /// Each value with all that went with it.
    pub fn iter(&self) -> impl Iterator<Item = &CapturedValue> {
        self.0.iter()
    }
}

impl CapturedValue {
    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The resolution.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// When it was measured.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// The dimension sets: names with values, in their order.
    #[must_use]
    pub fn dimension_sets(&self) -> &[Vec<(String, String)>] {
        &self.dimension_sets
    }

    /// The value of a dimension, in any of the sets.
    #[must_use]
    pub fn dimension(&self, name: &str) -> Option<&str> {
        let mut all = self.dimension_sets.iter().flatten();
        let (_, value) = all.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The number of its blob, from 1.
    #[must_use]
    pub fn blob(&self) -> usize {
        self.blob
    }
}
