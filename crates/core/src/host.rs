use crate::{ColdStart, Env, SharedClock, SharedRandom};

/// What surrounds an invocation: environment, clock, randomness, cold start.
///
/// Every layer's builder takes one. The default is the real process; tests put
/// their own parts in:
///
/// ```
/// use powertools_core::{ColdStart, Env, Host};
///
/// let host = Host::default()
///     .with_env(Env::from_iter([("POWERTOOLS_SERVICE_NAME", "payments")]))
///     .with_cold_start(ColdStart::unused());
/// # let _ = host;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Host {
    clock: SharedClock,
    cold_start: ColdStart,
    env: Env,
    random: SharedRandom,
}

impl Host {
    /// Replaces the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the process's cold start by another.
    #[must_use]
    pub fn with_cold_start(mut self, cold_start: ColdStart) -> Self {
        self.cold_start = cold_start;
        self
    }

    /// Replaces the environment.
    #[must_use]
    pub fn with_env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Replaces the source of randomness.
    #[must_use]
    pub fn with_random(mut self, random: SharedRandom) -> Self {
        self.random = random;
        self
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// The cold start of this process.
    #[must_use]
    pub fn cold_start(&self) -> &ColdStart {
        &self.cold_start
    }

    /// The environment.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The source of randomness.
    #[must_use]
    pub fn random(&self) -> &SharedRandom {
        &self.random
    }
}
