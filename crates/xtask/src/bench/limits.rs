//! What our operations have promised to cost at most. No measurement changes these.

use std::collections::BTreeMap;

use crate::bench::cost::Cost;
use crate::bench::rows::{self, Figure};
use crate::failure::Result;
use crate::workspace::Workspace;

pub(crate) const FILE: &str = "benches/limits.tsv";

#[derive(Debug, Default)]
pub(crate) struct Limits(BTreeMap<String, Limit>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) instructions: Figure,
    pub(crate) allocations: Figure,
}

impl Limits {
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        Self::read(&workspace.read(FILE)?)
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        let limit = |(name, [instructions, allocations]): (String, [Figure; 2])| {
            let limit = Limit {
                instructions,
                allocations,
            };
            (name, limit)
        };
        let rows = rows::read(FILE, text)?;
        Ok(Self(rows.into_iter().map(limit).collect()))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// No row means no limit.
    pub(crate) fn of(&self, name: &str) -> Limit {
        self.0.get(name).copied().unwrap_or_default()
    }
}

impl Limit {
    pub(crate) fn holds(&self, cost: Cost) -> bool {
        cost == self.cap(cost)
    }

    /// The cost, or the limit where that is less.
    pub(crate) fn cap(&self, cost: Cost) -> Cost {
        let cap = |limit: Figure, value: u64| limit.map_or(value, |limit| value.min(limit));
        Cost {
            instructions: cap(self.instructions, cost.instructions),
            allocations: cap(self.allocations, cost.allocations),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a/x\t6000\t3\na/y\t150\t-\n";

    fn cost(instructions: u64, allocations: u64) -> Cost {
        Cost {
            instructions,
            allocations,
        }
    }

    #[test]
    fn a_limit_holds_up_to_its_figures() {
        let limit = Limits::read(TEXT).unwrap().of("a/x");
        assert!(limit.holds(cost(6000, 3)));
        assert!(!limit.holds(cost(6001, 3)));
        assert!(!limit.holds(cost(6000, 4)));
        assert_eq!(limit.cap(cost(9000, 1)), cost(6000, 1));
    }

    #[test]
    fn a_dash_and_a_missing_row_are_no_limit() {
        let limits = Limits::read(TEXT).unwrap();
        assert!(limits.of("a/y").holds(cost(150, 1_000)));
        assert!(!limits.of("a/y").holds(cost(151, 0)));
        assert!(limits.of("a/z").holds(cost(u64::MAX, u64::MAX)));
        assert_eq!(limits.names().collect::<Vec<_>>(), ["a/x", "a/y"]);
    }
}
