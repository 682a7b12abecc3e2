use std::sync::Arc;

use super::{Idempotency, Jmespath, Logger, Metrics};
use crate::arm::Arm;

/// Every arm. A new utility adds its row here.
#[must_use]
pub fn all() -> Vec<Arc<dyn Arm>> {
    vec![
        Arc::new(Idempotency),
        Arc::new(Jmespath),
        Arc::new(Logger),
        Arc::new(Metrics),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_arms_are_for_one_utility() {
        let mut names: Vec<_> = all().iter().map(|arm| arm.utility()).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }
}
