//! Counts by valgrind: they are the same each time, whatever else the machine does.

use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::apt::{self, Need};
use crate::bench::binary::Binary;
use crate::bench::cost::Cost;
use crate::bench::operation::Operation;
use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, cannot_start, check, command_line, succeeds};

/// Counts instructions, and simulates no cache.
const INSTRUCTIONS: [&str; 3] = [
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
];

/// Counts allocations. No allocator of ours has to do it, which would make what peers
/// allocate look dearer than it is.
const ALLOCATIONS: [&str; 3] = [
    "--tool=memcheck",
    "--leak-check=no",
    "--undef-value-errors=no",
];

/// The run that a longer one is compared with. Both have arguments of the same length, so
/// that both find the same stack.
const SHORT: u32 = 100;

pub(crate) fn require(workspace: &Workspace) -> Result<()> {
    let need = Need {
        sentence: "counting instructions needs valgrind",
        // memcheck looks up symbols that the C library itself is stripped of.
        packages: "valgrind libc6-dbg",
    };
    apt::require(workspace, &need, || {
        succeeds(
            workspace
                .command("valgrind")
                .args([ALLOCATIONS[0], "--quiet", "true"]),
        )
    })
}

/// What one operation costs: four runs of the program.
pub(crate) fn count(binary: &Binary<'_>, operation: &Operation) -> Result<Cost> {
    let counts = |repeat| {
        Ok(Cost {
            instructions: run(binary, operation, repeat, &INSTRUCTIONS, instructions)?,
            allocations: run(binary, operation, repeat, &ALLOCATIONS, allocations)?,
        })
    };
    let (short, long) = (counts(SHORT)?, counts(SHORT + operation.repeat)?);
    Cost::of_one(short, long, operation.repeat)
}

fn run(
    binary: &Binary<'_>,
    operation: &Operation,
    repeat: u32,
    tool: &[&str],
    read: fn(&str) -> Option<u64>,
) -> Result<u64> {
    let mut command = binary.command_under(Path::new("valgrind"), tool);
    command.args(["run", &operation.name, &format!("{repeat:07}")]);
    let line = command_line(&command);
    let Output { status, stderr, .. } =
        output(&mut command).map_err(|e| cannot_start(&line, &e))?;
    let text = String::from_utf8_lossy(&stderr);
    check(&line, status).map_err(|e| Failure::new(format!("{e}\n{text}")))?;
    read(&text).ok_or_else(|| Failure::new(format!("`{line}` wrote no count:\n{text}")))
}

fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).output()
}

/// From `==123== I   refs:      1,923,157`; newer versions write `I refs:`.
fn instructions(text: &str) -> Option<u64> {
    said(text).find_map(|line| {
        let (what, count) = line.split_once("refs:")?;
        (what.trim() == "I").then(|| number(count))?
    })
}

/// From `==123==   total heap usage: 97 allocs, 73 frees, 47,702 bytes allocated`.
fn allocations(text: &str) -> Option<u64> {
    said(text).find_map(|line| {
        let (_, usage) = line.split_once("total heap usage:")?;
        number(usage.split_once("allocs")?.0)
    })
}

/// What valgrind says between the lines of the program.
fn said(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("=="));
    lines.filter_map(|line| line.split_once("==").map(|(_, said)| said))
}

fn number(text: &str) -> Option<u64> {
    text.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_read_from_old_and_new_versions() {
        let old = "==7== Cachegrind, a cache profiler\n==7== \n==7== I   refs:      1,923,157\n";
        let new = "==7== I refs:        23\n";
        assert_eq!(instructions(old), Some(1_923_157));
        assert_eq!(instructions(new), Some(23));
    }

    #[test]
    fn allocations_are_read() {
        let text = "==7== HEAP SUMMARY:\n==7==     in use at exit: 1 bytes in 2 blocks\n\
            ==7==   total heap usage: 1,097 allocs, 73 frees, 47,702 bytes allocated\n";
        assert_eq!(allocations(text), Some(1_097));
    }

    #[test]
    fn other_lines_count_nothing() {
        for text in [
            "",
            "I refs: 7",
            "==7== D refs: 7",
            "==7== LLi refs: 7",
            "==7== I refs: many",
            "==7== total heap usage: some allocs",
        ] {
            assert_eq!(instructions(text), None, "{text}");
            assert_eq!(allocations(text), None, "{text}");
        }
    }
}
