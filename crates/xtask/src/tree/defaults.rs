//! Which members plain `cargo build` and `cargo test` leave out. The manifest lists those
//! that they take along, and a list is easily forgotten.

use crate::metadata::Metadata;

/// What compares us with others.
const LEFT_OUT: [&str; 2] = ["benches", "conformance"];

pub(crate) fn check(metadata: &Metadata) -> Vec<String> {
    let complaint = |name: &str, by_default| match (LEFT_OUT.contains(&name), by_default) {
        (false, false) => Some(format!(
            "{name} is missing in `default-members` of the root manifest: plain `cargo test` \
             would not test it"
        )),
        (true, true) => Some(format!(
            "{name} must not be in `default-members` of the root manifest"
        )),
        (false, true) | (true, false) => None,
    };
    metadata
        .members()
        .filter_map(|member| complaint(&member.name, member.by_default))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    fn complaints(name: &str, by_default: bool) -> Vec<String> {
        let package = Package {
            name: name.to_owned(),
            member: true,
            by_default,
            ..Package::default()
        };
        check(&Metadata {
            packages: vec![package],
            ..Metadata::default()
        })
    }

    #[test]
    fn forgotten_member_is_named() {
        assert!(complaints("powertools-new", true).is_empty());
        let complaints = complaints("powertools-new", false);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("powertools-new is missing"));
    }

    #[test]
    fn comparisons_are_left_out() {
        for name in LEFT_OUT {
            assert!(complaints(name, false).is_empty());
            assert_eq!(complaints(name, true).len(), 1);
        }
    }
}
