//! What becomes one line: metrics that share their dimensions and their time.

use crate::{
    Blob, MetricsError, MetricsErrorKind,
    dimensions::{Dimensions, SERVICE},
    pairs::{Change, Pairs},
    series::{Recorded, Sample, Series},
};

/// Room in a line for a metric with the longest name and 100 values, for namespace and service,
/// and for what stands around them. The rest is for dimensions and metadata, half each.
const RESERVED: usize = 8 * 1024;

/// The least that a line may be limited to.
pub(crate) const LEAST_LINE: usize = 2 * RESERVED;

/// What holds for every line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
    /// The layer's default dimensions.
    pub(crate) defaults: &'a Dimensions,
    pub(crate) max_line: usize,
}

impl Frame<'_> {
    pub(crate) fn has_service(&self) -> bool {
        self.service.is_some()
    }

    pub(crate) fn half(&self) -> usize {
        (self.max_line - RESERVED) / 2
    }
}

/// What holds the metrics of a scope apart from all others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) dimensions: Dimensions,
    pub(crate) millis: Option<u64>,
}

/// Metrics that go out together: a line.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) dimensions: Dimensions,
    pub(crate) millis: Option<u64>,
    pub(crate) series: Series,
}

impl Group {
    /// Empty, with no more than this capacity in each of its parts.
    pub(crate) fn clear(&mut self, kept: usize) {
        self.series.clear();
        self.series.shrink_to(kept);
        self.dimensions.clear();
        self.dimensions.shrink_to(kept);
        self.millis = None;
    }

    /// Sets a dimension.
    pub(crate) fn set(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        set_within(&mut self.dimensions, frame, name, value).map(drop)
    }

    /// Sets the dimensions of another set, then these.
    pub(crate) fn extend<'d>(
        &mut self,
        frame: &Frame<'_>,
        others: &Dimensions,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<(), MetricsError> {
        self.dimensions.copy_main(others);
        for (name, value) in dimensions {
            self.set(frame, name, value)?;
        }
        Ok(())
    }

    /// Adds a further set: the main one, service and all, and these.
    pub(crate) fn add_set<'d>(
        &mut self,
        frame: &Frame<'_>,
        dimensions: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> Result<(), MetricsError> {
        if let Some(service) = frame.service.filter(|_| !self.dimensions.has_service()) {
            self.set(frame, SERVICE, service)?;
        }
        self.dimensions.add_set_like_main(dimensions);
        Ok(())
    }

    /// Records a value.
    pub(crate) fn record(
        &mut self,
        frame: &Frame<'_>,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<(), MetricsError> {
        self.add(frame, sample, check).map(drop)
    }

    #[inline]
    pub(crate) fn add(
        &mut self,
        frame: &Frame<'_>,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        let Self {
            dimensions, series, ..
        } = self;
        series.record(sample, |name| {
            let taken =
                dimensions.pairs().find(name).is_some() || (name == SERVICE && frame.has_service());
            match taken {
                true => Err(MetricsError::named(MetricsErrorKind::Collision, name)),
                false => check(name),
            }
        })
    }

    pub(crate) fn blob<'a>(
        &'a self,
        frame: &Frame<'a>,
        millis: u64,
        metadata: [&'a Pairs; 2],
    ) -> Blob<'a> {
        Blob {
            namespace: frame.namespace,
            service: frame.service.filter(|_| !self.dimensions.has_service()),
            millis,
            dimensions: &self.dimensions,
            series: &self.series,
            metadata,
        }
    }
}

impl Scope {
    /// Sets a further dimension; one that is there may get another value.
    pub(crate) fn set(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        value: &str,
    ) -> Result<(), MetricsError> {
        set_within(&mut self.dimensions, frame, name, value).map(drop)
    }
}

pub(crate) fn set_within(
    dimensions: &mut Dimensions,
    frame: &Frame<'_>,
    name: &str,
    value: &str,
) -> Result<Change, MetricsError> {
    let room = dimensions.line_bytes() + 4 * (name.len() + value.len()) + 16;
    if room > frame.half() {
        return Err(MetricsError::named(MetricsErrorKind::Size, name));
    }
    dimensions.set(name, value, frame.has_service())
}
