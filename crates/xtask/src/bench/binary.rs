//! The program `benches`, built as users build theirs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bench::operation::Operation;
use crate::failure::{Failure, Result};
use crate::host;
use crate::workspace::{Workspace, capture, command_line};

#[derive(Debug)]
pub(crate) struct Binary<'a> {
    workspace: &'a Workspace,
    path: PathBuf,
}

impl<'a> Binary<'a> {
    /// Builds it with the plain release profile.
    pub(crate) fn build(workspace: &'a Workspace) -> Result<Self> {
        let mut command = workspace.cargo("build");
        command.args(["--release", "--package", "benches"]);
        eprintln!("$ {}", command_line(&command));
        let messages = capture(command.arg("--message-format=json-render-diagnostics"))?;
        let path = executable(&messages)
            .ok_or_else(|| Failure::new("`cargo build` names no program `benches`"))?;
        Ok(Self { workspace, path })
    }

    pub(crate) fn operations(&self) -> Result<Vec<Operation>> {
        Operation::read_all(&capture(self.command().arg("list"))?)
    }

    /// Proves that the operation does what it should, and performs it.
    pub(crate) fn run_once(&self, operation: &Operation) -> Result<()> {
        capture(self.command().args(["run", &operation.name, "1"])).map(|_| ())
    }

    /// Nanoseconds: the median and the fastest of many batches.
    pub(crate) fn time(&self, operation: &Operation) -> Result<[f64; 2]> {
        let text = capture(self.command().args(["time", &operation.name]))?;
        times(&text)
            .ok_or_else(|| Failure::new(format!("`benches time` wrote no two numbers: {text}")))
    }

    fn command(&self) -> Command {
        self.bare(&self.path)
    }

    /// The program, to be run by another one.
    pub(crate) fn command_under(&self, runner: &Path, arguments: &[&str]) -> Command {
        let mut command = self.bare(runner);
        command.args(arguments).arg(&self.path);
        command
    }

    /// With no variable but the search path: the environment is part of what is counted.
    fn bare(&self, program: &Path) -> Command {
        let mut command = self.workspace.command(program);
        command
            .env_clear()
            .envs(host::variable("PATH").map(|path| ("PATH", path)));
        command
    }
}

fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let ours = message["target"]["name"] == "benches";
        let path = message["executable"].as_str().filter(|_| ours)?;
        Some(PathBuf::from(path))
    })
}

fn times(text: &str) -> Option<[f64; 2]> {
    let (median, fastest) = text.trim_end().split_once('\t')?;
    Some([median.parse().ok()?, fastest.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages_of_the_build() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"core"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
            {"reason":"compiler-artifact","target":{"name":"benches"},"executable":"/t/benches"}
            {"reason":"build-finished","success":true}
        "#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/benches")));
        assert_eq!(executable(r#"{"reason":"build-finished"}"#), None);
    }

    #[test]
    fn times_are_two_numbers() {
        assert_eq!(times("572.9\t562.5\n"), Some([572.9, 562.5]));
        assert_eq!(times("572.9\n"), None);
        assert_eq!(times("fast\tfaster\n"), None);
    }
}
