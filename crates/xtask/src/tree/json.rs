//! Features of `serde_json` that are global: whoever switches one on changes how every
//! other crate of the program reads numbers or orders keys.

use std::collections::BTreeSet;

use crate::metadata::{Metadata, Package};

const UNWANTED: [&str; 2] = ["arbitrary_precision", "preserve_order"];

pub(crate) fn check(metadata: &Metadata) -> Vec<String> {
    UNWANTED
        .iter()
        .filter_map(|feature| check_feature(metadata, feature))
        .collect()
}

fn check_feature(metadata: &Metadata, feature: &str) -> Option<String> {
    let on = metadata
        .resolved
        .iter()
        .any(|(name, features)| name == "serde_json" && features.iter().any(|f| f == feature));
    // A member is to blame even where the feature is out of reach of --all-features today.
    let asked_by_us = metadata.members().any(|member| asks(member, feature));
    if !on && !asked_by_us {
        return None;
    }
    let askers: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter(|package| asks(package, feature))
        .map(|package| package.name.as_str())
        .collect();
    let askers: Vec<&str> = askers.into_iter().collect();
    Some(format!(
        "serde_json's feature `{feature}` must stay off, it changes users' types; \
         these crates can switch it on: {}",
        askers.join(", ")
    ))
}

fn asks(package: &Package, feature: &str) -> bool {
    let by_dependency = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.name == "serde_json")
        .any(|dependency| dependency.features.iter().any(|f| f == feature));
    let by_feature = package
        .features
        .values()
        .flatten()
        .filter_map(|switch| switch.split_once('/'))
        .any(|(name, f)| name.trim_end_matches('?') == "serde_json" && f == feature);
    by_dependency || by_feature
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, member: bool) -> Package {
        Package {
            name: name.to_owned(),
            member,
            ..Package::default()
        }
    }

    fn asking_by_dependency(name: &str, member: bool) -> Package {
        let dependency = Dependency {
            name: "serde_json".to_owned(),
            normal: true,
            features: vec!["preserve_order".to_owned()],
        };
        Package {
            dependencies: vec![dependency],
            ..package(name, member)
        }
    }

    fn metadata(package: Package, on: &[&str]) -> Metadata {
        let on = on.iter().map(|&feature| feature.to_owned()).collect();
        Metadata {
            packages: vec![package],
            resolved: vec![("serde_json".to_owned(), on)],
        }
    }

    #[test]
    fn other_features_are_free() {
        let metadata = metadata(package("a", true), &["std", "float_roundtrip", "raw_value"]);
        assert!(check(&metadata).is_empty());
    }

    #[test]
    fn feature_that_a_strange_crate_switches_on_is_refused() {
        let complaints = check(&metadata(
            asking_by_dependency("b", false),
            &["preserve_order"],
        ));
        assert_eq!(complaints.len(), 1);
        assert!(
            complaints[0].ends_with("can switch it on: b"),
            "{complaints:?}"
        );
    }

    #[test]
    fn strange_crate_that_could_switch_it_on_but_does_not_is_free() {
        assert!(check(&metadata(asking_by_dependency("b", false), &["std"])).is_empty());
    }

    #[test]
    fn member_that_asks_is_refused_even_if_the_feature_is_off() {
        assert_eq!(
            check(&metadata(asking_by_dependency("a", true), &[])).len(),
            1
        );
        for switch in [
            "serde_json/arbitrary_precision",
            "serde_json?/arbitrary_precision",
        ] {
            let mut asking = package("a", true);
            asking
                .features
                .insert("numbers".to_owned(), vec![switch.to_owned()]);
            assert_eq!(check(&metadata(asking, &[])).len(), 1, "{switch}");
        }
    }
}
