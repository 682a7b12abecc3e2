use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use crate::Env;

// Process-wide because that is what a cold start is: the first invocation of
// this process, whichever clone of whichever layer happens to see it.
static PROCESS: LazyLock<ColdStart> = LazyLock::new(ColdStart::unused);

/// Tells the first invocation of a process from the later ones.
///
/// All utilities ask through the [`Invocation`](crate::Invocation), so they
/// agree. Clones share one answer.
#[derive(Debug, Clone)]
pub struct ColdStart(Arc<AtomicBool>);

impl ColdStart {
    /// A process of its own that has not seen an invocation yet, for tests.
    #[must_use]
    pub fn unused() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// The answer that this process shares.
    #[must_use]
    pub fn process() -> Self {
        PROCESS.clone()
    }

    /// Whether the invocation that asks is the first, and so paid for the start.
    ///
    /// It did not where Lambda initialised the process ahead of time:
    /// `AWS_LAMBDA_INITIALIZATION_TYPE` is then set to something other than
    /// `on-demand`.
    #[must_use]
    pub fn take(&self, env: &Env) -> bool {
        self.0.load(Ordering::Relaxed)
            && self.0.swap(false, Ordering::Relaxed)
            && env
                .get_non_empty("AWS_LAMBDA_INITIALIZATION_TYPE")
                .is_none_or(|kind| kind == "on-demand")
    }
}

impl Default for ColdStart {
    fn default() -> Self {
        Self::process()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initialized(kind: &str) -> Env {
        Env::from_iter([("AWS_LAMBDA_INITIALIZATION_TYPE", kind)])
    }

    #[test]
    fn only_the_first_invocation_is_cold() {
        let cold_start = ColdStart::unused();
        let clone = cold_start.clone();
        let env = Env::from_iter([("", ""); 0]);
        assert!(cold_start.take(&env));
        assert!(!clone.take(&env));
        assert!(!cold_start.take(&env));
    }

    #[test]
    fn on_demand_initialization_is_cold() {
        assert!(ColdStart::unused().take(&initialized("on-demand")));
    }

    #[test]
    fn initialization_ahead_of_time_is_never_cold() {
        for kind in [
            "provisioned-concurrency",
            "snap-start",
            "lambda-managed-instances",
        ] {
            let cold_start = ColdStart::unused();
            assert!(!cold_start.take(&initialized(kind)), "{kind}");
            assert!(!cold_start.take(&initialized(kind)), "{kind}");
        }
    }
}
