//! How many crates a utility brings into a function that had none.

use std::cmp::Ordering;
use std::fmt;

use crate::failure::Result;
use crate::tree::listing::Listing;
use crate::workspace::Workspace;

/// The most crates that each may bring; exactly what it brings today. A change that raises one
/// says in its message what the new crates are for.
const CEILINGS: &[(&str, usize)] = &[("powertools-logger", 77), ("powertools-metrics", 67)];

/// Lambda's platform, so that every machine counts the same crates.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug)]
pub(crate) struct Weight {
    package: &'static str,
    crates: usize,
    ceiling: usize,
}

/// Counts what is compiled for each with its default features: normal dependencies with their
/// macros, no build- or dev-dependencies, the utility itself not counted.
pub(crate) fn measure(workspace: &Workspace) -> Result<Vec<Weight>> {
    let weigh = |&(package, ceiling)| {
        let arguments = [
            "--package",
            package,
            "--edges",
            "normal",
            "--target",
            TARGET,
        ];
        let listing = Listing::load(workspace, &arguments)?;
        Ok(Weight {
            package,
            crates: listing.len().saturating_sub(1),
            ceiling,
        })
    };
    CEILINGS.iter().map(weigh).collect()
}

impl Weight {
    pub(crate) fn complaints(&self) -> Vec<String> {
        if self.crates <= self.ceiling {
            return Vec::new();
        }
        let Self {
            package,
            crates,
            ceiling,
        } = self;
        vec![format!(
            "{package} brings {crates} crates, more than its ceiling of {ceiling}; see: cargo \
             tree --package {package} --edges normal --target {TARGET}. If they are worth it, \
             raise its number in crates/xtask/src/tree/weight.rs and say why"
        )]
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            package,
            crates,
            ceiling,
        } = self;
        write!(f, "{package} brings {crates} crates (ceiling {ceiling})")?;
        match crates.cmp(ceiling) {
            Ordering::Less => write!(f, ": fewer than before, lower it to {crates}"),
            Ordering::Equal | Ordering::Greater => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_utility_brings_more_crates_than_its_ceiling() {
        let weights = measure(&Workspace::find().unwrap()).unwrap();
        assert_eq!(weights.len(), CEILINGS.len());
        for weight in weights {
            assert!(
                weight.crates > 0 && weight.complaints().is_empty(),
                "{weight}"
            );
        }
    }

    #[test]
    fn one_crate_more_is_refused() {
        assert_eq!(
            Weight {
                package: "x",
                crates: 41,
                ceiling: 40
            }
            .complaints()
            .len(),
            1
        );
        assert!(
            Weight {
                package: "x",
                crates: 40,
                ceiling: 40
            }
            .complaints()
            .is_empty()
        );
    }

    #[test]
    fn one_crate_less_asks_to_lower_the_ceiling() {
        let weight = Weight {
            package: "x",
            crates: 39,
            ceiling: 40,
        };
        assert!(weight.complaints().is_empty());
        assert!(weight.to_string().ends_with("lower it to 39"));
    }
}
