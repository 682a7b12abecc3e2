//! The command line.

use std::path::{Path, PathBuf};

use crate::{arms, case::Case, deviation::Deviations, runner::Runner};

/// What `--help` prints.
pub const HELP: &str = "cargo run -p conformance -- [OPTIONS] [FILE…]

Runs the vectors in FILE, or the crate's own without any, against our crates.

  --utility NAME      only this utility; may be given several times
  --verbose           print deviations too, with their reasons
  --deviations FILE   instead of the crate's deviations.toml
  --help              this text

Exit code: 0 nothing failed; 1 a case failed, or an entry of the deviations matched cases of
which none differs; 2 the run could not be started.
";

/// The crate's own files, in the order in which they are run.
const FILES: [&str; 3] = ["observability.jsonl", "config.jsonl", "reliability.jsonl"];

/// A command line that has been read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Command {
    help: bool,
    verbose: bool,
    utilities: Vec<String>,
    deviations: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl Command {
    /// Reads the arguments, without the name of the program.
    ///
    /// # Errors
    ///
    /// If an option does not exist or lacks its value.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut command = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let next = arguments.next().filter(|value| !value.is_empty());
                next.ok_or_else(|| format!("`{argument}` lacks its value\n\n{HELP}"))
            };
            match argument.as_str() {
                "--help" | "-h" => command.help = true,
                "--verbose" => command.verbose = true,
                "--utility" => command.utilities.push(value()?),
                "--deviations" => command.deviations = Some(value()?.into()),
                option if option.starts_with('-') => {
                    return Err(format!("there is no option `{option}`\n\n{HELP}"));
                }
                file => command.files.push(file.into()),
            }
        }
        Ok(command)
    }

    /// Whether only the help was asked for.
    #[must_use]
    pub fn wants_help(&self) -> bool {
        self.help
    }

    /// Reads files and deviations: the runner, and what it is to run.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or `--utility` names one that neither the files nor the arms
    /// have.
    pub fn prepare(&self) -> Result<(Runner, Vec<Case>), String> {
        let arms = arms::all();
        let names: Vec<&str> = arms.iter().map(|arm| arm.utility()).collect();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("deviations.toml");
        let deviations = self.deviations.as_deref().unwrap_or(&own);
        let deviations =
            Deviations::read_file(deviations, &names).map_err(|error| error.to_string())?;
        let mut cases = self.read().map_err(|error| error.to_string())?;
        self.check_names(&names, &cases)?;
        if !self.utilities.is_empty() {
            cases.retain(|case| self.utilities.iter().any(|name| name == case.utility()));
        }
        Ok((Runner::new(arms, deviations).verbose(self.verbose), cases))
    }

    fn read(&self) -> Result<Vec<Case>, crate::case::ReadError> {
        let mut cases = Vec::new();
        for file in &self.files {
            cases.extend(Case::read_file(file, &file.display().to_string())?);
        }
        if self.files.is_empty() {
            let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
            for name in FILES {
                cases.extend(Case::read_file(
                    &vectors.join(name),
                    &format!("vectors/{name}"),
                )?);
            }
        }
        Ok(cases)
    }

    fn check_names(&self, arms: &[&str], cases: &[Case]) -> Result<(), String> {
        let mut known = arms.to_vec();
        for case in cases {
            if !known.contains(&case.utility()) {
                known.push(case.utility());
            }
        }
        match self
            .utilities
            .iter()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(format!(
                "there is no utility `{name}`, only {}",
                known.join(", ")
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_and_files_may_be_mixed() {
        let expected = Command {
            verbose: true,
            utilities: vec!["logger".to_owned(), "metrics".to_owned()],
            deviations: Some("d.toml".into()),
            files: vec!["a.jsonl".into(), "b.jsonl".into()],
            ..Command::default()
        };
        assert_eq!(
            parse(
                "a.jsonl --utility logger --verbose --deviations d.toml --utility metrics b.jsonl"
            ),
            Ok(expected)
        );
        assert!(parse("--help").is_ok_and(|command| command.wants_help()));
    }

    #[test]
    fn unknown_option_and_missing_value_get_the_help() {
        for line in ["--utilities x", "-u", "--utility", "x --deviations"] {
            let error = parse(line).expect_err("no such line");
            assert!(error.contains("--utility NAME"), "{error}");
        }
    }
}
