//! The metrics of one line: each name with its values, in the order they came.

use crate::{
    MetricsError, Resolution, Unit,
    rules::{self, MAX_METRICS},
};

/// Of the table of places; 100 names fill it to two fifths.
const PLACES: usize = 256;
/// No number is longer, with its comma.
const NUMBER: usize = 26;
/// Quotes, names of members, unit and resolution of a definition, and the value's brackets.
const DEFINITION: usize = 80;
const NOTHING: u32 = u32::MAX;

/// One look at the name finds its metric; its first value stands with it, further ones are
/// chained. Nothing is allocated once the capacity is there.
#[derive(Debug)]
pub(crate) struct Series {
    names: String,
    entries: Vec<Entry>,
    /// By hash, the number of the entry, from 1. Collisions stand in the next free place.
    places: [u8; PLACES],
    more: Vec<Link>,
    /// An upper bound of what the metrics take in a line.
    line_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    end: u32,
    hash: u32,
    first: f64,
    next: u32,
    last: u32,
    count: u8,
    unit: Unit,
    resolution: Resolution,
    clean: bool,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    value: f64,
    next: u32,
}

/// A value and all that goes with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: Unit,
    pub(crate) resolution: Resolution,
    pub(crate) value: f64,
}

/// What a value that was recorded has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// There is no room for another name, or another value of this one.
    pub(crate) full: bool,
    /// The metric had another unit before.
    pub(crate) changed_unit: bool,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            names: String::new(),
            entries: Vec::new(),
            places: [0; PLACES],
            more: Vec::new(),
            line_bytes: 0,
        }
    }
}

