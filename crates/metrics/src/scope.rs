use std::{sync::Arc, time::SystemTime};

use crate::{
    MetricValue, Metrics, MetricsError, Resolution, Unit, collector::checked_millis,
    series::Sample, set::Scope,
};

/// A handle to metrics that stay apart from all others of the invocation, by their dimensions
/// or their time: see [`Metrics::with_dimensions`] and [`Metrics::at`].
///
/// It may outlive a flush. What it records goes out with the rest of the invocation.
#[derive(Debug, Clone)]
pub struct MetricsScope {
    metrics: Metrics,
    scope: Arc<Scope>,
}

impl MetricsScope {
    pub(crate) fn new(metrics: Metrics, scope: Scope) -> Self {
        Self {
            metrics,
            scope: Arc::new(scope),
        }
    }

    /// Where everything is refused.
    pub(crate) fn nowhere() -> Self {
        Self::new(Metrics::nowhere(), Scope::default())
    }

    /// As [`Metrics::add`].
    pub fn add(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.metrics.tell(self.try_add(name, unit, value));
    }

    /// As [`Metrics::try_add`].
    ///
    /// # Errors
    ///
    /// As [`Metrics::try_add`].
    pub fn try_add(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::Standard, value.in_unit(unit))
    }

    /// As [`Metrics::add_high_resolution`].
    pub fn add_high_resolution(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.metrics
            .tell(self.try_add_high_resolution(name, unit, value));
    }

    /// As [`Metrics::try_add_high_resolution`].
    ///
    /// # Errors
    ///
    /// As [`Metrics::try_add`].
    pub fn try_add_high_resolution(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::High, value.in_unit(unit))
    }

    /// A scope inside of this one, with further dimensions.
    #[must_use]
    pub fn with_dimensions<'a>(
        &self,
        dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut inner = self.clone();
        for dimension in dimensions {
            match inner.try_with_dimensions([dimension]) {
                Ok(scope) => inner = scope,
                Err(error) => self.metrics.tell(Err(error)),
            }
        }
        inner
    }

    /// As [`with_dimensions`](Self::with_dimensions), all of them or none.
    ///
    /// # Errors
    ///
    /// One of them cannot be one, or there are too many.
    pub fn try_with_dimensions<'a>(
        &self,
        dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, MetricsError> {
        let mut scope = Scope::clone(&self.scope);
        self.metrics
            .with(|_, settings| scope.narrow(&settings.frame(), dimensions))?;
        Ok(Self::new(self.metrics.clone(), scope))
    }

    /// The same dimensions, measured at this time. CloudWatch drops what is more than 14 days
    /// old or 2 hours ahead, which a warning tells.
    #[must_use]
    pub fn at(&self, time: SystemTime) -> Self {
        let mut scope = Scope::clone(&self.scope);
        let millis = self
            .metrics
            .with(|_, settings| Ok(checked_millis(settings, time)));
        scope.millis = millis.ok();
        Self::new(self.metrics.clone(), scope)
    }

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
        self.metrics
            .with(|collector, settings| collector.record(settings, Some(&self.scope), sample))
    }
}
