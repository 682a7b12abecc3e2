//! How much more than another one of ours an operation has promised to cost at most.

use std::collections::BTreeMap;

use crate::bench::cost::Cost;
use crate::bench::operation::Operation;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

pub(crate) const FILE: &str = "benches/more.tsv";

#[derive(Debug)]
pub(crate) struct More(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: String,
    than: String,
    instructions: u64,
}

impl More {
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        Self::read(&workspace.read(FILE)?)
    }

    fn read(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Ok(Self(lines.map(row).collect::<Result<_>>()?))
    }

    /// Names that are no operations of ours.
    pub(crate) fn complaints(&self, operations: &[Operation]) -> Vec<String> {
        let known = |name: &str| {
            let mut operations = operations.iter();
            operations.any(|operation| operation.name == name && operation.is_ours())
        };
        let rows = self.0.iter();
        rows.filter(|row| !known(&row.name) || !known(&row.than))
            .map(|Row { name, than, .. }| {
                format!("{FILE} names {name} and {than}, of which one is no operation of ours")
            })
            .collect()
    }

    /// What is wrong with these measurements.
    pub(crate) fn compare(&self, costs: &BTreeMap<String, Cost>) -> Vec<String> {
        let holds = |row: &&Row| match (costs.get(&row.name), costs.get(&row.than)) {
            (Some(cost), Some(than)) => {
                cost.instructions <= than.instructions.saturating_add(row.instructions)
            }
            _ => false,
        };
        let rows = self.0.iter().filter(|row| !holds(row));
        rows.map(
            |Row {
                 name,
                 than,
                 instructions,
             }| {
                format!("{name} takes more than {instructions} instructions beyond {than}")
            },
        )
        .collect()
    }
}

fn row(line: &str) -> Result<Row> {
    let wrong = || {
        Failure::new(format!(
            "{FILE}: a row is an operation, another and a number with tabs between: {line}"
        ))
    };
    match line.split('\t').collect::<Vec<_>>()[..] {
        [name, than, instructions] => Ok(Row {
            name: name.to_owned(),
            than: than.to_owned(),
            instructions: instructions.parse().map_err(|_| wrong())?,
        }),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a comment\na/x\ta/base\t100\n";

    fn costs(ours: u64, base: u64) -> BTreeMap<String, Cost> {
        let cost = |instructions| Cost {
            instructions,
            allocations: 0,
        };
        BTreeMap::from([
            ("a/x".to_owned(), cost(ours)),
            ("a/base".to_owned(), cost(base)),
        ])
    }

    #[test]
    fn an_operation_stays_within_its_distance_of_the_other() {
        let more = More::read(TEXT).unwrap();
        assert!(more.compare(&costs(110, 10)).is_empty());
        assert!(more.compare(&costs(5, 10)).is_empty());
        assert_eq!(
            more.compare(&costs(111, 10)),
            ["a/x takes more than 100 instructions beyond a/base"]
        );
        assert_eq!(more.compare(&BTreeMap::new()).len(), 1);
    }

    #[test]
    fn both_must_be_operations_of_ours() {
        let more = More::read(TEXT).unwrap();
        let read = |text| Operation::read_all(text).unwrap();
        assert!(
            more.complaints(&read("a/x\t10\t-\na/base\t10\t-"))
                .is_empty()
        );
        assert_eq!(more.complaints(&read("a/x\t10\t-")).len(), 1);
        assert_eq!(more.complaints(&read("a/base\t10\t-")).len(), 1);
    }

    #[test]
    fn a_row_is_two_names_and_a_number() {
        for text in ["a/x", "a/x\ta/base", "a/x\ta/base\tmany", "a\tb\t1\tc", ""] {
            let read = More::read(text);
            assert_eq!(read.is_ok(), text.is_empty(), "{text}");
        }
    }
}
