//! Developer commands of this repository: `cargo xtask help` lists them.
#![cfg_attr(
    not(unix),
    allow(dead_code, reason = "`cargo xtask test` refuses to run there")
)]

mod apt;
mod bench;
mod ci;
mod failure;
mod host;
mod lock;
mod metadata;
#[cfg(unix)]
mod process;
mod report;
#[cfg(unix)]
mod servers;
mod tally;
#[cfg_attr(not(unix), path = "test_elsewhere.rs")]
mod test;
mod tools;
mod tree;
mod venv;
mod workspace;

use std::env;
use std::process::ExitCode;

use crate::ci::Selection;
use crate::failure::{Failure, Result};
use crate::tally::Tally;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    #[cfg(unix)]
    if let Some(code) = process::guard::main(env::args_os().skip(1)) {
        return code;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (tally, verdict) = match Request::parse(&arguments) {
        Ok(request) => request.run(),
        Err(error) => (None, Err(error)),
    };
    if let Err(error) = &verdict {
        eprintln!("error: {error}");
    }
    // The count of tests closes the output, alone on its line, so that a machine finds it.
    if let Some(tally) = tally {
        println!("{tally}");
    }
    if verdict.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Request {
    Help,
    Ci(Selection),
    Bench(bench::Options),
    Test,
    Tree,
}

impl Request {
    fn parse(arguments: &[String]) -> Result<Self> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => Err(Failure::new(format!("which command?\n\n{}", help()))),
            ["help" | "--help" | "-h", ..] => Ok(Self::Help),
            ["bench", rest @ ..] => bench::Options::parse(rest).map(Self::Bench),
            ["ci", rest @ ..] => Selection::parse(rest).map(Self::Ci),
            ["test"] => Ok(Self::Test),
            ["tree"] => Ok(Self::Tree),
            ["test" | "tree", extra, ..] => Err(Failure::new(format!(
                "`{extra}` is one word too many; use cargo itself to run a part of the tests"
            ))),
            [other, ..] => Err(Failure::new(format!("there is no `{other}`\n\n{}", help()))),
        }
    }

    fn run(self) -> (Option<Tally>, Result<()>) {
        if self == Self::Help {
            println!("{}", help());
            return (None, Ok(()));
        }
        let workspace = match Workspace::find() {
            Ok(workspace) => workspace,
            Err(error) => return (None, Err(error)),
        };
        match self {
            Self::Help => (None, Ok(())),
            Self::Bench(options) => (None, bench::run(&workspace, &options)),
            Self::Ci(selection) => ci::run(&workspace, &selection),
            Self::Test => {
                let (tally, verdict) = test::run(&workspace);
                (Some(tally), verdict)
            }
            Self::Tree => (None, tree::run(&workspace)),
        }
    }
}

fn help() -> String {
    let mut text = String::from(
        "cargo xtask test              start the servers that the tests need and run all of them
cargo xtask tree              check the dependency rules, print the weight of the utilities
cargo xtask bench [FILTER]    time, instructions and allocations, ours beside the peers'
cargo xtask bench --instructions [FILTER]
                              counts only, one line each: name, instructions, allocations
cargo xtask bench --markdown  the table of docs/performance.md
cargo xtask bench --check     hold ours at their ceilings, benches/ceilings.tsv
cargo xtask bench --set       measure and write the ceilings
cargo xtask ci                every check, then the tests; stops at the first failure
cargo xtask ci --only STEP    these steps only; may be given several times

The steps of ci, in their order:",
    );
    for step in ci::STEPS {
        text.push_str(&format!("\n  {:<11} {}", step.name, step.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Request::parse(&arguments)
    }

    #[test]
    fn commands_are_recognised() {
        assert_eq!(parse("test"), Ok(Request::Test));
        assert_eq!(parse("tree"), Ok(Request::Tree));
        assert_eq!(parse("--help"), Ok(Request::Help));
        assert_eq!(
            parse("bench --check"),
            Ok(Request::Bench(bench::Options::Check))
        );
        assert!(matches!(parse("ci --only fmt"), Ok(Request::Ci(_))));
    }

    #[test]
    fn unknown_or_missing_command_gets_the_help() {
        for line in ["", "tset"] {
            let error = parse(line).expect_err("no such command").to_string();
            assert!(error.contains("cargo xtask test"), "{error}");
        }
    }

    #[test]
    fn test_takes_no_filter() {
        assert!(parse("test some_name").is_err());
    }

    #[test]
    fn help_lists_every_step() {
        let text = help();
        for step in ci::STEPS {
            assert!(text.contains(step.about), "{text}");
        }
    }
}
