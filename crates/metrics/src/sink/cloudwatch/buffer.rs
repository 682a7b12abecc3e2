//! Values that wait to be sent: bounded, and one datum for all values of a metric and period.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::batch::{Batch, Datum, MAX_BYTES, MAX_DATUMS};

/// What a datum takes beside its key and its values: its place and the table's entry, with the
/// room that both keep ahead.
const DATUM: usize = 256;
/// What a namespace takes beside its name and its datums: its list and its table.
const LANE: usize = 384;
/// A value with its count, and the room that a list keeps ahead.
const VALUE: usize = 32;

/// Counts its bytes, and takes no more than it may.
#[derive(Debug)]
pub(super) struct Buffer {
    lanes: Vec<Lane>,
    bytes: usize,
    limit: usize,
    /// The number of the next datum, over all lanes.
    next: u64,
}

/// The datums of one namespace, the oldest first.
#[derive(Debug)]
struct Lane {
    namespace: Arc<str>,
    datums: VecDeque<(u64, Datum)>,
    /// The number of the last datum of each key.
    open: HashMap<Arc<[u8]>, u64>,
    /// Of all its datums in requests.
    wire: usize,
}

impl Buffer {
    /// Empty; takes about this many bytes of memory.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            lanes: Vec::new(),
            bytes: 0,
            limit,
            next: 0,
        }
    }

    /// Keeps a value, or refuses it because there is no room.
    #[must_use]
    pub(super) fn record(&mut self, namespace: &str, key: &[u8], value: f64) -> bool {
        // Negative zero is no other value.
        let value = value + 0.0;
        let free = self.limit.saturating_sub(self.bytes);
        let lane = self
            .lanes
            .iter_mut()
            .position(|lane| &*lane.namespace == namespace);
        if let Some(datum) = lane.and_then(|index| self.lanes[index].open(key)) {
            if datum.repeat(value) {
                return true;
            }
            if !datum.is_full() {
                if free < VALUE {
                    return false;
                }
                let before = datum.bytes;
                datum.push(value);
                let grown = datum.bytes - before;
                self.bytes += VALUE;
                if let Some(index) = lane {
                    self.lanes[index].wire += grown;
                }
                return true;
            }
        }
        let datum = Datum::new(key, value);
        let taken = memory(namespace, &datum) + if lane.is_none() { LANE } else { 0 };
        if free < taken {
            return false;
        }
        self.bytes += taken;
        let index = lane.unwrap_or_else(|| {
            self.lanes.push(Lane::new(namespace));
            self.lanes.len() - 1
        });
        self.lanes[index].push(self.next, datum);
        self.next += 1;
        true
    }

    /// The number that the next datum will have.
    pub(super) fn mark(&self) -> u64 {
        self.next
    }

    /// Whether a request is full.
    pub(super) fn has_full_batch(&self) -> bool {
        self.lanes
            .iter()
            .any(|lane| lane.datums.len() >= MAX_DATUMS || lane.wire >= MAX_BYTES)
    }

    /// Takes the oldest datums of the namespace that has waited longest, if they have numbers
    /// below the mark: as many as fit into a request.
    pub(super) fn take_batch(&mut self, mark: u64) -> Option<Batch> {
        let lanes = self.lanes.iter().enumerate();
        let oldest = lanes.filter_map(|(index, lane)| Some((lane.datums.front()?.0, index)));
        let (number, index) = oldest.min()?;
        if number >= mark {
            return None;
        }
        let lane = &mut self.lanes[index];
        let batch = lane.take_batch();
        let freed = |datum: &Datum| memory(&batch.namespace, datum);
        self.bytes -= batch.datums.iter().map(freed).sum::<usize>();
        if lane.datums.is_empty() {
            self.lanes.swap_remove(index);
            self.bytes -= LANE;
        }
        Some(batch)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.lanes = Vec::new();
        self.bytes = 0;
    }
}

/// About what a datum takes.
fn memory(namespace: &str, datum: &Datum) -> usize {
    namespace.len() + DATUM + datum.key.len() + datum.values.len() * VALUE
}

