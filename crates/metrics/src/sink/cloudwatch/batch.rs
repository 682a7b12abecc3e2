//! What goes out in one request.

use std::sync::Arc;

use super::key::Fields;

/// Of one datum, by the service.
pub(super) const MAX_VALUES: usize = 150;
/// Of one request, by the service.
pub(super) const MAX_DATUMS: usize = 1000;
/// Of one request before compression. The service takes a megabyte; a tenth of it is left for
/// what the estimate does not know of.
pub(super) const MAX_BYTES: usize = 900_000;

/// Names of members, heads of lists and texts, time, unit and resolution of a datum; the
/// namespace's member and head as well.
const DATUM: usize = 160;
/// Names of members and heads of texts of a dimension.
const DIMENSION: usize = 24;
/// A float of nine bytes and its count.
const VALUE: usize = 18;

/// Values of one metric of one period.
#[derive(Debug, Clone)]
pub(super) struct Datum {
    pub(super) key: Arc<[u8]>,
    /// Each value once, with how often it came.
    pub(super) values: Vec<(f64, u64)>,
    pub(super) bytes: usize,
}

impl Datum {
    pub(super) fn new(key: &[u8], value: f64) -> Self {
        let dimensions = Fields::read(key).map_or(0, |fields| fields.dimensions().count());
        Self {
            key: key.into(),
            values: vec![(value, 1)],
            bytes: DATUM + key.len() + dimensions * DIMENSION + VALUE,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.values.len() >= MAX_VALUES
    }

    /// Counts a value that is there.
    pub(super) fn repeat(&mut self, value: f64) -> bool {
        let known = self.values.iter_mut().find(|(known, _)| *known == value);
        known.map(|(_, count)| *count += 1).is_some()
    }

    pub(super) fn push(&mut self, value: f64) {
        self.values.push((value, 1));
        self.bytes += VALUE;
    }

    /// How many values were recorded.
    pub(super) fn samples(&self) -> u64 {
        self.values.iter().map(|(_, count)| count).sum()
    }
}

/// One namespace's datums for one request.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) namespace: Arc<str>,
    pub(super) datums: Vec<Datum>,
}

impl Batch {
    /// How many values were recorded.
    pub(super) fn samples(&self) -> u64 {
        self.datums.iter().map(Datum::samples).sum()
    }

    /// The halves, if there is more than one datum.
    pub(super) fn halves(mut self) -> Option<[Self; 2]> {
        if self.datums.len() < 2 {
            return None;
        }
        let second = Self {
            namespace: Arc::clone(&self.namespace),
            datums: self.datums.split_off(self.datums.len() / 2),
        };
        Some([self, second])
    }
}
