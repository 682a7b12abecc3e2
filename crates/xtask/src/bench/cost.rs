//! What one operation costs.

use crate::failure::{Failure, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

impl Cost {
    /// The cost of one of `repeat` repetitions: what a run with them counts more than a
    /// run without. What is the same in both, the start and the warm-up, cancels out.
    ///
    /// Instructions are rounded to the nearest, allocations upwards: none means none.
    pub(crate) fn of_one(without: Self, with: Self, repeat: u32) -> Result<Self> {
        let repeat = u64::from(repeat);
        let more = |with: u64, without: u64| {
            with.checked_sub(without).ok_or_else(|| {
                Failure::new("the longer run counted less than the shorter: measure again")
            })
        };
        let instructions = more(with.instructions, without.instructions)?;
        let allocations = more(with.allocations, without.allocations)?;
        Ok(Self {
            instructions: (instructions + repeat / 2) / repeat,
            allocations: allocations.div_ceil(repeat),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(instructions: u64, allocations: u64) -> Cost {
        Cost {
            instructions,
            allocations,
        }
    }

    #[test]
    fn what_both_runs_count_cancels_out() {
        let one = Cost::of_one(cost(400_000, 90), cost(1_000_000, 3_090), 1_000);
        assert_eq!(one, Ok(cost(600, 3)));
    }

    #[test]
    fn instructions_are_rounded_and_allocations_rounded_up() {
        let one = |instructions, allocations| {
            Cost::of_one(cost(0, 0), cost(instructions, allocations), 10)
        };
        assert_eq!(one(14, 0), Ok(cost(1, 0)));
        assert_eq!(one(15, 1), Ok(cost(2, 1)));
        assert_eq!(one(15, 11), Ok(cost(2, 2)));
    }

    #[test]
    fn a_longer_run_that_counts_less_is_an_error() {
        assert!(Cost::of_one(cost(2, 0), cost(1, 0), 1).is_err());
        assert!(Cost::of_one(cost(0, 2), cost(0, 1), 1).is_err());
    }
}
