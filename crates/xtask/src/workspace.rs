//! The workspace on disk, and the child processes started in it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::host;

#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    cargo: OsString,
    ci: bool,
}

impl Workspace {
    /// Finds the workspace around the current directory. Cargo knows best where
    /// its target directory is: variable, configuration file or default.
    pub(crate) fn find() -> Result<Self> {
        let cargo = host::cargo();
        let mut command = Command::new(&cargo);
        command.args(["metadata", "--format-version", "1", "--no-deps", "--quiet"]);
        let text = capture(&mut command)?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|e| Failure::new(format!("`cargo metadata` wrote no valid JSON: {e}")))?;
        let path = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).ok_or_else(|| {
                Failure::new(format!(
                    "`cargo metadata` names no `{key}`; is cargo too old?"
                ))
            })
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            cargo,
            ci: host::in_ci(),
        })
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn in_ci(&self) -> bool {
        self.ci
    }

    /// `program`, to be run at the root of the workspace.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root).env("CARGO", &self.cargo);
        command
    }

    /// `cargo <subcommand>` for subcommands that do not resolve dependencies.
    pub(crate) fn plain_cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(&self.cargo);
        command.arg(subcommand);
        command
    }

    /// `cargo <subcommand>`, which in CI must not change the lock file.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.plain_cargo(subcommand);
        self.lock(&mut command);
        command
    }

    /// Adds `--locked` in CI.
    pub(crate) fn lock(&self, command: &mut Command) {
        if self.ci {
            command.arg("--locked");
        }
    }

    pub(crate) fn read(&self, path: &str) -> Result<String> {
        read(&self.root.join(path))
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<()> {
        fs::write(self.root.join(path), text)
            .map_err(|e| Failure::new(format!("cannot write {path}: {e}")))
    }
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))
}

/// Prints the command line and runs it; its output goes straight to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = command_line(command);
    println!("$ {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|e| cannot_start(&line, &e))?;
    check(&line, status)
}

/// As [`run`], where the standard output is for a result: all goes to standard error.
pub(crate) fn run_aside(command: &mut Command) -> Result<()> {
    let line = command_line(command);
    eprintln!("$ {line}");
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map_err(|e| cannot_start(&line, &e))?;
    check(&line, status)
}

/// Runs a command silently and gives what it wrote to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = command_line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| cannot_start(&line, &e))?;
    check(&line, output.status)?;
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{line}` wrote something that is not UTF-8")))
}

/// Whether a command runs and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn check(line: &str, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{line}` failed ({status})")))
}

pub(crate) fn cannot_start(line: &str, error: &io::Error) -> Failure {
    Failure::new(format!("cannot start `{line}`: {error}"))
}

/// The command as a person would type it: programs by name, not by path.
pub(crate) fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_stem()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_names_the_program_without_its_path() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["tree", "--quiet"]);
        assert_eq!(command_line(&command), "cargo tree --quiet");
    }

    #[test]
    fn failed_command_is_named_with_its_status() {
        let error = run(Command::new("cargo")
            .arg("no-such-subcommand")
            .stderr(Stdio::null()))
        .expect_err("there is no such subcommand")
        .to_string();
        assert!(
            error.starts_with("`cargo no-such-subcommand` failed ("),
            "{error}"
        );
    }

    #[test]
    fn missing_program_is_named() {
        let error = capture(&mut Command::new("no-such-program-here"))
            .expect_err("there is no such program")
            .to_string();
        assert!(
            error.starts_with("cannot start `no-such-program-here`: "),
            "{error}"
        );
    }

    #[test]
    fn workspace_is_found_from_the_crate_directory() {
        let workspace = Workspace::find().expect("the tests run inside the workspace");
        assert!(workspace.read("crates/xtask/Cargo.toml").is_ok());
    }
}