impl Series {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.entries.len() + self.more.len()
    }

    pub(crate) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        !self.entries.is_empty() && self.find(name, hash(name)).is_ok()
    }

    /// Records a value. A name that is new is shown to `check`, without white space around it.
    #[inline]
    pub(crate) fn record(
        &mut self,
        sample: Sample<'_>,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        rules::value(sample.name, sample.value)?;
        let hash = hash(sample.name);
        match self.find(sample.name, hash) {
            Ok(index) => Ok(self.append(index, sample)),
            Err(place) => self.record_new(sample, hash, place, check),
        }
    }

    fn record_new(
        &mut self,
        sample: Sample<'_>,
        hash: u32,
        place: usize,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        let name = sample.name.trim();
        if name.len() != sample.name.len() {
            let sample = Sample { name, ..sample };
            let hash = self::hash(name);
            return match self.find(name, hash) {
                Ok(index) => Ok(self.append(index, sample)),
                Err(place) => self.insert(sample, hash, place, check),
            };
        }
        self.insert(sample, hash, place, check)
    }

    fn insert(
        &mut self,
        sample: Sample<'_>,
        hash: u32,
        place: usize,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        let name = sample.name;
        rules::metric_name(name)?;
        check(name)?;
        let clean = is_clean(name);
        let start = narrow(self.names.len());
        self.names.push_str(name);
        self.entries.push(Entry {
            start,
            end: narrow(self.names.len()),
            hash,
            first: sample.value,
            next: NOTHING,
            last: NOTHING,
            count: 1,
            unit: sample.unit,
            resolution: sample.resolution,
            clean,
        });
        self.places[place] = u8::try_from(self.entries.len()).unwrap_or(u8::MAX);
        // No character that a name may have grows more than twofold.
        let written = if clean { name.len() } else { name.len() * 2 };
        self.line_bytes += 2 * written + DEFINITION + NUMBER;
        Ok(Recorded {
            full: self.entries.len() >= MAX_METRICS,
            changed_unit: false,
        })
    }

    fn append(&mut self, index: usize, sample: Sample<'_>) -> Recorded {
        let link = narrow(self.more.len());
        self.more.push(Link {
            value: sample.value,
            next: NOTHING,
        });
        self.line_bytes += NUMBER;
        let entry = &mut self.entries[index];
        let changed_unit = entry.unit != sample.unit;
        // The last ones count, as in the other languages.
        entry.unit = sample.unit;
        entry.resolution = sample.resolution;
        entry.count += 1;
        let before = std::mem::replace(&mut entry.last, link);
        match before {
            NOTHING => entry.next = link,
            before => self.more[before as usize].next = link,
        }
        Recorded {
            full: usize::from(self.entries[index].count) >= MAX_METRICS,
            changed_unit,
        }
    }

    /// Takes the value back that was recorded last.
    pub(crate) fn undo(&mut self, sample: Sample<'_>) {
        let name = sample.name.trim();
        let Ok(index) = self.find(name, hash(name)) else {
            return;
        };
        let entry = &mut self.entries[index];
        if entry.count == 1 {
            // The newest entry, whose place nobody has passed since.
            let entry = *entry;
            self.names.truncate(entry.start as usize);
            self.entries.pop();
            for place in &mut self.places {
                if usize::from(*place) == index + 1 {
                    *place = 0;
                }
            }
            let name = &sample.name.trim();
            let written = if entry.clean {
                name.len()
            } else {
                name.len() * 2
            };
            self.line_bytes -= 2 * written + DEFINITION + NUMBER;
            return;
        }
        entry.count -= 1;
        let removed = entry.last;
        if entry.next == removed {
            (entry.next, entry.last) = (NOTHING, NOTHING);
        } else {
            let mut before = entry.next;
            while self.more[before as usize].next != removed {
                before = self.more[before as usize].next;
            }
            self.more[before as usize].next = NOTHING;
            self.entries[index].last = before;
        }
        self.more.pop();
        self.line_bytes -= NUMBER;
    }

    /// The entry of a name, or the place that is free for it.
    #[inline]
    fn find(&self, name: &str, hash: u32) -> Result<usize, usize> {
        let mut place = hash as usize % PLACES;
        loop {
            let Some(index) = usize::from(self.places[place]).checked_sub(1) else {
                return Err(place);
            };
            let entry = &self.entries[index];
            if entry.hash == hash && self.name(entry) == name {
                return Ok(index);
            }
            place = (place + 1) % PLACES;
        }
    }

    fn name(&self, entry: &Entry) -> &str {
        &self.names[entry.start as usize..entry.end as usize]
    }

    pub(crate) fn get(&self, index: usize) -> Metric<'_> {
        let entry = &self.entries[index];
        Metric {
            series: self,
            entry,
        }
    }

    pub(crate) fn clear(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        self.names.clear();
        self.entries.clear();
        self.places = [0; PLACES];
        self.more.clear();
        self.line_bytes = 0;
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.names.shrink_to(bytes);
        self.more.shrink_to(bytes / size_of::<Link>());
    }
}

/// One metric with its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric<'a> {
    series: &'a Series,
    entry: &'a Entry,
}

impl<'a> Metric<'a> {
    #[inline]
    pub(crate) fn name(self) -> &'a str {
        self.series.name(self.entry)
    }

    /// Whether nothing in the name has to be escaped.
    #[inline]
    pub(crate) fn is_clean(self) -> bool {
        self.entry.clean
    }

    #[inline]
    pub(crate) fn unit(self) -> Unit {
        self.entry.unit
    }

    #[inline]
    pub(crate) fn resolution(self) -> Resolution {
        self.entry.resolution
    }

    #[inline]
    pub(crate) fn count(self) -> usize {
        usize::from(self.entry.count)
    }

    /// The first value.
    #[inline]
    pub(crate) fn first(self) -> f64 {
        self.entry.first
    }

    pub(crate) fn values(self) -> impl Iterator<Item = f64> + Clone + 'a {
        let more = &self.series.more;
        let mut next = self.entry.next;
        let further = std::iter::from_fn(move || {
            let link = more.get(next as usize)?;
            next = link.next;
            Some(link.value)
        });
        std::iter::once(self.entry.first).chain(further)
    }

    /// An upper bound of what it takes in a line.
    pub(crate) fn line_bytes(self) -> usize {
        let name = self.name().len();
        let written = if self.is_clean() { name } else { name * 2 };
        2 * written + DEFINITION + NUMBER * self.count()
    }
}

