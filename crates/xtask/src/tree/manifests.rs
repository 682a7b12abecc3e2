//! What every manifest takes from the workspace, and what a published one tells its readers.

use crate::failure::Result;
use crate::metadata::{Metadata, Package};
use crate::workspace::read;

/// Keys that are set once, in the manifest at the root.
const INHERITED: [&str; 4] = [
    "lints",
    "package.license",
    "package.edition",
    "package.rust-version",
];

pub(crate) fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for member in metadata.members() {
        complaints.extend(check_text(&member.name, &read(&member.manifest)?));
        complaints.extend(check_published(member));
    }
    Ok(complaints)
}

fn check_text(name: &str, manifest: &str) -> Vec<String> {
    INHERITED
        .iter()
        .filter(|key| !inherits(manifest, key))
        .map(|key| format!("{name} must take `{key}` from the workspace: `{key}.workspace = true`"))
        .collect()
}

fn check_published(package: &Package) -> Vec<String> {
    if !package.published {
        return Vec::new();
    }
    let required = [
        ("description", package.description),
        ("readme", package.readme),
        ("[package.metadata.docs.rs]", package.docs_rs),
    ];
    required
        .iter()
        .filter(|(_, present)| !present)
        .map(|(key, _)| format!("{} is published and must have {key}", package.name))
        .collect()
}

/// Whether `key` is set to `workspace = true`, in any of the ways that TOML has to say so.
/// Cargo has read the manifest before, so it is well formed; `cargo metadata` shows only
/// the values, not where they come from.
fn inherits(manifest: &str, key: &str) -> bool {
    let mut table = String::new();
    for line in manifest.lines() {
        let code: String = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        if let Some(name) = code
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            table = format!("{name}.");
        } else if let Some(value) = format!("{table}{code}").strip_prefix(key)
            && matches!(value, ".workspace=true" | "={workspace=true}")
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\nlicense.workspace = true\n\
        edition = { workspace = true }\nrust-version.workspace=true # one number\n\n\
        [dependencies]\nserde.workspace = true\n\n[lints]\nworkspace = true\n";

    #[test]
    fn every_way_to_inherit_is_understood() {
        assert!(check_text("a", GOOD).is_empty());
        assert!(inherits("lints.workspace = true\n", "lints"));
        assert!(inherits(
            "[package.license]\nworkspace = true\n",
            "package.license"
        ));
    }

    #[test]
    fn own_value_is_refused() {
        let manifest = GOOD.replace("license.workspace = true", "license = \"MIT\"");
        assert_eq!(
            check_text("a", &manifest),
            ["a must take `package.license` from the workspace: \
              `package.license.workspace = true`"]
        );
    }

    #[test]
    fn missing_lints_are_refused() {
        let manifest = GOOD.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(check_text("a", &manifest).len(), 1);
    }

    #[test]
    fn same_key_of_another_table_does_not_count() {
        assert!(!inherits(
            "[dependencies]\nedition.workspace = true\n",
            "package.edition"
        ));
        assert!(!inherits(
            "[package]\n# edition.workspace = true\n",
            "package.edition"
        ));
    }

    #[test]
    fn published_crate_must_introduce_itself() {
        let mut package = Package {
            name: "a".to_owned(),
            published: true,
            ..Package::default()
        };
        assert_eq!(check_published(&package).len(), 3);
        package.description = true;
        package.readme = true;
        assert_eq!(
            check_published(&package),
            ["a is published and must have [package.metadata.docs.rs]"]
        );
        package.published = false;
        assert!(check_published(&package).is_empty());
    }
}
