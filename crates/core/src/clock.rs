use std::{
    fmt,
    sync::Arc,
    time::{Instant, SystemTime},
};

/// A source of time.
///
/// Implement it to run a layer on another clock; tests use `ManualClock` from
/// the feature `test-util`.
pub trait Clock: Send + Sync {
    /// The wall clock: deadlines, timestamps, expiry of stored records.
    fn now(&self) -> SystemTime;

    /// A clock that never goes back: durations within this process.
    fn instant(&self) -> Instant;
}

/// A [`Clock`] that can be shared by layers and their clones.
#[derive(Clone)]
pub struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    /// Shares the given clock.
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self(Arc::new(clock))
    }

    /// The wall clock's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.now()
    }

    /// The monotonic clock's time.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.0.instant()
    }
}

impl Default for SharedClock {
    /// The system's clock.
    fn default() -> Self {
        Self::new(SystemClock)
    }
}

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedClock").finish()
    }
}

struct SystemClock;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's clocks"
)]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}
