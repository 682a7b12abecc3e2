//! Builds, measures, and prints or compares.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::bench::binary::Binary;
use crate::bench::ceilings::{self, Ceilings, beyond};
use crate::bench::compiler::Compiler;
use crate::bench::cost::Cost;
use crate::bench::faster::Faster;
use crate::bench::limits::Limits;
use crate::bench::machine;
use crate::bench::more::More;
use crate::bench::operation::Operation;
use crate::bench::options::Options;
use crate::bench::table::{Row, Table};
use crate::bench::valgrind;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match options {
        Options::Check => check(workspace),
        Options::Set => set(workspace),
        Options::Instructions(filter) => {
            for (operation, cost) in count(workspace, filter)?.1 {
                let Cost {
                    instructions,
                    allocations,
                } = cost;
                println!("{}\t{instructions}\t{allocations}", operation.name);
            }
            Ok(())
        }
        Options::Table(filter) => {
            print!("{}", measure(workspace, filter)?.aligned());
            Ok(())
        }
        Options::Markdown => {
            let table = measure(workspace, "")?;
            print!("{}\n{}", machine::describe(workspace)?, table.markdown());
            Ok(())
        }
    }
}

/// Performs every operation once, then holds our own at their ceilings, below the peers that they
/// have promised to beat and near those of ours that they build upon, if the compiler is the one that the ceilings were made with.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let ceilings = Ceilings::load(workspace)?;
    let limits = Limits::load(workspace)?;
    let binary = Binary::build(workspace)?;
    let operations = binary.operations()?;
    let ours = operations.iter().filter(|operation| operation.is_ours());
    let names: BTreeSet<&str> = ours.clone().map(|operation| &*operation.name).collect();
    let faster = Faster::load(workspace)?;
    let more = More::load(workspace)?;
    let mut complaints = ceilings.complaints(&names, &limits);
    complaints.extend(faster.complaints(&operations));
    complaints.extend(more.complaints(&operations));
    verdict(&complaints)?;
    for operation in &operations {
        binary.run_once(operation)?;
    }
    let here = Compiler::here(workspace)?;
    if let Some(reason) = incomparable(&here, &ceilings.compiler) {
        println!("{reason}");
        return Ok(());
    }
    valgrind::require(workspace)?;
    let counted =
        |operation: &&Operation| operation.is_ours() || faster.names_peer(&operation.name);
    let counted: Vec<Operation> = operations.iter().filter(counted).cloned().collect();
    let mut complaints = Vec::new();
    let mut costs = BTreeMap::new();
    for (operation, cost) in count_all(&binary, counted)? {
        let name = &operation.name;
        println!("{}", compared(name, cost, ceilings.of(name)));
        if operation.is_ours() {
            complaints.extend(ceilings.compare(name, cost, &limits));
        }
        costs.insert(operation.name, cost);
    }
    complaints.extend(faster.compare(&costs));
    complaints.extend(more.compare(&costs));
    verdict(&complaints)
}

/// Figures of one compiler say nothing about those of another, in one line.
fn incomparable(here: &Compiler, made_with: &Compiler) -> Option<String> {
    (here != made_with).then(|| {
        format!(
            "the ceilings were made with {made_with} and this is {here}: each operation ran \
             once, no count was compared"
        )
    })
}

fn compared(name: &str, cost: Cost, ceiling: Option<Cost>) -> String {
    let figures = |cost: Cost| {
        format!(
            "{:>9} instructions {:>5} allocations",
            cost.instructions, cost.allocations
        )
    };
    let ceiling = ceiling.map(figures).unwrap_or_default();
    format!("{name:<26} {}   ceiling {ceiling}", figures(cost))
}

/// A limit stays the highest ceiling. Operations beyond theirs are an error, with the rest
/// written.
fn set(workspace: &Workspace) -> Result<()> {
    let limits = Limits::load(workspace)?;
    let binary = Binary::build(workspace)?;
    let mut ours = binary.operations()?;
    ours.retain(Operation::is_ours);
    valgrind::require(workspace)?;
    let mut complaints = Vec::new();
    let mut costs = Vec::new();
    for (operation, cost) in count_all(&binary, ours)? {
        let limit = limits.of(&operation.name);
        if !limit.holds(cost) {
            complaints.push(beyond(&operation.name, cost));
        }
        costs.push((operation.name, limit.cap(cost)));
    }
    let ceilings = Ceilings::new(Compiler::here(workspace)?, costs);
    workspace.write(ceilings::FILE, &ceilings.text())?;
    verdict(&complaints)
}

fn verdict(complaints: &[String]) -> Result<()> {
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "operations and ceilings do not fit:\n  - {}",
        complaints.join("\n  - ")
    )))
}

fn measure(workspace: &Workspace, filter: &str) -> Result<Table> {
    let (binary, costs) = count(workspace, filter)?;
    let row = |(operation, cost): (Operation, Cost)| {
        // One after the other: they would slow each other down.
        eprintln!("timing {}", operation.name);
        let time = binary.time(&operation)?;
        Ok(Row {
            operation,
            time,
            cost,
        })
    };
    Ok(Table::new(
        costs.into_iter().map(row).collect::<Result<_>>()?,
    ))
}

fn count<'a>(
    workspace: &'a Workspace,
    filter: &str,
) -> Result<(Binary<'a>, Vec<(Operation, Cost)>)> {
    let binary = Binary::build(workspace)?;
    let mut operations = binary.operations()?;
    operations.retain(|operation| operation.name.contains(filter));
    if operations.is_empty() {
        return Err(Failure::new(format!(
            "no operation has `{filter}` in its name"
        )));
    }
    valgrind::require(workspace)?;
    let costs = count_all(&binary, operations)?;
    Ok((binary, costs))
}

/// On all cores: counts do not depend on what else runs.
fn count_all(binary: &Binary<'_>, operations: Vec<Operation>) -> Result<Vec<(Operation, Cost)>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(operation) = operations.get(index) else {
                return done;
            };
            eprintln!("counting {}", operation.name);
            done.push((index, valgrind::count(binary, operation)));
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut costs: Vec<(usize, Result<Cost>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(thread::ScopedJoinHandle::join);
        results
            .flat_map(|result| result.expect("a failure is a value here"))
            .collect()
    });
    costs.sort_by_key(|(index, _)| *index);
    operations
        .into_iter()
        .zip(costs)
        .map(|(operation, (_, cost))| Ok((operation, cost?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_of_the_same_compiler_are_compared() {
        let compiler =
            |release: &str| Compiler::read(&format!("release: {release}\nhost: h")).unwrap();
        assert_eq!(incomparable(&compiler("1.95.0"), &compiler("1.95.0")), None);
        let reason = incomparable(&compiler("1.96.0"), &compiler("1.95.0"));
        assert_eq!(
            reason.as_deref(),
            Some(
                "the ceilings were made with rustc 1.95.0 for h and this is rustc 1.96.0 for h: \
                 each operation ran once, no count was compared"
            )
        );
    }

    #[test]
    fn complaints_make_a_failure_that_lists_them() {
        assert_eq!(verdict(&[]), Ok(()));
        let error = verdict(&["a".to_owned(), "b".to_owned()]).unwrap_err();
        assert!(error.to_string().ends_with("\n  - a\n  - b"), "{error}");
    }
}
