use std::{
    fmt,
    time::{Duration, SystemTime},
};

use crate::{
    Resolution, Unit,
    dimensions::{Dimensions, SERVICE},
    pairs::Pairs,
    series::{self, Series},
};

/// What a sink is given: metrics that share their dimensions and their time.
///
/// It keeps EMF's limits: 1 to 100 metrics of 1 to 100 values each, 29 dimensions at most, and
/// only names and values that CloudWatch takes.
pub struct Blob<'a> {
    pub(crate) namespace: Option<&'a str>,
    /// Only if no dimension is called so.
    pub(crate) service: Option<&'a str>,
    pub(crate) millis: u64,
    pub(crate) dimensions: &'a Dimensions,
    pub(crate) series: &'a Series,
    /// Of the invocation, then of the user.
    pub(crate) metadata: [&'a Pairs; 2],
}

impl<'a> Blob<'a> {
    /// The namespace, if there is one.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        self.namespace
    }

    /// When the values were measured.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.millis)
    }

    /// The same in milliseconds since the epoch.
    #[must_use]
    pub fn timestamp_millis(&self) -> u64 {
        self.millis
    }

    /// The dimension sets, at least one; each metric belongs to each of them. The service
    /// stands last in the first one, if the sink [asks for it](crate::MetricsSink::adds_service).
    pub fn dimension_sets(&self) -> impl Iterator<Item = DimensionSet<'a>> + Clone + use<'a> {
        std::iter::once(self.main_set()).chain(self.further_sets())
    }

    pub(crate) fn main_set(&self) -> DimensionSet<'a> {
        DimensionSet {
            pairs: self.dimensions.pairs(),
            places: self.dimensions.main(),
            service: self.main_service(),
        }
    }

    pub(crate) fn further_sets(&self) -> impl Iterator<Item = DimensionSet<'a>> + Clone + use<'a> {
        let dimensions = self.dimensions;
        let first = self.main_set();
        let further = dimensions.sets().map(|places| DimensionSet {
            pairs: dimensions.pairs(),
            places,
            service: None,
        });
        // Two sets with the same names would count each value twice.
        further.filter(move |set| !set.has_same_names(&first))
    }

    /// The metrics, in the order in which their names came.
    #[must_use]
    pub fn metrics(&self) -> impl ExactSizeIterator<Item = Metric<'a>> + Clone + use<'a> {
        let series = self.series;
        (0..series.len()).map(|index| Metric(series.get(index)))
    }

    /// What goes along without being a metric: names, and their values as JSON. None of them
    /// is called as a metric or a dimension is.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let Self {
            dimensions,
            series,
            service,
            ..
        } = *self;
        let [standing, given] = self.metadata;
        let standing = standing
            .iter()
            .filter(|(name, _)| given.find(name).is_none());
        standing.chain(given.iter()).filter(move |(name, _)| {
            !series.contains(name)
                && dimensions.pairs().find(name).is_none()
                && (service.is_none() || *name != SERVICE)
        })
    }

    /// The service of the main set: the root's, where another set has given it a value.
    fn main_service(&self) -> Option<&'a str> {
        let service = self.service?;
        let given = self.dimensions.pairs().find(SERVICE);
        Some(given.map_or(service, |index| self.dimensions.pairs().get(index).1))
    }
}

impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("namespace", &self.namespace)
            .field("metrics", &self.series.len())
            .finish_non_exhaustive()
    }
}

/// One set of dimensions: an iterator of names and values.
#[derive(Clone)]
pub struct DimensionSet<'a> {
    pairs: &'a Pairs,
    places: &'a [u8],
    service: Option<&'a str>,
}

impl DimensionSet<'_> {
    fn has_same_names(&self, other: &Self) -> bool {
        let length = |set: &Self| set.places.len() + usize::from(set.service.is_some());
        length(self) == length(other)
            && self
                .clone()
                .all(|(name, _)| other.clone().any(|(known, _)| known == name))
    }
}

impl<'a> Iterator for DimensionSet<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Some((&place, rest)) = self.places.split_first() else {
            return Some((SERVICE, self.service.take()?));
        };
        self.places = rest;
        Some(self.pairs.get(usize::from(place)))
    }
}

impl fmt::Debug for DimensionSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|(name, _)| name))
            .finish()
    }
}

/// One metric of a [`Blob`].
#[derive(Debug, Clone, Copy)]
pub struct Metric<'a>(series::Metric<'a>);

impl<'a> Metric<'a> {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.0.name()
    }

    /// Its unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.0.unit()
    }

    /// Its resolution.
    #[must_use]
    pub fn resolution(self) -> Resolution {
        self.0.resolution()
    }

    /// Its values, 1 to 100 finite numbers, in the order they came.
    pub fn values(self) -> impl Iterator<Item = f64> + Clone + 'a {
        self.0.values()
    }
}
