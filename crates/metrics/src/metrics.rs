use std::{fmt, time::SystemTime};

use serde::Serialize;

use crate::{
    MetricValue, MetricsError, MetricsScope, Resolution, SingleMetric, Unit, collector::Collector,
    emf, rules, series::Sample, settings::Settings, target::Target,
};

/// A cheap handle to the metrics of an invocation.
///
/// Find it inside the handler with [`Metrics::current`], or take one along from
/// [`MetricsLayer::metrics`](crate::MetricsLayer::metrics). Clones are the same metrics.
///
/// Methods named `try_…` tell why something was refused. Their short forms never fail: what is
/// refused is counted, and a warning says so the first time. Everything else still goes out.
#[derive(Clone)]
pub struct Metrics(Target);

impl Metrics {
    /// The metrics of the invocation that this code runs in.
    ///
    /// Without a [`MetricsLayer`](crate::MetricsLayer) around it everything is refused.
    #[must_use]
    pub fn current() -> Self {
        Self(Target::current())
    }

    pub(crate) fn new(target: Target) -> Self {
        Self(target)
    }

    /// Records a value. Values of one name are kept together, up to 100; then all of the line
    /// goes out, and a new one begins.
    ///
    /// ```
    /// use powertools_metrics::{Metrics, Unit};
    ///
    /// Metrics::current().add("OrdersPlaced", Unit::Count, 1);
    /// ```
    #[inline]
    pub fn add(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.0.tell(self.try_add(name, unit, value));
    }

