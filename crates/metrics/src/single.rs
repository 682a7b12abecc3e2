use std::{fmt, time::SystemTime};

use serde::Serialize;

use crate::{
    MetricsConfigError, MetricsError, Resolution, Unit,
    collector::{self, check_name, checked_millis},
    pairs::Pairs,
    rules,
    series::Sample,
    target::Target,
};

/// A metric that goes out alone: see
/// [`Metrics::single_metric`](crate::Metrics::single_metric).
///
/// It has the layer's namespace, unless it is given one, the layer's default dimensions and
/// its service, and nothing of the dimensions and metadata of the invocation, but for the ids
/// of [`capture_request_ids`](crate::MetricsBuilder::capture_request_ids).
///
/// ```
/// use powertools_metrics::{Metrics, MetricsError, Unit};
///
/// fn rebuild_cache() -> Result<(), MetricsError> {
///     Metrics::current()
///         .single_metric("CacheRebuilt", Unit::Count, 1)
///         .dimension("cache", "prices")
///         .flush()
/// }
/// # let _ = rebuild_cache;
/// ```
#[must_use = "it goes out with `flush`"]
pub struct SingleMetric<'a> {
    target: Target,
    sample: Sample<'a>,
    namespace: Option<&'a str>,
    dimensions: Vec<(&'a str, &'a str)>,
    metadata: Pairs,
    at: Option<SystemTime>,
    refused: Option<MetricsError>,
}

impl<'a> SingleMetric<'a> {
    pub(crate) fn new(target: Target, name: &'a str, unit: Unit, value: f64) -> Self {
        Self {
            target,
            sample: Sample {
                name,
                unit,
                resolution: Resolution::Standard,
                value,
            },
            namespace: None,
            dimensions: Vec::new(),
            metadata: Pairs::default(),
            at: None,
            refused: None,
        }
    }

    /// Another namespace than that of the layer.
    pub fn namespace(mut self, namespace: &'a str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Adds a dimension.
    pub fn dimension(mut self, name: &'a str, value: &'a str) -> Self {
        self.dimensions.push((name, value));
        self
    }

    /// Adds metadata.
    pub fn metadata(mut self, key: &str, value: impl Serialize) -> Self {
        let set = collector::with_json(key, &value, |json| {
            rules::metadata_key(key)?;
            self.metadata.set(key, json);
            Ok(())
        });
        if let Err(error) = set {
            self.refused = Some(error);
        }
        self
    }

    /// How fine CloudWatch keeps it. Default: by the minute.
    pub fn resolution(mut self, resolution: Resolution) -> Self {
        self.sample.resolution = resolution;
        self
    }

    /// When it was measured. Default: now.
    pub fn at(mut self, time: SystemTime) -> Self {
        self.at = Some(time);
        self
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Something that it was given cannot be used, there is no namespace, or the sink failed.
    /// Then nothing is written.
    pub fn flush(self) -> Result<(), MetricsError> {
        let Self {
            target,
            sample,
            namespace,
            dimensions,
            metadata,
            at,
            refused,
        } = self;
        if let Some(error) = refused {
            return Err(error);
        }
        if namespace.is_some_and(|name| !rules::is_namespace(name)) {
            let why = MetricsConfigError::namespace();
            return Err(MetricsError::bad_namespace(why));
        }
        target.with(|collector, settings| {
            let mut frame = settings.frame();
            frame.namespace = namespace.or(frame.namespace);
            let at = at.map(|at| checked_millis(settings, at));
            collector.emit_alone(settings, &frame, (at, &metadata), |group| {
                group.extend(&frame, frame.defaults, dimensions.iter().copied())?;
                group.record(&frame, sample, |name| check_name(settings, name))
            })
        })
    }
}

impl fmt::Debug for SingleMetric<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleMetric")
            .field("name", &self.sample.name)
            .finish_non_exhaustive()
    }
}
