//! Which compiler made the figures: another one makes other figures.

use std::fmt;

use crate::failure::{Failure, Result};
use crate::host;
use crate::workspace::{Workspace, capture};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiler {
    release: String,
    host: String,
}

impl Compiler {
    /// The one that cargo uses here.
    pub(crate) fn here(workspace: &Workspace) -> Result<Self> {
        let rustc = host::variable("RUSTC").unwrap_or_else(|| "rustc".into());
        let text = capture(workspace.command(rustc).arg("-vV"))?;
        Self::read(&text).ok_or_else(|| Failure::new("`rustc -vV` names no release or no host"))
    }

    /// Finds the lines `release: …` and `host: …`, as `rustc -vV` writes them, also in
    /// comments.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let find = |key: &str| {
            let lines = text.lines().map(|line| line.trim_start_matches("# "));
            let mut values = lines.filter_map(|line| line.strip_prefix(key));
            values.next().map(|value| value.trim().to_owned())
        };
        Some(Self {
            release: find("release:")?,
            host: find("host:")?,
        })
    }

    /// Comments that [`Self::read`] finds.
    pub(crate) fn comments(&self) -> String {
        let Self { release, host } = self;
        format!("# release: {release}\n# host: {host}\n")
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rustc {} for {}", self.release, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBOSE: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
        host: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";

    #[test]
    fn release_and_host_are_read_and_written() {
        let compiler = Compiler::read(VERBOSE).unwrap();
        assert_eq!(
            compiler.to_string(),
            "rustc 1.95.0 for x86_64-unknown-linux-gnu"
        );
        assert_eq!(Compiler::read(&compiler.comments()), Some(compiler));
    }

    #[test]
    fn another_release_or_host_is_another_compiler() {
        let compiler = Compiler::read(VERBOSE);
        for (old, new) in [("1.95.0", "1.96.0"), ("x86_64", "aarch64")] {
            assert_ne!(Compiler::read(&VERBOSE.replace(old, new)), compiler);
        }
    }

    #[test]
    fn output_without_them_is_not_a_compiler() {
        assert_eq!(Compiler::read("rustc 1.95.0\nhost: x"), None);
        assert_eq!(Compiler::read("release: 1.95.0"), None);
    }

    #[test]
    fn this_machine_has_a_compiler() {
        assert!(Compiler::here(&Workspace::find().unwrap()).is_ok());
    }
}