    /// As [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// The name or the value cannot be one, the name is that of a dimension, or the line was
    /// full and could not be written.
    #[inline]
    pub fn try_add(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::Standard, value.in_unit(unit))
    }

    /// Records a value of a metric that CloudWatch keeps by the second.
    pub fn add_high_resolution(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.0.tell(self.try_add_high_resolution(name, unit, value));
    }

    /// As [`add_high_resolution`](Self::add_high_resolution).
    ///
    /// # Errors
    ///
    /// As [`try_add`](Self::try_add).
    pub fn try_add_high_resolution(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::High, value.in_unit(unit))
    }

    #[inline]
    fn record(
        &self,
        name: &str,
        unit: Unit,
        resolution: Resolution,
        value: f64,
    ) -> Result<(), MetricsError> {
        let sample = Sample {
            name,
            unit,
            resolution,
            value,
        };
        self.0
            .with(|collector, settings| collector.record(settings, None, sample))
    }

    /// Adds a dimension to the main set: all metrics that have not gone out carry it, until
    /// the next flush. The same name again replaces the value, with a warning.
    pub fn add_dimension(&self, name: &str, value: &str) {
        self.0.tell(self.try_add_dimension(name, value));
    }

    /// As [`add_dimension`](Self::add_dimension).
    ///
    /// # Errors
    ///
    /// Name or value cannot be one, the set is full, or a metric has the name.
    pub fn try_add_dimension(&self, name: &str, value: &str) -> Result<(), MetricsError> {
        self.0
            .with(|collector, settings| collector.add_dimension(settings, name, value))
    }

    /// Adds a further dimension set, the default dimensions and these: each metric belongs to
    /// it as well, until the next flush. A dimension that cannot be one is left out.
    ///
    /// Each set makes one more metric of every metric, which CloudWatch bills.
    pub fn add_dimensions<N, V>(&self, dimensions: impl IntoIterator<Item = (N, V)>)
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut dimensions: Vec<_> = dimensions.into_iter().collect();
        dimensions.retain(|(name, value)| {
            let checked = rules::dimension(name.as_ref(), value.as_ref());
            let good = checked.is_ok();
            self.0.tell(checked);
            good
        });
        self.0.tell(self.try_add_dimensions(dimensions));
    }

    /// As [`add_dimensions`](Self::add_dimensions), all of them or none.
    ///
    /// # Errors
    ///
    /// There are none, one of them cannot be one, there is no room, a metric has the name, or
    /// there is such a set already.
    pub fn try_add_dimensions<N, V>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), MetricsError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let dimensions: Vec<_> = dimensions.into_iter().collect();
        let pairs = dimensions
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let pairs: Vec<(&str, &str)> = pairs.collect();
        self.0
            .with(|collector, settings| collector.add_dimensions(settings, &pairs))
    }

    /// A handle whose metrics stay apart: they carry the dimensions that the main set has now,
    /// and these, and go out in a line of their own. The same dimensions again, in whatever
    /// order, are the same line.
    ///
    /// ```
    /// use powertools_metrics::{Metrics, Unit};
    ///
    /// let metrics = Metrics::current();
    /// for (tier, count) in [("gold", 3), ("silver", 5)] {
    ///     metrics.with_dimensions([("tier", tier)]).add("Orders", Unit::Count, count);
    /// }
    /// ```
    ///
    /// A dimension that cannot be one, or finds no room, is left out. A handle costs a few
    /// allocations: keep it for as many values as there are.
    #[must_use]
    pub fn with_dimensions<N, V>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> MetricsScope
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        self.whole().with_dimensions(dimensions)
    }

    /// As [`with_dimensions`](Self::with_dimensions), all of them or none.
    ///
    /// # Errors
    ///
    /// One of them cannot be one, or there are too many.
    pub fn try_with_dimensions<N, V>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<MetricsScope, MetricsError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let scope = self.0.with(|collector, _| collector.scope())?;
        MetricsScope::new(self.0.clone(), scope).try_with_dimensions(dimensions)
    }

    /// A handle whose values were measured at this time, and which stay apart by it.
    #[must_use]
    pub fn at(&self, time: SystemTime) -> MetricsScope {
        self.whole().at(time)
    }

    /// A scope with the dimensions of the main set.
    fn whole(&self) -> MetricsScope {
        match self.0.with(|collector, _| collector.scope()) {
            Ok(scope) => MetricsScope::new(self.0.clone(), scope),
            Err(error) => {
                self.0.tell(Err(error));
                MetricsScope::nowhere()
            }
        }
    }

    /// Adds dimensions that come back after each flush, for the rest of the invocation, or of
    /// the handle's life outside of one. Those of all invocations are the
    /// [builder's](crate::MetricsBuilder::default_dimension).
    pub fn set_default_dimensions<N, V>(&self, dimensions: impl IntoIterator<Item = (N, V)>)
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        for (name, value) in dimensions {
            let (name, value) = (name.as_ref(), value.as_ref());
            let set = |collector: &Collector, settings: &Settings| {
                collector.set_default_dimension(settings, name, value)
            };
            self.0.tell(self.0.with(set));
        }
    }

    /// There are no default dimensions from the next flush on, here.
    pub fn clear_default_dimensions(&self) {
        self.0.tell(
            self.0
                .with(|collector, _| collector.clear_default_dimensions()),
        );
    }

    /// Adds metadata: a member of the line that is no metric, and is found by CloudWatch Logs
    /// Insights. It makes no line by itself. A metric or dimension of the name covers it.
    pub fn add_metadata(&self, key: &str, value: impl Serialize) {
        self.0.tell(self.try_add_metadata(key, value));
    }

    /// As [`add_metadata`](Self::add_metadata).
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON, or the line has no room for it.
    pub fn try_add_metadata(&self, key: &str, value: impl Serialize) -> Result<(), MetricsError> {
        self.0
            .with(|collector, settings| collector.add_metadata(settings, key, &value))
    }

    /// Sets the time that all metrics were measured at, until the next flush. Without one it
    /// is the time of the flush. CloudWatch drops what is more than 14 days old or 2 hours
    /// ahead, which a warning tells.
    pub fn set_timestamp(&self, at: SystemTime) {
        self.0.tell(
            self.0
                .with(|collector, settings| collector.set_timestamp(settings, at)),
        );
    }

    /// Writes everything now, and begins anew: metrics, dimensions, metadata and time are
    /// gone. Where there are no metrics, dimensions and metadata stay. The layer does it at the
    /// end of the invocation.
    ///
    /// # Errors
    ///
    /// The sink failed, there is no namespace, or there was nothing and the layer was built
    /// with [`raise_on_empty_metrics`](crate::MetricsBuilder::raise_on_empty_metrics). What
    /// could not be written is still there.
    pub fn flush(&self) -> Result<(), MetricsError> {
        self.0.with(|collector, settings| collector.flush(settings))
    }

    /// Drops metrics, dimensions and metadata.
    pub fn clear(&self) {
        self.0
            .tell(self.0.with(|collector, settings| collector.clear(settings)));
    }

    /// What a flush would write now, as lines of EMF, without writing it.
    ///
    /// # Errors
    ///
    /// There is no namespace.
    pub fn serialize(&self) -> Result<String, MetricsError> {
        self.0.with(|collector, settings| {
            let mut lines = Vec::new();
            let max_line = settings.frame().max_line;
            collector.show(settings, |blob| {
                let namespace = blob.namespace().ok_or_else(MetricsError::no_namespace)?;
                emf::write(&mut lines, blob, namespace, max_line);
                Ok(())
            })?;
            Ok(String::from_utf8_lossy(&lines).into_owned())
        })
    }

    /// A metric that goes out alone and at once, with dimensions of its own.
    pub fn single_metric<'a>(
        &self,
        name: &'a str,
        unit: Unit,
        value: impl MetricValue,
    ) -> SingleMetric<'a> {
        SingleMetric::new(self.0.clone(), name, unit, value.in_unit(unit))
    }

    /// How much the layer has refused, in all invocations, in methods that do not return the
    /// error: metrics, dimensions, metadata.
    #[must_use]
    pub fn refused(&self) -> u64 {
        let refused = self.0.with(|_, settings| Ok(settings.refused()));
        refused.unwrap_or_default()
    }

    /// How many values the layer could not bring to its sink, in all invocations, before they
    /// ended.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let lost = self.0.with(|_, settings| Ok(settings.lost()));
        lost.unwrap_or_default()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