impl Lane {
    fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            datums: VecDeque::new(),
            open: HashMap::new(),
            wire: 0,
        }
    }

    /// The last datum of this key.
    fn open(&mut self, key: &[u8]) -> Option<&mut Datum> {
        let number = self.open.get(key)?;
        let found = self.datums.binary_search_by_key(number, |(at, _)| *at);
        Some(&mut self.datums.get_mut(found.ok()?)?.1)
    }

    fn push(&mut self, number: u64, datum: Datum) {
        self.wire += datum.bytes;
        self.open.insert(Arc::clone(&datum.key), number);
        self.datums.push_back((number, datum));
    }

    fn take_batch(&mut self) -> Batch {
        let mut room = MAX_BYTES - self.namespace.len();
        let mut datums = Vec::new();
        while datums.len() < MAX_DATUMS
            && let Some((number, datum)) = self.datums.pop_front_if(|(_, next)| next.bytes <= room)
        {
            room -= datum.bytes;
            self.wire -= datum.bytes;
            // A further datum of the same key may be open instead.
            if self.open.get(&datum.key) == Some(&number) {
                self.open.remove(&datum.key);
            }
            datums.push(datum);
        }
        Batch {
            namespace: Arc::clone(&self.namespace),
            datums,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::batch::MAX_VALUES, *};
    use crate::{Resolution, Unit, sink::cloudwatch::key::Key};

    const ROOMY: usize = usize::MAX;

    fn key(number: u16, width: usize) -> Vec<u8> {
        let mut key = Vec::new();
        let value = "v".repeat(1 + width);
        Key {
            name: &format!("metric {number}"),
            unit: Unit::Count,
            resolution: Resolution::Standard,
            millis: 0,
            dimensions: [("a", value.as_str()), ("b", &value)],
        }
        .write(&mut key);
        key
    }

    fn batches(buffer: &mut Buffer) -> Vec<Batch> {
        let mark = buffer.mark();
        std::iter::from_fn(|| buffer.take_batch(mark)).collect()
    }

    fn sizes(buffer: &mut Buffer) -> Vec<usize> {
        let all = batches(buffer);
        all.iter().map(|batch| batch.datums.len()).collect()
    }

    fn keeps_limits(batch: &Batch) {
        let bytes: usize = batch.datums.iter().map(|datum| datum.bytes).sum();
        assert!((1..=MAX_DATUMS).contains(&batch.datums.len()));
        assert!(bytes + batch.namespace.len() <= MAX_BYTES, "{bytes}");
        for datum in &batch.datums {
            assert!((1..=MAX_VALUES).contains(&datum.values.len()));
        }
    }

    #[test]
    fn equal_values_are_counted_in_one_datum() {
        let mut buffer = Buffer::new(ROOMY);
        for value in [1.0, 0.0, 1.0, -0.0, 1.0] {
            assert!(buffer.record("app", &key(1, 0), value));
        }
        let all = batches(&mut buffer);
        assert_eq!(all[0].datums[0].values, [(1.0, 3), (0.0, 2)]);
        assert_eq!((all.len(), all[0].samples()), (1, 5));
    }

    #[test]
    fn the_151st_value_begins_another_datum() {
        let mut buffer = Buffer::new(ROOMY);
        for value in 0..320 {
            assert!(buffer.record("app", &key(1, 0), f64::from(value)));
        }
        let all = batches(&mut buffer);
        let lengths: Vec<_> = all[0].datums.iter().map(|d| d.values.len()).collect();
        assert_eq!(lengths, [150, 150, 20]);
    }

    #[test]
    fn a_request_has_a_thousand_datums() {
        let mut buffer = Buffer::new(ROOMY);
        for number in 0..2500 {
            assert_eq!(buffer.has_full_batch(), number >= 1000);
            assert!(buffer.record("app", &key(number, 0), 1.0));
        }
        assert_eq!(sizes(&mut buffer), [1000, 1000, 500]);
        assert!(!buffer.has_full_batch());
    }

    #[test]
    fn a_request_has_less_than_a_megabyte() {
        let mut buffer = Buffer::new(ROOMY);
        for number in 0..900 {
            assert!(buffer.record("app", &key(number, 1000), 1.0));
        }
        assert!(buffer.has_full_batch());
        let all = batches(&mut buffer);
        assert_eq!(all.len(), 3);
        all.iter().for_each(keeps_limits);
    }

    #[test]
    fn what_came_after_the_mark_stays() {
        let mut buffer = Buffer::new(ROOMY);
        assert!(buffer.record("first", &key(1, 0), 1.0));
        assert!(buffer.record("second", &key(1, 0), 1.0));
        let mark = buffer.mark();
        assert!(buffer.record("third", &key(1, 0), 1.0));
        assert_eq!(&*buffer.take_batch(mark).unwrap().namespace, "first");
        assert_eq!(&*buffer.take_batch(mark).unwrap().namespace, "second");
        assert!(buffer.take_batch(mark).is_none());
        assert!(buffer.take_batch(buffer.mark()).is_some());
    }

    #[test]
    fn a_full_buffer_counts_what_it_knows_and_refuses_what_is_new() {
        let one = memory("app", &Datum::new(&key(1, 0), 1.0));
        let mut buffer = Buffer::new(one + LANE + VALUE);
        assert!(buffer.record("app", &key(1, 0), 1.0));
        assert!(!buffer.record("app", &key(2, 0), 1.0));
        assert!(!buffer.record("other", &key(1, 0), 1.0));
        assert!(buffer.record("app", &key(1, 0), 2.0));
        assert!(!buffer.record("app", &key(1, 0), 3.0));
        assert!(buffer.record("app", &key(1, 0), 2.0));
        assert_eq!(batches(&mut buffer)[0].samples(), 3);
        assert!(buffer.record("app", &key(2, 0), 1.0));
    }

    #[test]
    fn no_more_memory_is_taken_than_is_counted() {
        for (datums, values) in [(1, 1), (1500, 1), (300, 150), (2049, 3)] {
            let mut buffer = Buffer::new(ROOMY);
            let taken = allocation_counter::measure(|| {
                for number in 0..datums {
                    let key = key(number, 0);
                    for value in 0..values {
                        assert!(buffer.record("app", &key, f64::from(value)));
                    }
                }
            });
            let counted = i64::try_from(buffer.bytes).unwrap();
            // The list of namespaces begins with room for four.
            assert!(taken.bytes_current <= counted + 512, "{taken:?} {counted}");
        }
    }

    #[test]
    fn namespaces_are_counted_too() {
        let mut buffer = Buffer::new(ROOMY);
        let taken = allocation_counter::measure(|| {
            // The list has just grown.
            for number in 0..1025 {
                assert!(buffer.record(&format!("tenant {number}"), &key(1, 0), 1.0));
            }
        });
        let counted = i64::try_from(buffer.bytes).unwrap();
        assert!(taken.bytes_current <= counted, "{taken:?} {counted}");
    }

    #[derive(Debug, Clone)]
    enum Operation {
        Record(usize, u16, f64),
        Take,
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let value = prop_oneof![(0..400).prop_map(f64::from), -1e9..1e9];
        let few = prop_oneof![0..3_u16, 0..3_u16, 0..2000_u16];
        prop_oneof![
            200 => (0..3_usize, few, value).prop_map(|(a, b, c)| Operation::Record(a, b, c)),
            1 => Just(Operation::Take),
        ]
    }

    type Counts = HashMap<(String, Vec<u8>, u64), u64>;

    fn count(counts: &mut Counts, batch: &Batch) {
        keeps_limits(batch);
        for datum in &batch.datums {
            for &(value, times) in &datum.values {
                let place = (
                    batch.namespace.to_string(),
                    datum.key.to_vec(),
                    value.to_bits(),
                );
                *counts.entry(place).or_default() += times;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_value_kept_comes_out_once_within_the_limits(
            operations in prop::collection::vec(operation(), 0..4000),
            limit in prop_oneof![Just(ROOMY), 0..200_000_usize],
            width in prop_oneof![Just(0_usize), 0..900_usize],
        ) {
            let namespaces = ["a", "bb", "ccc"];
            let mut buffer = Buffer::new(limit);
            let mut kept = Counts::new();
            let mut out = Counts::new();
            for operation in operations {
                match operation {
                    Operation::Record(namespace, number, value) => {
                        let key = key(number, width);
                        if buffer.record(namespaces[namespace], &key, value) {
                            let bits = (value + 0.0).to_bits();
                            let place = (namespaces[namespace].to_owned(), key, bits);
                            *kept.entry(place).or_default() += 1;
                        }
                    }
                    Operation::Take => {
                        if let Some(batch) = buffer.take_batch(buffer.mark()) {
                            count(&mut out, &batch);
                        }
                    }
                }
                prop_assert!(buffer.bytes <= limit);
            }
            for batch in batches(&mut buffer) {
                count(&mut out, &batch);
            }
            prop_assert_eq!(buffer.bytes, 0);
            prop_assert!(buffer.lanes.is_empty());
            prop_assert_eq!(kept, out);
        }
    }
}
