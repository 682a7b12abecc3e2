//! The metrics of one line: each name with its values, in the order they came.

use std::ops::Range;

use crate::{
    MetricsError, Resolution, Unit,
    rules::{self, MAX_METRICS},
    text::hash,
};

/// Of the table of places; 100 names fill it to two fifths.
const PLACES: usize = 256;
/// No number is longer, with its comma.
const NUMBER: usize = 26;
const NOTHING: u32 = u32::MAX;
/// Before the name in a definition.
const BEFORE_NAME: &str = ",{\"Name\":\"";

/// One look at the name finds its metric; its first value stands with it, further ones are
/// chained. Nothing is allocated once the capacity is there.
#[derive(Debug)]
pub(crate) struct Series {
    /// As they stand in a line of EMF, with a comma before each: names are written once, not
    /// kept and written again.
    definitions: String,
    /// Names that JSON does not take as they are.
    odd_names: Vec<String>,
    entries: Vec<Entry>,
    /// By hash, the number of the entry, from 1. Collisions stand in the next free place.
    places: [u8; PLACES],
    more: Vec<Link>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Of the definition.
    start: u32,
    /// Of the name in the definition, after its quote.
    quoted_end: u32,
    end: u32,
    hash: u32,
    first: f64,
    next: u32,
    last: u32,
    count: u8,
    unit: Unit,
    resolution: Resolution,
    /// The number of an odd name, from 1.
    odd: u8,
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
    /// What the metric had before, if it was there.
    pub(crate) before: Option<(Unit, Resolution)>,
    /// It had another unit.
    pub(crate) changed_unit: bool,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            definitions: String::new(),
            odd_names: Vec::new(),
            entries: Vec::new(),
            places: [0; PLACES],
            more: Vec::new(),
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

    /// An upper bound of what the metrics take in a line.
    pub(crate) fn line_bytes(&self) -> usize {
        line_bytes(self.definitions.len(), self.values())
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
        let mut sample = sample;
        let mut hash = hash(sample.name);
        let mut found = self.find(sample.name, hash);
        if found.is_err() && !is_trimmed(sample.name) {
            sample.name = sample.name.trim();
            hash = self::hash(sample.name);
            found = self.find(sample.name, hash);
        }
        match found {
            Ok(index) => Ok(self.append(index, sample)),
            Err(place) => self.insert(sample, hash, place, check),
        }
    }

    #[inline]
    fn insert(
        &mut self,
        sample: Sample<'_>,
        hash: u32,
        place: usize,
        check: impl FnOnce(&str) -> Result<(), MetricsError>,
    ) -> Result<Recorded, MetricsError> {
        let name = sample.name;
        let clean = rules::metric_name(name)?;
        check(name)?;
        let start = self.definitions.len();
        let odd = if clean {
            self.definitions.push_str(BEFORE_NAME);
            self.definitions.push_str(name);
            self.definitions.push('"');
            0
        } else {
            self.begin_odd(name)
        };
        let quoted_end = self.definitions.len();
        define(&mut self.definitions, sample.unit, sample.resolution);
        self.entries.push(Entry {
            start: narrow(start),
            quoted_end: narrow(quoted_end),
            end: narrow(self.definitions.len()),
            hash,
            first: sample.value,
            next: NOTHING,
            last: NOTHING,
            count: 1,
            unit: sample.unit,
            resolution: sample.resolution,
            odd,
        });
        self.places[place] = number(self.entries.len());
        Ok(Recorded {
            full: self.entries.len() >= MAX_METRICS,
            before: None,
            changed_unit: false,
        })
    }

    #[cold]
    fn begin_odd(&mut self, name: &str) -> u8 {
        self.odd_names.push(name.to_owned());
        self.definitions
            .push_str(&BEFORE_NAME[..BEFORE_NAME.len() - 1]);
        // A string into a string: it cannot fail.
        let quoted = serde_json::to_string(name).unwrap_or_default();
        self.definitions.push_str(&quoted);
        number(self.odd_names.len())
    }

    fn append(&mut self, index: usize, sample: Sample<'_>) -> Recorded {
        let link = narrow(self.more.len());
        self.more.push(Link {
            value: sample.value,
            next: NOTHING,
        });
        let entry = &mut self.entries[index];
        let before = (entry.unit, entry.resolution);
        let changed = before != (sample.unit, sample.resolution);
        // The last ones count, as in the other languages.
        entry.unit = sample.unit;
        entry.resolution = sample.resolution;
        entry.count += 1;
        match std::mem::replace(&mut entry.last, link) {
            NOTHING => entry.next = link,
            last => self.more[last as usize].next = link,
        }
        if changed {
            self.define_again(index);
        }
        Recorded {
            full: usize::from(self.entries[index].count) >= MAX_METRICS,
            before: Some(before),
            changed_unit: before.0 != sample.unit,
        }
    }

    #[cold]
    fn define_again(&mut self, index: usize) {
        let Entry {
            quoted_end,
            end,
            unit,
            resolution,
            ..
        } = self.entries[index];
        let rest = self.definitions.split_off(end as usize);
        self.definitions.truncate(quoted_end as usize);
        define(&mut self.definitions, unit, resolution);
        let new_end = narrow(self.definitions.len());
        self.definitions.push_str(&rest);
        self.entries[index].end = new_end;
        for entry in &mut self.entries[index + 1..] {
            for place in [&mut entry.start, &mut entry.quoted_end, &mut entry.end] {
                *place = *place - end + new_end;
            }
        }
    }

