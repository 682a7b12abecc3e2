//! Which of our operations have promised to be cheaper than a peer's, in the same run.

use std::collections::BTreeMap;

use crate::bench::cost::Cost;
use crate::bench::operation::Operation;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

pub(crate) const FILE: &str = "benches/faster.tsv";

/// Pairs of names: ours, the peer's.
#[derive(Debug)]
pub(crate) struct Faster(Vec<(String, String)>);

impl Faster {
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        Self::read(&workspace.read(FILE)?)
    }

    fn read(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pair = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
            [ours, peer] => Ok((ours.to_owned(), peer.to_owned())),
            _ => Err(Failure::new(format!(
                "{FILE}: a row is an operation of ours and one of a peer with a tab between: {line}"
            ))),
        };
        Ok(Self(lines.map(pair).collect::<Result<_>>()?))
    }

    /// Names that are no operations of ours or of a peer.
    pub(crate) fn complaints(&self, operations: &[Operation]) -> Vec<String> {
        let known = |name: &str, ours: bool| {
            let mut operations = operations.iter();
            operations.any(|operation| operation.name == name && operation.is_ours() == ours)
        };
        let rows = self
            .0
            .iter()
            .filter(|(ours, peer)| !known(ours, true) || !known(peer, false));
        rows.map(|(ours, peer)| {
            format!("{FILE} names {ours} and {peer}, of which one is no such operation")
        })
        .collect()
    }

    pub(crate) fn names_peer(&self, name: &str) -> bool {
        self.0.iter().any(|(_, peer)| peer == name)
    }

    /// What is wrong with these measurements.
    pub(crate) fn compare(&self, costs: &BTreeMap<String, Cost>) -> Vec<String> {
        let slower = |(ours, peer): &&(String, String)| match (costs.get(ours), costs.get(peer)) {
            (Some(ours), Some(peer)) => ours.instructions >= peer.instructions,
            _ => true,
        };
        let rows = self.0.iter().filter(slower);
        rows.map(|(ours, peer)| format!("{ours} takes no fewer instructions than {peer}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a comment\na/x\tpeer:b/x\n";

    fn costs(ours: u64, peer: u64) -> BTreeMap<String, Cost> {
        let cost = |instructions| Cost {
            instructions,
            allocations: 0,
        };
        BTreeMap::from([
            ("a/x".to_owned(), cost(ours)),
            ("peer:b/x".to_owned(), cost(peer)),
        ])
    }

    #[test]
    fn an_operation_must_take_fewer_instructions_than_its_peer() {
        let faster = Faster::read(TEXT).unwrap();
        assert!(faster.compare(&costs(9, 10)).is_empty());
        for (ours, peer) in [(10, 10), (11, 10)] {
            assert_eq!(
                faster.compare(&costs(ours, peer)),
                ["a/x takes no fewer instructions than peer:b/x"]
            );
        }
        assert_eq!(faster.compare(&BTreeMap::new()).len(), 1);
    }

    #[test]
    fn both_must_be_operations() {
        let faster = Faster::read(TEXT).unwrap();
        let both = Operation::read_all("a/x\t10\t-\npeer:b/x\t10\ta/x").unwrap();
        assert!(faster.complaints(&both).is_empty());
        assert!(faster.names_peer("peer:b/x") && !faster.names_peer("a/x"));
        assert_eq!(faster.complaints(&both[..1]).len(), 1);
        assert_eq!(faster.complaints(&both[1..]).len(), 1);
    }

    #[test]
    fn a_row_is_two_names() {
        for text in ["a/x", "a/x\tpeer:b/x\tc", ""] {
            let read = Faster::read(text);
            assert_eq!(read.is_ok(), text.is_empty(), "{text}");
        }
    }
}
