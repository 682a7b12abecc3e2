use std::{fmt, sync::Arc, time::SystemTime};

use crate::{
    MetricValue, MetricsError, Resolution, Unit, collector::checked_millis, group::Scope,
    series::Sample, target::Target,
};

/// A handle to metrics that stay apart from all others of the invocation, by their dimensions
/// or their time: see [`Metrics::with_dimensions`](crate::Metrics::with_dimensions) and
/// [`Metrics::at`](crate::Metrics::at).
///
/// Its dimensions never change, so it may outlive a flush. What it records goes out with the
/// rest of the invocation.
#[derive(Clone)]
pub struct MetricsScope {
    target: Target,
    scope: Arc<Scope>,
}

impl MetricsScope {
    pub(crate) fn new(target: Target, scope: Scope) -> Self {
        Self {
            target,
            scope: Arc::new(scope),
        }
    }

    /// Where everything is refused.
    pub(crate) fn nowhere() -> Self {
        Self::new(Target::Nowhere, Scope::default())
    }

    /// As [`Metrics::add`](crate::Metrics::add).
    pub fn add(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.target.tell(self.try_add(name, unit, value));
    }

    /// As [`Metrics::try_add`](crate::Metrics::try_add).
    ///
    /// # Errors
    ///
    /// As [`Metrics::try_add`](crate::Metrics::try_add).
    pub fn try_add(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::Standard, value.in_unit(unit))
    }

    /// As [`Metrics::add_high_resolution`](crate::Metrics::add_high_resolution).
    pub fn add_high_resolution(&self, name: &str, unit: Unit, value: impl MetricValue) {
        self.target
            .tell(self.try_add_high_resolution(name, unit, value));
    }

    /// As [`Metrics::try_add_high_resolution`](crate::Metrics::try_add_high_resolution).
    ///
    /// # Errors
    ///
    /// As [`Metrics::try_add`](crate::Metrics::try_add).
    pub fn try_add_high_resolution(
        &self,
        name: &str,
        unit: Unit,
        value: impl MetricValue,
    ) -> Result<(), MetricsError> {
        self.record(name, unit, Resolution::High, value.in_unit(unit))
    }

    /// A scope inside of this one, with further dimensions. One that cannot be one, or finds no
    /// room, is left out.
    #[must_use]
    pub fn with_dimensions<N, V>(&self, dimensions: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut scope = Scope::clone(&self.scope);
        for (name, value) in dimensions {
            let narrowed = self
                .target
                .with(|_, settings| settings.narrow(&mut scope, name.as_ref(), value.as_ref()));
            self.target.tell(narrowed);
        }
        Self::new(self.target.clone(), scope)
    }

    /// As [`with_dimensions`](Self::with_dimensions), all of them or none.
    ///
    /// # Errors
    ///
    /// One of them cannot be one, or there are too many.
    pub fn try_with_dimensions<N, V>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, MetricsError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut scope = Scope::clone(&self.scope);
        for (name, value) in dimensions {
            self.target
                .with(|_, settings| settings.narrow(&mut scope, name.as_ref(), value.as_ref()))?;
        }
        Ok(Self::new(self.target.clone(), scope))
    }

    /// The same dimensions, measured at this time. CloudWatch drops what is more than 14 days
    /// old or 2 hours ahead, which a warning tells.
    #[must_use]
    pub fn at(&self, time: SystemTime) -> Self {
        let mut scope = Scope::clone(&self.scope);
        let millis = self
            .target
            .with(|_, settings| Ok(checked_millis(settings, time)));
        scope.millis = millis.ok();
        Self::new(self.target.clone(), scope)
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
        self.target
            .with(|collector, settings| collector.record(settings, Some(&self.scope), sample))
    }
}

impl fmt::Debug for MetricsScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsScope").finish_non_exhaustive()
    }
}