    /// Takes the value back that was recorded last. False if it is not there.
    #[cold]
    pub(crate) fn undo(&mut self, sample: Sample<'_>, recorded: Recorded) -> bool {
        let name = sample.name.trim();
        let Ok(index) = self.find(name, hash(name)) else {
            return false;
        };
        let entry = &mut self.entries[index];
        if entry.count == 1 {
            // The newest entry, whose place nobody has passed since.
            let entry = *entry;
            self.definitions.truncate(entry.start as usize);
            if entry.odd > 0 {
                self.odd_names.pop();
            }
            self.entries.pop();
            for place in &mut self.places {
                if usize::from(*place) == index + 1 {
                    *place = 0;
                }
            }
            return true;
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
        if let Some(before) = recorded.before {
            let entry = &mut self.entries[index];
            if before != (entry.unit, entry.resolution) {
                (entry.unit, entry.resolution) = before;
                self.define_again(index);
            }
        }
        true
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

    #[inline]
    fn name(&self, entry: &Entry) -> &str {
        match usize::from(entry.odd).checked_sub(1) {
            None => {
                let start = entry.start as usize + BEFORE_NAME.len();
                &self.definitions[start..entry.quoted_end as usize - 1]
            }
            Some(odd) => &self.odd_names[odd],
        }
    }

    #[inline]
    fn quoted(&self, entry: &Entry) -> &str {
        let start = entry.start as usize + BEFORE_NAME.len() - 1;
        &self.definitions[start..entry.quoted_end as usize]
    }

    /// The definitions of these metrics as a list in JSON has them.
    pub(crate) fn definitions(&self, range: Range<usize>) -> &str {
        let entries = &self.entries[range];
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return "";
        };
        &self.definitions[first.start as usize + 1..last.end as usize]
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
        self.definitions.clear();
        self.odd_names.clear();
        self.entries.clear();
        self.places = [0; PLACES];
        self.more.clear();
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.definitions.shrink_to(bytes);
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

    /// The name as JSON has it.
    #[inline]
    pub(crate) fn quoted_name(self) -> &'a str {
        self.series.quoted(self.entry)
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
        let definition = self.entry.end - self.entry.start;
        line_bytes(definition as usize, self.count())
    }
}

/// What stands around the values, name and all, is shorter than the definitions.
fn line_bytes(definitions: usize, values: usize) -> usize {
    2 * definitions + NUMBER * values
}

/// A line holds far less than four billion bytes.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NOTHING)
}

/// What comes after the name in a definition.
#[inline]
fn define(definitions: &mut String, unit: Unit, resolution: Resolution) {
    definitions.push_str(unit.definition_end());
    if resolution == Resolution::High {
        definitions.pop();
        definitions.push_str(",\"StorageResolution\":1}");
    }
}

/// Whether there is no white space around the name, as far as a look at its edges tells.
#[inline]
fn is_trimmed(name: &str) -> bool {
    let edges = [name.as_bytes().first(), name.as_bytes().last()];
    edges
        .iter()
        .all(|edge| edge.is_some_and(u8::is_ascii_graphic))
}

/// There are never more than 100.
fn number(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

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
        fn definitions_say_what_the_metrics_are_now(
            samples in prop::collection::vec(
                ("[a-d]{1,2}|[\"\\\\é]{1,3}", any::<bool>(), any::<bool>()),
                1..40,
            ),
        ) {
            let mut series = Series::default();
            for (name, seconds, high) in &samples {
                let unit = if *seconds { Unit::Seconds } else { Unit::BytesPerSecond };
                let resolution = if *high { Resolution::High } else { Resolution::Standard };
                let sample = Sample { unit, resolution, ..sample(name, 1.0) };
                series.record(sample, |_| Ok(())).unwrap();
            }
            let expected: Vec<_> = (0..series.len())
                .map(|index| {
                    let metric = series.get(index);
                    let (name, unit) = (metric.name(), metric.unit().as_str());
                    prop_assert_eq!(metric.quoted_name(), serde_json::to_string(name).unwrap());
                    Ok(match metric.resolution() {
                        Resolution::Standard => json!({"Name": name, "Unit": unit}),
                        Resolution::High => {
                            json!({"Name": name, "Unit": unit, "StorageResolution": 1})
                        }
                    })
                })
                .collect::<Result<_, TestCaseError>>()?;
            let list = |from, to| format!("[{}]", series.definitions(from..to));
            let middle = series.len() / 2;
            for (from, to) in [(0, series.len()), (0, middle), (middle, series.len())] {
                let shown: Vec<serde_json::Value> = serde_json::from_str(&list(from, to)).unwrap();
                prop_assert_eq!(&shown[..], &expected[from..to]);
            }
        }

        #[test]
        fn names_and_values_keep_their_order_and_the_last_can_be_taken_back(
            samples in prop::collection::vec(("[a-f]{1,2}|[\"\\\\é]{1,9}", -9.0..9.0_f64), 1..99),
        ) {
            let mut series = Series::default();
            let mut model: Vec<(String, Vec<f64>)> = Vec::new();
            for (name, value) in &samples {
                let before = (shown(&series), series.line_bytes());
                let other = Sample { unit: Unit::Bytes, ..sample(name, *value) };
                let recorded = series.record(other, |_| Ok(())).unwrap();
                prop_assert!(series.undo(other, recorded));
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
