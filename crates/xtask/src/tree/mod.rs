//! `cargo xtask tree`: the rules for what may depend on what.
//!
//! | rule | holds |
//! |---|---|
//! | [`imports`] | who among our crates may import whom |
//! | [`contents`] | crates that certain trees never contain |
//! | [`defaults`] | which members plain cargo commands leave out |
//! | [`json`] | features of `serde_json` that would change users' types |
//! | [`manifests`] | what each manifest takes from the workspace and tells its readers |
//! | [`weight`] | how many crates a utility brings |
//!
//! Each rule is a function from what cargo says to a list of complaints.

mod contents;
mod defaults;
mod imports;
mod json;
mod listing;
mod manifests;
mod weight;

use crate::failure::{Failure, Result};
use crate::metadata::Metadata;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let metadata = Metadata::load(workspace)?;
    let weights = weight::measure(workspace)?;
    let results = [
        ("imports", imports::check(&metadata)),
        ("contents", contents::check(workspace, &metadata)?),
        ("defaults", defaults::check(&metadata)),
        ("json", json::check(&metadata)),
        ("manifests", manifests::check(&metadata)?),
        (
            "weight",
            weights
                .iter()
                .flat_map(weight::Weight::complaints)
                .collect(),
        ),
    ];
    let mut complaints = Vec::new();
    for (rule, found) in results {
        println!(
            "{rule:<10} {}",
            if found.is_empty() { "ok" } else { "BROKEN" }
        );
        complaints.extend(found);
    }
    for weight in &weights {
        println!("{weight}");
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "dependency rules are broken:\n  - {}",
        complaints.join("\n  - ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_keeps_every_rule() {
        let workspace = Workspace::find().unwrap();
        if let Err(error) = run(&workspace) {
            panic!("{error}");
        }
    }
}
