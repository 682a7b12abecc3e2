//! What each operation of ours cost when the ceilings were set: a change that makes one
//! dearer is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::bench::compiler::Compiler;
use crate::bench::cost::Cost;
use crate::bench::limits::{self, Limits};
use crate::bench::rows;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

pub(crate) const FILE: &str = "benches/ceilings.tsv";

/// How many instructions more than its ceiling an operation may take, in per cent: another
/// version of the C library copies and allocates a little differently.
const TOLERANCE: u64 = 3;

const HEADER: &str = "\
# What each operation of ours costs: name, instructions, allocations. `cargo xtask bench --check`
# holds it there, with 3 % more instructions, if the compiler is the one that made the figures.
# `cargo xtask bench --set` writes this file.
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ceilings {
    pub(crate) compiler: Compiler,
    costs: BTreeMap<String, Cost>,
}

impl Ceilings {
    pub(crate) fn new(compiler: Compiler, costs: impl IntoIterator<Item = (String, Cost)>) -> Self {
        Self {
            compiler,
            costs: costs.into_iter().collect(),
        }
    }

    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        Self::read(&workspace.read(FILE)?)
    }

    fn read(text: &str) -> Result<Self> {
        let compiler = Compiler::read(text).ok_or_else(|| {
            Failure::new(format!(
                "{FILE} must name its compiler in comments `# release: …` and `# host: …`"
            ))
        })?;
        let mut costs = BTreeMap::new();
        for (name, figures) in rows::read(FILE, text)? {
            let [Some(instructions), Some(allocations)] = figures else {
                return Err(Failure::new(format!("{FILE}: {name} has no ceiling")));
            };
            let cost = Cost {
                instructions,
                allocations,
            };
            costs.insert(name, cost);
        }
        Ok(Self { compiler, costs })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{HEADER}{}", self.compiler.comments());
        for (name, cost) in &self.costs {
            let Cost {
                instructions,
                allocations,
            } = cost;
            text.push_str(&format!("{name}\t{instructions}\t{allocations}\n"));
        }
        text
    }

    pub(crate) fn of(&self, name: &str) -> Option<Cost> {
        self.costs.get(name).copied()
    }

    /// What is wrong with the two files, whatever was measured: an operation of ours without
    /// a ceiling, a row without an operation, a ceiling above the limit.
    pub(crate) fn complaints(&self, ours: &BTreeSet<&str>, limits: &Limits) -> Vec<String> {
        let names: BTreeSet<&str> = self.costs.keys().map(String::as_str).collect();
        let missing = ours
            .difference(&names)
            .map(|name| format!("{name} has no ceiling: add it with `cargo xtask bench --set`"));
        let rows = names.iter().map(|name| (*name, FILE));
        let strays = rows
            .chain(limits.names().map(|name| (name, limits::FILE)))
            .filter(|(name, _)| !ours.contains(name))
            .map(|(name, file)| {
                format!("{file} has a row for {name}, which is no operation of ours")
            });
        let above = |(name, cost): &(&String, &Cost)| !limits.of(name).holds(**cost);
        let raised = self.costs.iter().filter(above).map(|(name, _)| {
            format!(
                "the ceiling of {name} is above what {} allows",
                limits::FILE
            )
        });
        missing.chain(strays).chain(raised).collect()
    }

    /// What is wrong with this measurement.
    pub(crate) fn compare(&self, name: &str, cost: Cost, limits: &Limits) -> Vec<String> {
        let Some(ceiling) = self.of(name) else {
            return vec![format!("{name} has no ceiling")];
        };
        let mut complaints = Vec::new();
        if cost.instructions * 100 > ceiling.instructions * (100 + TOLERANCE) {
            complaints.push(format!(
                "{name} takes {} instructions, more than {TOLERANCE} % above its ceiling of {}",
                cost.instructions, ceiling.instructions
            ));
        }
        if cost.allocations > ceiling.allocations {
            complaints.push(format!(
                "{name} makes {} allocations, its ceiling is {}",
                cost.allocations, ceiling.allocations
            ));
        }
        // Within the tolerance above a ceiling is still beyond a limit that it touches.
        if complaints.is_empty() && !limits.of(name).holds(cost) {
            complaints.push(beyond(name, cost));
        }
        complaints
    }
}

