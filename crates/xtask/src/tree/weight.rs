//! How many crates powertools-logger brings into a function that had none.

use std::cmp::Ordering;
use std::fmt;

use crate::failure::Result;
use crate::tree::listing::Listing;
use crate::workspace::Workspace;

/// The most crates that the logger may bring; exactly what it brings today. A change that
/// raises it says in its message what the new crates are for.
const LOGGER_CRATES: usize = 77;

/// Lambda's platform, so that every machine counts the same crates.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug)]
pub(crate) struct Weight {
    crates: usize,
    ceiling: usize,
}

/// Counts what is compiled for the logger with its default features: normal dependencies
/// with their macros, no build- or dev-dependencies, the logger itself not counted.
pub(crate) fn measure(workspace: &Workspace) -> Result<Weight> {
    let arguments = [
        "--package",
        "powertools-logger",
        "--edges",
        "normal",
        "--target",
        TARGET,
    ];
    let listing = Listing::load(workspace, &arguments)?;
    Ok(Weight {
        crates: listing.len().saturating_sub(1),
        ceiling: LOGGER_CRATES,
    })
}

impl Weight {
    pub(crate) fn complaints(&self) -> Vec<String> {
        if self.crates <= self.ceiling {
            return Vec::new();
        }
        vec![format!(
            "powertools-logger brings {} crates, more than its ceiling of {}; see: cargo tree \
             --package powertools-logger --edges normal --target {TARGET}. If they are worth it, \
             raise LOGGER_CRATES in crates/xtask/src/tree/weight.rs and say why",
            self.crates, self.ceiling
        )]
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crates, ceiling } = self;
        write!(
            f,
            "powertools-logger brings {crates} crates (ceiling {ceiling})"
        )?;
        match crates.cmp(ceiling) {
            Ordering::Less => write!(f, ": fewer than before, lower LOGGER_CRATES to {crates}"),
            Ordering::Equal | Ordering::Greater => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logger_brings_no_more_crates_than_its_ceiling() {
        let weight = measure(&Workspace::find().unwrap()).unwrap();
        println!("{weight}");
        assert!(
            weight.complaints().is_empty(),
            "{}",
            weight.complaints().join("\n")
        );
    }

    #[test]
    fn one_crate_more_is_refused() {
        assert_eq!(
            Weight {
                crates: 41,
                ceiling: 40
            }
            .complaints()
            .len(),
            1
        );
        assert!(
            Weight {
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
            crates: 39,
            ceiling: 40,
        };
        assert!(weight.complaints().is_empty());
        assert!(weight.to_string().ends_with("lower LOGGER_CRATES to 39"));
    }
}