/// A line holds far less than four billion bytes.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NOTHING)
}

/// Not against an adversary: a table holds 100 names.
#[inline]
fn hash(name: &str) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let mut hash = name.len() as u64;
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    (hash >> 32) as u32
}

/// Control characters, the only other ones to escape, are in no name.
fn is_clean(name: &str) -> bool {
    !name.bytes().any(|byte| byte == b'"' || byte == b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(name: &str, value: f64) -> Sample<'_> {
        Sample {
            name,
            unit: Unit::Count,
            resolution: Resolution::Standard,
            value,
        }
    }

    fn shown(series: &Series) -> Vec<(String, Vec<f64>)> {
        let metrics = (0..series.len()).map(|index| series.get(index));
        metrics
            .map(|metric| (metric.name().to_owned(), metric.values().collect()))
            .collect()
    }

    #[test]
    fn the_last_unit_and_resolution_count_and_a_change_of_unit_is_told() {
        let mut series = Series::default();
        let high = Sample {
            resolution: Resolution::High,
            unit: Unit::Seconds,
            ..sample("a", 1.0)
        };
        assert!(!series.record(high, |_| Ok(())).unwrap().changed_unit);
        assert!(
            series
                .record(sample("a", 2.0), |_| Ok(()))
                .unwrap()
                .changed_unit
        );
        let metric = series.get(0);
        assert_eq!(
            (metric.unit(), metric.resolution()),
            (Unit::Count, Resolution::Standard)
        );
    }

    #[test]
    fn the_hundredth_name_and_the_hundredth_value_fill_it() {
        let mut names = Series::default();
        let mut values = Series::default();
        for number in 1..=100 {
            let name = format!("m{number}");
            let full = names.record(sample(&name, 1.0), |_| Ok(())).unwrap().full;
            assert_eq!(full, number == 100);
            let full = values.record(sample("same", 1.0), |_| Ok(())).unwrap().full;
            assert_eq!(full, number == 100);
        }
    }

    #[test]
    fn a_name_is_the_same_with_white_space_around_it() {
        let mut series = Series::default();
        for name in [" a ", "a", "\ta\n"] {
            series.record(sample(name, 1.0), |_| Ok(())).unwrap();
        }
        assert_eq!(shown(&series), [("a".to_owned(), vec![1.0; 3])]);
    }

    #[test]
    fn a_refused_name_leaves_nothing() {
        let mut series = Series::default();
        let refuse = |name: &str| Err(MetricsError::named(crate::MetricsErrorKind::Name, name));
        assert!(series.record(sample("a", 1.0), refuse).is_err());
        assert!(series.record(sample("a", f64::NAN), |_| Ok(())).is_err());
        assert!(series.is_empty() && !series.contains("a"));
    }

    proptest! {
        #[test]
        fn names_and_values_keep_their_order_and_the_last_can_be_taken_back(
            samples in prop::collection::vec(("[a-f]{1,2}|[\"\\\\é]{1,9}", -9.0..9.0_f64), 1..99),
        ) {
            let mut series = Series::default();
            let mut model: Vec<(String, Vec<f64>)> = Vec::new();
            for (name, value) in &samples {
                let before = (shown(&series), series.line_bytes());
                series.record(sample(name, *value), |_| Ok(())).unwrap();
                series.undo(sample(name, *value));
                prop_assert_eq!((shown(&series), series.line_bytes()), before);
                series.record(sample(name, *value), |_| Ok(())).unwrap();
                match model.iter_mut().find(|(known, _)| known == name) {
                    Some((_, values)) => values.push(*value),
                    None => model.push((name.clone(), vec![*value])),
                }
            }
            prop_assert_eq!(series.values(), samples.len());
            let sum: usize = (0..series.len()).map(|index| series.get(index).line_bytes()).sum();
            prop_assert_eq!(series.line_bytes(), sum);
            prop_assert_eq!(shown(&series), model);
        }
    }
}