pub(crate) fn beyond(name: &str, cost: Cost) -> String {
    format!(
        "{name} takes {} instructions and {} allocations, more than {} allows",
        cost.instructions,
        cost.allocations,
        limits::FILE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# release: 1.95.0\n# host: x86_64-unknown-linux-gnu\n\
        a/line\t6000\t0\na/tiny\t21\t0\n";

    fn ceilings() -> Ceilings {
        Ceilings::read(TEXT).unwrap()
    }

    fn cost(instructions: u64, allocations: u64) -> Cost {
        Cost {
            instructions,
            allocations,
        }
    }

    fn complaints(ours: &[&str], limits: &str) -> Vec<String> {
        let limits = Limits::read(limits).unwrap();
        ceilings().complaints(&ours.iter().copied().collect(), &limits)
    }

    #[test]
    fn what_is_written_is_read() {
        let ceilings = ceilings();
        assert_eq!(ceilings.of("a/line"), Some(cost(6000, 0)));
        let again = Ceilings::read(&ceilings.text());
        assert_eq!(again, Ok(ceilings));
    }

    #[test]
    fn file_without_compiler_or_figure_is_an_error() {
        assert!(Ceilings::read("a/line\t6000\t0\n").is_err());
        assert!(Ceilings::read(&TEXT.replace("21", "-")).is_err());
    }

    #[test]
    fn files_that_fit_the_operations_pass() {
        let none: [String; 0] = [];
        assert_eq!(complaints(&["a/line", "a/tiny"], "a/line\t6000\t0\n"), none);
    }

    #[test]
    fn operation_without_ceiling_is_refused() {
        let complaints = complaints(&["a/line", "a/new", "a/tiny"], "");
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("a/new has no ceiling"));
    }

    #[test]
    fn ceiling_or_limit_without_operation_is_refused() {
        assert_eq!(
            complaints(&["a/line"], "a/gone\t1\t0\n"),
            [
                "benches/ceilings.tsv has a row for a/tiny, which is no operation of ours",
                "benches/limits.tsv has a row for a/gone, which is no operation of ours"
            ]
        );
    }

    #[test]
    fn ceiling_above_the_limit_is_refused() {
        for limit in ["a/line\t5999\t0\n", "a/tiny\t20\t-\n"] {
            let complaints = complaints(&["a/line", "a/tiny"], limit);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].ends_with("is above what benches/limits.tsv allows"));
        }
    }

    #[test]
    fn three_per_cent_more_instructions_pass_and_one_more_does_not() {
        let compare = |cost| ceilings().compare("a/line", cost, &Limits::default());
        assert!(compare(cost(6000, 0)).is_empty());
        assert!(compare(cost(6180, 0)).is_empty());
        assert_eq!(
            compare(cost(6181, 0)),
            ["a/line takes 6181 instructions, more than 3 % above its ceiling of 6000"]
        );
    }

    #[test]
    fn one_allocation_more_is_refused() {
        assert_eq!(
            ceilings().compare("a/line", cost(1, 1), &Limits::default()),
            ["a/line makes 1 allocations, its ceiling is 0"]
        );
    }

    #[test]
    fn the_tolerance_does_not_reach_beyond_a_limit() {
        let limits = Limits::read("a/line\t6100\t0\n").unwrap();
        assert!(
            ceilings()
                .compare("a/line", cost(6100, 0), &limits)
                .is_empty()
        );
        assert_eq!(
            ceilings().compare("a/line", cost(6101, 0), &limits).len(),
            1
        );
    }

    #[test]
    fn files_of_this_repository_fit_each_other() {
        let workspace = Workspace::find().unwrap();
        let ceilings = Ceilings::load(&workspace).unwrap();
        let limits = Limits::load(&workspace).unwrap();
        let ours = ceilings.costs.keys().map(String::as_str).collect();
        let none: [String; 0] = [];
        assert_eq!(ceilings.complaints(&ours, &limits), none);
        assert!(ceilings.text() == workspace.read(FILE).unwrap());
    }
}
