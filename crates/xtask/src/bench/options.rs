//! The words after `cargo xtask bench`.

use crate::failure::{Failure, Result};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Options {
    /// Time and counts side by side, of operations whose name contains this.
    Table(String),
    /// The same as a page of documentation shows it.
    Markdown,
    /// One line for each operation whose name contains this, for programs to read.
    Instructions(String),
    /// Holds our own at their ceilings.
    Check,
    /// Writes the ceilings anew.
    Set,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        match words {
            [] => Ok(Self::Table(String::new())),
            ["--instructions"] => Ok(Self::Instructions(String::new())),
            ["--instructions", filter] if is_filter(filter) => {
                Ok(Self::Instructions((*filter).to_owned()))
            }
            ["--markdown"] => Ok(Self::Markdown),
            ["--check"] => Ok(Self::Check),
            ["--set"] => Ok(Self::Set),
            [filter] if is_filter(filter) => Ok(Self::Table((*filter).to_owned())),
            _ => Err(Failure::new(format!(
                "`bench` knows no `{}`, only `[FILTER]`, `--instructions [FILTER]`, `--markdown`, \
                 `--check` and `--set`",
                words.join(" ")
            ))),
        }
    }
}

fn is_filter(word: &str) -> bool {
    !word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Options::parse(&words)
    }

    #[test]
    fn a_word_without_dashes_is_a_filter() {
        assert_eq!(parse(""), Ok(Options::Table(String::new())));
        assert_eq!(parse("logger"), Ok(Options::Table("logger".to_owned())));
        assert_eq!(
            parse("--instructions"),
            Ok(Options::Instructions(String::new()))
        );
        assert_eq!(
            parse("--instructions peer:jmespath"),
            Ok(Options::Instructions("peer:jmespath".to_owned()))
        );
    }

    #[test]
    fn what_concerns_all_operations_takes_no_filter() {
        assert_eq!(parse("--check"), Ok(Options::Check));
        assert_eq!(parse("--set"), Ok(Options::Set));
        assert_eq!(parse("--markdown"), Ok(Options::Markdown));
        for line in ["--check logger", "--set logger", "--markdown logger"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn other_words_are_answered_with_those_that_exist() {
        for line in ["--quick", "logger jmespath", "--instructions --check"] {
            let error = parse(line).expect_err("no such word").to_string();
            assert!(error.contains(&format!("`{line}`")), "{error}");
            assert!(error.contains("--instructions [FILTER]"), "{error}");
        }
    }
}
