//! Who may import whom. A utility never imports another utility: what they share about an
//! invocation travels through powertools-core.

use std::collections::BTreeSet;

use crate::metadata::{Metadata, Package};

#[derive(Debug)]
struct Rule {
    package: &'static str,
    may_import: &'static [&'static str],
    why: &'static str,
}

const UTILITY: &str = "a utility imports no other utility; what they share travels through core";
const BASE: &[&str] = &["powertools-core"];

const RULES: &[Rule] = &[
    Rule {
        package: "powertools-core",
        may_import: &[],
        why: "everything stands on core, so core stands on none of ours",
    },
    Rule {
        package: "powertools-jmespath",
        may_import: &[],
        why: "expressions over JSON know nothing of Lambda nor of the rest of ours",
    },
    Rule {
        package: "powertools-logger",
        may_import: &["powertools-core", "powertools-jmespath"],
        why: "a utility imports core, and jmespath where it reads events",
    },
    Rule {
        package: "powertools-metrics",
        may_import: BASE,
        why: UTILITY,
    },
    Rule {
        package: "powertools-idempotency",
        may_import: &["powertools-core", "powertools-jmespath"],
        why: "a utility imports core, and jmespath where it reads events",
    },
    Rule {
        package: "powertools-event-handler",
        may_import: BASE,
        why: UTILITY,
    },
    Rule {
        package: "powertools-local",
        may_import: BASE,
        why: UTILITY,
    },
    Rule {
        package: "powertools",
        may_import: &[
            "powertools-core",
            "powertools-event-handler",
            "powertools-idempotency",
            "powertools-jmespath",
            "powertools-local",
            "powertools-logger",
            "powertools-metrics",
        ],
        why: "the facade re-exports the utilities, and nothing unpublished",
    },
    Rule {
        package: "greeting-api",
        may_import: &[
            "powertools",
            "powertools-core",
            "powertools-event-handler",
            "powertools-idempotency",
            "powertools-local",
            "powertools-logger",
            "powertools-metrics",
        ],
        why: "an example uses what a user can use: published crates",
    },
    Rule {
        package: "conformance",
        may_import: &[
            "powertools-core",
            "powertools-event-handler",
            "powertools-idempotency",
            "powertools-jmespath",
            "powertools-logger",
            "powertools-metrics",
        ],
        why: "it drives the public API of the utilities, each crate by itself",
    },
    Rule {
        package: "testbed",
        may_import: &["powertools-core", "powertools-local"],
        why: "every crate may be tested with the test bed, so it stands on as little as it can",
    },
    Rule {
        package: "benches",
        may_import: &[
            "powertools-core",
            "powertools-idempotency",
            "powertools-jmespath",
            "powertools-logger",
            "powertools-metrics",
        ],
        why: "what is measured is what a user can use, without the facade between",
    },
    Rule {
        package: "xtask",
        may_import: &[],
        why: "the developer commands do not depend on the library that they check",
    },
];

pub(crate) fn check(metadata: &Metadata) -> Vec<String> {
    let names: BTreeSet<&str> = metadata
        .members()
        .map(|member| member.name.as_str())
        .collect();
    let mut complaints: Vec<String> = metadata
        .members()
        .flat_map(|member| check_member(member, &names))
        .collect();
    for rule in RULES.iter().filter(|rule| !names.contains(rule.package)) {
        complaints.push(format!(
            "the table of imports has a row for {}, which is no member of the workspace",
            rule.package
        ));
    }
    complaints
}

fn check_member(member: &Package, ours: &BTreeSet<&str>) -> Vec<String> {
    let Some(rule) = RULES.iter().find(|rule| rule.package == member.name) else {
        return vec![format!(
            "{} has no row in the table of imports: add one in crates/xtask/src/tree/imports.rs",
            member.name
        )];
    };
    member
        .dependencies
        .iter()
        .filter(|dependency| dependency.normal && ours.contains(dependency.name.as_str()))
        .filter(|dependency| !rule.may_import.contains(&dependency.name.as_str()))
        .map(|dependency| {
            format!(
                "{} must not import {}: {}",
                member.name, dependency.name, rule.why
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    /// Every member that the table names, without any import.
    fn workspace() -> Metadata {
        let packages = RULES
            .iter()
            .map(|rule| Package {
                name: rule.package.to_owned(),
                member: true,
                ..Package::default()
            })
            .collect();
        Metadata {
            packages,
            ..Metadata::default()
        }
    }

    fn with_import(importer: &str, imported: &str, normal: bool) -> Metadata {
        let mut metadata = workspace();
        let package = metadata
            .packages
            .iter_mut()
            .find(|package| package.name == importer);
        package
            .expect("in the table")
            .dependencies
            .push(Dependency {
                name: imported.to_owned(),
                normal,
                ..Dependency::default()
            });
        metadata
    }

    #[test]
    fn allowed_imports_pass() {
        for rule in RULES {
            for imported in rule.may_import {
                assert!(check(&with_import(rule.package, imported, true)).is_empty());
            }
        }
    }

    #[test]
    fn utility_that_imports_a_utility_is_refused_with_the_rule() {
        assert_eq!(
            check(&with_import(
                "powertools-event-handler",
                "powertools-local",
                true
            )),
            [
                "powertools-event-handler must not import powertools-local: a utility imports no other \
              utility; what they share travels through core"
            ]
        );
    }

    #[test]
    fn core_imports_none_of_ours() {
        assert_eq!(
            check(&with_import("powertools-core", "powertools-logger", true)).len(),
            1
        );
    }

    #[test]
    fn dev_dependencies_and_other_crates_are_free() {
        assert!(check(&with_import("powertools-core", "powertools-logger", false)).is_empty());
        assert!(check(&with_import("powertools-core", "tracing", true)).is_empty());
    }

    #[test]
    fn member_without_a_row_is_refused() {
        let mut metadata = workspace();
        metadata.packages.push(Package {
            name: "powertools-new".to_owned(),
            member: true,
            ..Package::default()
        });
        let complaints = check(&metadata);
        assert!(
            complaints[0].starts_with("powertools-new has no row"),
            "{complaints:?}"
        );
    }

    #[test]
    fn no_package_has_two_rows() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.package).collect();
        assert_eq!(names.len(), RULES.len());
    }

    #[test]
    fn row_without_a_member_is_refused() {
        let mut metadata = workspace();
        metadata
            .packages
            .retain(|package| package.name != "powertools-local");
        let complaints = check(&metadata);
        assert!(
            complaints[0].contains("a row for powertools-local"),
            "{complaints:?}"
        );
    }
}
