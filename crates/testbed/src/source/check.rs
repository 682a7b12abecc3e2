//! The checks of a log that prove a batch processor right.

use std::collections::{BTreeMap, HashMap};

use super::log::{Fate, Item, Log};

impl Log {
    /// Checks that each message was processed: Lambda took it for processed, and the function
    /// had in fact handled it.
    ///
    /// # Panics
    ///
    /// If a message waits, was given up or expired, or if Lambda took it for processed though it
    /// is not among `handled`; also for [what fails every check](Self).
    pub fn assert_each_processed_at_least_once<S: AsRef<str>>(&self, handled: &[S]) {
        self.assert_nothing_lost(handled);
        for item in self.items() {
            assert!(
                item.fate == Fate::Processed,
                "{} was not processed but {:?}",
                item.id,
                item.fate
            );
        }
    }

    /// Checks that each message was processed, or kept in a dead-letter queue or an on-failure
    /// destination.
    ///
    /// # Panics
    ///
    /// If a message waits, expired or was discarded, or if Lambda took it for processed though
    /// it is not among `handled`; also for [what fails every check](Self).
    pub fn assert_nothing_lost<S: AsRef<str>>(&self, handled: &[S]) {
        let first = self.first_places(handled);
        for item in self.items() {
            let kept = match item.fate {
                Fate::Processed => first.contains_key(item.id.as_str()),
                Fate::DeadLettered | Fate::SentToDestination => true,
                Fate::Waiting | Fate::Expired | Fate::Discarded => false,
            };
            assert!(
                kept,
                "{} was lost: {:?} after {} deliveries, handled {} times",
                item.id,
                item.fate,
                item.delivered,
                handled.iter().filter(|id| id.as_ref() == item.id).count()
            );
        }
    }

    /// Checks that nothing was handled with success more than once.
    ///
    /// # Panics
    ///
    /// If `handled` has an identifier twice; also for [what fails every check](Self).
    pub fn assert_none_handled_twice<S: AsRef<str>>(&self, handled: &[S]) {
        let first = self.first_places(handled);
        for (place, id) in handled.iter().enumerate() {
            let id = id.as_ref();
            assert!(
                first[id] == place,
                "{id} was handled with success more than once"
            );
        }
    }

    /// Checks the order within each message group, or within each partition key: no message
    /// counted as processed while an earlier one of its group was still waiting, and the
    /// messages were handled for the first time in the order in which they were sent.
    ///
    /// # Panics
    ///
    /// If the order is broken; also for [what fails every check](Self).
    pub fn assert_order_kept_per_group<S: AsRef<str>>(&self, handled: &[S]) {
        let first = self.first_places(handled);
        let mut groups: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
        for item in self.items() {
            if let Some(group) = &item.group {
                groups.entry(group).or_default().push(item);
            }
        }
        for (group, items) in groups {
            assert_settled_in_order(group, &items);
            let mut last: Option<(&str, usize)> = None;
            for item in items {
                let Some(place) = first.get(item.id.as_str()) else {
                    continue;
                };
                if let Some((earlier, earlier_place)) = last {
                    assert!(
                        earlier_place < *place,
                        "group {group}: {} was handled before {earlier}",
                        item.id
                    );
                }
                last = Some((&item.id, *place));
            }
        }
    }

    /// Where each identifier stands for the first time, after what all checks have in common.
    fn first_places<'a, S: AsRef<str>>(&self, handled: &'a [S]) -> HashMap<&'a str, usize> {
        assert!(
            self.violations().is_empty(),
            "the function relied on what Lambda does not document: {:#?}",
            self.violations()
        );
        let mut places = HashMap::new();
        for (place, id) in handled.iter().enumerate() {
            let id = id.as_ref();
            assert!(
                self.fate(id).is_some(),
                "the source never had {id:?}, which was handled"
            );
            places.entry(id).or_insert(place);
        }
        places
    }
}

fn assert_settled_in_order(group: &str, items: &[&Item]) {
    // The latest moment at which one of the earlier messages was settled; `None` for never.
    let mut latest: Option<usize> = Some(0);
    for item in items {
        if item.fate == Fate::Processed {
            let in_order = latest.is_some_and(|latest| item.settled >= Some(latest));
            assert!(
                in_order,
                "group {group}: {} counted as processed while an earlier message was waiting",
                item.id
            );
        }
        latest = match (latest, item.settled) {
            (Some(latest), Some(settled)) => Some(latest.max(settled)),
            _ => None,
        };
    }
}
