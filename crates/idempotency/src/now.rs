//! The moment of a decision, and the times of a record, without a clock.

use std::time::{Duration, SystemTime};

/// The wall clock's time at which something is decided.
///
/// Records hold whole seconds and whole milliseconds since 1970, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Now(i64);

impl Now {
    /// This many milliseconds after 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The first second that does not begin before this time.
    pub(crate) const fn next_second(self) -> i64 {
        self.seconds() + (self.0.rem_euclid(1000) != 0) as i64
    }

    /// The last millisecond of a second.
    pub(crate) const fn end_of_second(second: i64) -> Self {
        Self(second.saturating_mul(1000).saturating_add(999))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time after this one. A duration that is too long ends at the last time there is.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long it is until a time; zero if that has passed.
    #[must_use]
    pub fn until(self, millis: i64) -> Duration {
        Duration::from_millis(u64::try_from(millis.saturating_sub(self.0)).unwrap_or(0))
    }
}

impl From<SystemTime> for Now {
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A clock before 1970 is wrong anyway; it must not panic.
            Err(before) => {
                i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms - 1)
            }
        };
        Self(millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_down_on_both_sides_of_1970() {
        assert_eq!(Now::from_millis(1999).seconds(), 1);
        assert_eq!(Now::from_millis(-1).seconds(), -1);
    }

    #[test]
    fn a_clock_before_1970_is_before_1970() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
        assert!(Now::from(before).seconds() < 0);
    }

    #[test]
    fn a_time_that_has_passed_is_no_wait() {
        let now = Now::from_millis(10);
        assert_eq!(now.until(9), Duration::ZERO);
        assert_eq!(now.until(12), Duration::from_millis(2));
        let longest = Now::from_millis(i64::MIN).until(i64::MAX);
        assert_eq!(longest.as_millis(), u128::try_from(i64::MAX).unwrap());
        assert_eq!(now.after(Duration::MAX).millis(), i64::MAX);
    }
}
