//! `cargo xtask ci`: the steps, cheap ones first, stopping at the first failure.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::host::Stopwatch;
use crate::report::{Outcome, Report};
use crate::tally::Tally;
use crate::tools::Tools;
use crate::workspace::{Workspace, run as run_command, succeeds};
use crate::{bench, test, tools, tree};

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    action: Action,
}

#[derive(Debug)]
enum Action {
    /// Needs the Rust toolchain and none of the pinned tools.
    Cargo(fn(&Workspace) -> Result<()>),
    /// Needs the pinned tool of this name, and gives the command to run.
    Tool(&'static str, fn(&Workspace, Command) -> Command),
    Test,
}

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "rustfmt changes nothing",
        action: Action::Cargo(fmt),
    },
    Step {
        name: "typos",
        about: "no known misspelling",
        action: Action::Tool("typos", |_, command| command),
    },
    Step {
        name: "toml",
        about: "taplo changes nothing in a TOML file",
        action: Action::Tool("taplo", taplo),
    },
    Step {
        name: "deny",
        about: "licences, banned crates and sources (deny.toml)",
        action: Action::Tool("cargo-deny", deny),
    },
    Step {
        name: "tree",
        about: "who may import whom, and what no tree may contain",
        action: Action::Cargo(tree::run),
    },
    Step {
        name: "clippy",
        about: "no warning in any target, with every feature",
        action: Action::Cargo(clippy),
    },
    Step {
        name: "docs",
        about: "no warning and no broken link in the documentation",
        action: Action::Cargo(docs),
    },
    Step {
        name: "features",
        about: "no warning in any crate with each feature alone, with none and with the default",
        action: Action::Tool("cargo-hack", features),
    },
    Step {
        name: "bench",
        about: "no operation of ours is dearer than its ceiling",
        action: Action::Cargo(bench::check),
    },
    Step {
        name: "conformance",
        about: "every vector passes or is a listed deviation",
        action: Action::Cargo(conformance),
    },
    Step {
        name: "test",
        about: "what `cargo xtask test` does",
        action: Action::Test,
    },
];

/// Which steps to run; none named means all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection(Vec<&'static str>);

impl Selection {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut names = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word != "--only" {
                return Err(Failure::new(format!(
                    "`ci` knows no `{word}`, only `--only STEP`"
                )));
            }
            let wanted = words.next().copied().unwrap_or_default();
            let step = STEPS
                .iter()
                .find(|step| step.name == wanted)
                .ok_or_else(|| {
                    let all: Vec<_> = STEPS.iter().map(|step| step.name).collect();
                    Failure::new(format!(
                        "`--only {wanted}`: the steps are {}",
                        all.join(", ")
                    ))
                })?;
            names.push(step.name);
        }
        Ok(Self(names))
    }

    fn contains(&self, step: &Step) -> bool {
        self.0.is_empty() || self.0.contains(&step.name)
    }
}

pub(crate) fn run(workspace: &Workspace, selection: &Selection) -> (Option<Tally>, Result<()>) {
    let mut report = Report::default();
    let mut tally = None;
    let mut verdict = Ok(());
    for step in STEPS.iter().filter(|step| selection.contains(step)) {
        if verdict.is_err() {
            report.add_not_run(step.name);
            continue;
        }
        println!("== {}: {}", step.name, step.about);
        let clock = Stopwatch::start();
        let result = perform(workspace, &step.action, &mut tally);
        let outcome = *result.as_ref().unwrap_or(&Outcome::Failed);
        report.add(step.name, outcome, clock.elapsed());
        verdict = result.map(|_| ()).map_err(|e| {
            Failure::new(format!(
                "{e}\nto repeat this step: cargo xtask ci --only {}",
                step.name
            ))
        });
    }
    println!("{report}");
    (tally, verdict)
}

fn perform(workspace: &Workspace, action: &Action, tally: &mut Option<Tally>) -> Result<Outcome> {
    match action {
        Action::Cargo(check) => check(workspace)?,
        Action::Tool(name, arguments) => {
            let tools = Tools::install(workspace)?;
            let Some(path) = tools.find(name) else {
                println!("{}", tools::no_build_here(name));
                return Ok(Outcome::Skipped);
            };
            run_command(&mut arguments(workspace, workspace.command(path)))?;
        }
        Action::Test => {
            let (count, result) = test::run(workspace);
            *tally = Some(count);
            result?;
        }
    }
    Ok(Outcome::Passed)
}

fn fmt(workspace: &Workspace) -> Result<()> {
    require_component(workspace, "fmt", "rustfmt")?;
    run_command(workspace.plain_cargo("fmt").args(["--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    require_component(workspace, "clippy", "clippy")?;
    run_command(workspace.cargo("clippy").args([
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs(workspace: &Workspace) -> Result<()> {
    run_command(
        workspace
            .cargo("doc")
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["--workspace", "--no-deps", "--all-features"]),
    )
}

fn taplo(_: &Workspace, mut command: Command) -> Command {
    command
        .args(["fmt", "--check", "--diff"])
        .env("RUST_LOG", "warn");
    command
}

fn deny(workspace: &Workspace, mut command: Command) -> Command {
    workspace.lock(&mut command);
    command.args([
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]);
    command
}

/// Clippy without test targets, so that no dev-dependency is built and its features do
/// not leak in. `--no-dev-deps` would do the same by rewriting every Cargo.toml for a
/// while: not in a tree where somebody works.
fn features(workspace: &Workspace, mut command: Command) -> Command {
    command.args([
        "hack",
        "clippy",
        "--workspace",
        // Nobody depends on it, and it has no features.
        "--exclude",
        "benches",
        "--each-feature",
    ]);
    workspace.lock(&mut command);
    command.args(["--", "-D", "warnings"]);
    command
}

fn conformance(workspace: &Workspace) -> Result<()> {
    run_command(
        workspace
            .cargo("run")
            .args(["--quiet", "--package", "conformance"]),
    )
}

fn require_component(workspace: &Workspace, subcommand: &str, component: &str) -> Result<()> {
    if succeeds(workspace.plain_cargo(subcommand).arg("--version")) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "this Rust toolchain has no {component}; with rustup: rustup component add {component}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_selects_every_step() {
        let all = Selection::parse(&[]).unwrap();
        assert!(STEPS.iter().all(|step| all.contains(step)));
    }

    #[test]
    fn only_selects_what_it_names() {
        let some = Selection::parse(&["--only", "fmt", "--only", "docs"]).unwrap();
        let names: Vec<_> = STEPS
            .iter()
            .filter(|step| some.contains(step))
            .map(|step| step.name)
            .collect();
        assert_eq!(names, ["fmt", "docs"]);
    }

    #[test]
    fn unknown_step_is_answered_with_the_names() {
        let error = Selection::parse(&["--only", "lint"])
            .expect_err("no such step")
            .to_string();
        assert!(error.contains("fmt, typos, toml"), "{error}");
        assert!(Selection::parse(&["--only"]).is_err());
        assert!(Selection::parse(&["fmt"]).is_err());
    }

    #[test]
    fn tests_come_last() {
        assert_eq!(STEPS.last().map(|step| step.name), Some("test"));
    }
}
