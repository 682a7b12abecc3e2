//! What a source delivered, and what became of each message.

use std::{collections::HashMap, time::Duration};

use super::answer::{Cause, Reading, Verdict};

/// What became of a message or record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It waits for its first or next delivery, or is in flight.
    Waiting,
    /// Lambda took it for processed: deleted from the queue, or behind the checkpoint.
    Processed,
    /// SQS moved it to the dead-letter queue.
    DeadLettered,
    /// The source's retention period ended.
    Expired,
    /// Lambda gave it up; the stream's on-failure destination was told.
    SentToDestination,
    /// Lambda gave it up, and the stream has no on-failure destination.
    Discarded,
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchResult {
    /// Everything in it counts as processed.
    Succeeded,
    /// The answer named these items.
    Partial(Vec<String>),
    /// Nothing in it counts as processed.
    Failed(Cause),
}

/// One item within a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredItem {
    id: String,
    receive_count: u32,
}

impl DeliveredItem {
    pub(crate) fn new(id: String, receive_count: u32) -> Self {
        Self { id, receive_count }
    }

    /// The message identifier or sequence number.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many times it has been delivered, this time included.
    #[must_use]
    pub fn receive_count(&self) -> u32 {
        self.receive_count
    }
}

/// One batch that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    batch: usize,
    at: Duration,
    items: Vec<DeliveredItem>,
    end: Option<(Duration, BatchResult)>,
}

impl Delivery {
    /// The number of the batch.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// When it was handed out.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// What was in it, in order. Empty for the last invocation of a tumbling window.
    #[must_use]
    pub fn items(&self) -> &[DeliveredItem] {
        &self.items
    }

    /// The identifiers of what was in it, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.items.iter().map(DeliveredItem::id).collect()
    }

    /// How it ended; `None` while it is in flight.
    #[must_use]
    pub fn result(&self) -> Option<&BatchResult> {
        self.end.as_ref().map(|(_, result)| result)
    }

    /// When it ended; `None` while it is in flight.
    #[must_use]
    pub fn ended_at(&self) -> Option<Duration> {
        self.end.as_ref().map(|(at, _)| *at)
    }
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) group: Option<String>,
    pub(crate) fate: Fate,
    /// Counts the settled items of the log, so that it says what was settled before what.
    pub(crate) settled: Option<usize>,
    pub(crate) delivered: usize,
}

/// Everything that a source delivered, and what became of it.
///
/// The checks on it (`assert_…`) take `handled`: the identifiers that the code under test
/// finished with success, in that order and with repetitions. The source cannot know them: it
/// only sees answers.
///
/// Every check panics if there are [violations](Self::violations), or if `handled` has an
/// identifier that the source never had.
#[derive(Debug, Default)]
pub struct Log {
    items: Vec<Item>,
    places: HashMap<String, usize>,
    deliveries: Vec<Delivery>,
    settled: usize,
    violations: Vec<String>,
}

impl Log {
    /// All deliveries in the order in which they were handed out.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// The deliveries that a message or record was part of.
    pub fn deliveries_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Delivery> {
        self.deliveries
            .iter()
            .filter(move |delivery| delivery.items.iter().any(|item| item.id == id))
    }

    /// How many times a message or record was delivered.
    #[must_use]
    pub fn delivered(&self, id: &str) -> usize {
        self.item(id).map_or(0, |item| item.delivered)
    }

    /// How many times it was delivered again after the first time.
    #[must_use]
    pub fn retries(&self, id: &str) -> usize {
        self.delivered(id).saturating_sub(1)
    }

    /// What became of a message or record; `None` if the source never had it.
    #[must_use]
    pub fn fate(&self, id: &str) -> Option<Fate> {
        self.item(id).map(|item| item.fate)
    }

    /// All that were sent, in that order.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.id.as_str()).collect()
    }

    /// All that share a fate, in the order in which it came to them.
    #[must_use]
    pub fn with_fate(&self, fate: Fate) -> Vec<&str> {
        let mut items: Vec<&Item> = self.items.iter().filter(|item| item.fate == fate).collect();
        items.sort_by_key(|item| item.settled);
        items.iter().map(|item| item.id.as_str()).collect()
    }

    /// Where the function relied on something that Lambda does not document.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) fn sent(&mut self, id: &str, group: Option<&str>) {
        self.places.insert(id.to_owned(), self.items.len());
        self.items.push(Item {
            id: id.to_owned(),
            group: group.map(str::to_owned),
            fate: Fate::Waiting,
            settled: None,
            delivered: 0,
        });
    }

    /// Notes a delivery and returns the number of its batch.
    pub(crate) fn deliver(&mut self, at: Duration, items: Vec<DeliveredItem>) -> usize {
        for item in &items {
            if let Some(place) = self.places.get(&item.id) {
                self.items[*place].delivered += 1;
            }
        }
        let batch = self.deliveries.len();
        self.deliveries.push(Delivery {
            batch,
            at,
            items,
            end: None,
        });
        batch
    }

    /// Notes how a batch ended, and passes on what that means.
    pub(crate) fn end(&mut self, batch: usize, at: Duration, reading: Reading) -> Verdict {
        self.violations.extend(reading.violation);
        let delivery = &mut self.deliveries[batch];
        let result = match &reading.verdict {
            Verdict::Success => BatchResult::Succeeded,
            Verdict::Partial(places) => {
                let id = |place: &usize| delivery.items[*place].id.clone();
                BatchResult::Partial(places.iter().map(id).collect())
            }
            Verdict::Failed(cause) => BatchResult::Failed(cause.clone()),
        };
        delivery.end = Some((at, result));
        reading.verdict
    }

    pub(crate) fn settle(&mut self, id: &str, fate: Fate) {
        if let Some(place) = self.places.get(id) {
            let item = &mut self.items[*place];
            item.fate = fate;
            item.settled = Some(self.settled);
            self.settled += 1;
        }
    }

    fn item(&self, id: &str) -> Option<&Item> {
        self.places.get(id).map(|place| &self.items[*place])
    }
}
