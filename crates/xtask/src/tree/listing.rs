//! Trees as `cargo tree --prefix none` lists them.

use std::collections::BTreeSet;

use crate::failure::Result;
use crate::workspace::{Workspace, capture};

/// The distinct crates of one tree, by name and version.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing(BTreeSet<(String, String)>);

impl Listing {
    /// What `cargo tree` lists with these arguments. Features are those that the selected
    /// packages get when they are built alone.
    pub(crate) fn load(workspace: &Workspace, arguments: &[&str]) -> Result<Self> {
        let mut command = workspace.cargo("tree");
        command
            .args(["--quiet", "--prefix", "none", "--format", "{p}"])
            .args(arguments);
        capture(&mut command).map(|text| Self::read(&text))
    }

    pub(crate) fn read(text: &str) -> Self {
        let crates = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        });
        Self(crates.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_listed_twice_counts_once_and_two_versions_count_twice() {
        let listing = Listing::read(
            "powertools-logger v0.1.0 (/w/crates/logger)\n\
             serde v1.0.1\nserde_derive v1.0.1 (proc-macro)\nserde v1.0.1 (*)\n\n\
             http v0.2.0\nhttp v1.5.0\n",
        );
        assert_eq!(listing.len(), 5);
        let names: Vec<_> = listing.names().into_iter().collect();
        assert_eq!(
            names,
            ["http", "powertools-logger", "serde", "serde_derive"]
        );
    }
}
