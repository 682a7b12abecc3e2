use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::{Clock, SharedClock};

/// A clock that moves only when told. Clones share the time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use powertools_core::test_util::ManualClock;
///
/// let time = ManualClock::at(SystemTime::UNIX_EPOCH);
/// let clock = time.shared();
/// time.advance(Duration::from_secs(1));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Times>>);

#[derive(Debug)]
struct Times {
    now: SystemTime,
    instant: Instant,
}

impl ManualClock {
    /// A clock that stands at the given time.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        let instant = SharedClock::default().instant();
        Self(Arc::new(Mutex::new(Times { now, instant })))
    }

    /// The clock for a [`Host`](crate::Host).
    #[must_use]
    pub fn shared(&self) -> SharedClock {
        SharedClock::new(self.clone())
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) {
        self.change(|times| {
            times.now += by;
            times.instant += by;
        });
    }

    /// Sets the wall clock alone, also back, as time servers do.
    pub fn set(&self, now: SystemTime) {
        self.change(|times| times.now = now);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Times) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.change(|times| times.now)
    }

    fn instant(&self) -> Instant {
        self.change(|times| times.instant)
    }
}
