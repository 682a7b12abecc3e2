//! The metrics of one line: each name with its values, in the order they came.

use std::ops::Range;

use crate::{
    MetricsError, Resolution, Unit,
    chains::{Chain, Chains},
    places::Places,
    rules::{self, MAX_METRICS},
    text::hash,
};

/// No number is longer, with its comma.
const NUMBER: usize = 26;
/// Before the name in a definition.
const BEFORE_NAME: &str = ",{\"Name\":\"";

/// One look at the name finds its metric; its first value stands with it, further ones are
/// chained. Nothing is allocated once the capacity is there.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// As they stand in a line of EMF, with a comma before each: names are written once, not
    /// kept and written again.
    definitions: String,
    /// Names that JSON does not take as they are.
    odd_names: Vec<String>,
    entries: Vec<Entry>,
    places: Places,
    chains: Chains,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Of the definition.
    start: u32,
    /// Of the name in the definition, after its quote.
    quoted_end: u32,
    end: u32,
    hash: u32,
    values: Chain,
    count: u8,
    unit: Unit,
    resolution: Resolution,
    /// The number of an odd name, from 1.
    odd: u8,
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

impl Series {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.entries.len() + self.chains.further()
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
            values: Chain::of(sample.value),
            count: 1,
            unit: sample.unit,
            resolution: sample.resolution,
            odd,
        });
        self.places.put(place, number(self.entries.len()));
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
        let entry = &mut self.entries[index];
        let before = (entry.unit, entry.resolution);
        let changed = before != (sample.unit, sample.resolution);
        // The last ones count, as in the other languages.
        entry.unit = sample.unit;
        entry.resolution = sample.resolution;
        entry.count += 1;
        self.chains.append(&mut entry.values, sample.value);
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
            self.places.take_back(index);
            return true;
        }
        entry.count -= 1;
        self.chains.take_back(&mut entry.values);
        if let Some(before) = recorded.before
            && before != (entry.unit, entry.resolution)
        {
            (entry.unit, entry.resolution) = before;
            self.define_again(index);
        }
        true
    }

    /// The entry of a name, or the place that is free for it.
    #[inline]
    fn find(&self, name: &str, hash: u32) -> Result<usize, usize> {
        self.places.find(hash, |index| {
            let entry = &self.entries[index];
            entry.hash == hash && self.name(entry) == name
        })
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
        self.places = Places::default();
        self.chains.clear();
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.definitions.shrink_to(bytes);
        self.chains.shrink_to(bytes);
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
        self.entry.values.first()
    }

    pub(crate) fn values(self) -> impl Iterator<Item = f64> + Clone + 'a {
        self.series.chains.iter(self.entry.values)
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
    u32::try_from(length).unwrap_or(u32::MAX)
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
mod tests;
