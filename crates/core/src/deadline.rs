//! The rules of deadlines, without a clock of their own.

use std::time::{Duration, SystemTime};

/// When an invocation will be killed, and how long it had when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    at: SystemTime,
    given: Duration,
}

impl Deadline {
    /// A deadline that is past on arrival is unknown: emulators send such.
    pub(crate) fn on_arrival(at: SystemTime, now: SystemTime) -> Option<Self> {
        let given = at
            .duration_since(now)
            .ok()
            .filter(|given| !given.is_zero())?;
        Some(Self { at, given })
    }

    pub(crate) fn at(&self) -> SystemTime {
        self.at
    }

    /// One that passes later leaves zero, which is not the same as unknown.
    pub(crate) fn remaining(&self, now: SystemTime) -> Duration {
        self.at.duration_since(now).unwrap_or_default()
    }

    /// A margin takes at most half of the time that there was, so that short
    /// time-outs leave the handler some.
    pub(crate) fn margin(&self, wanted: Duration) -> Duration {
        wanted.min(self.given / 2)
    }

    /// When to flush so that the margin is left.
    pub(crate) fn flush_at(&self, wanted: Duration) -> SystemTime {
        self.at - self.margin(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn after(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn a_deadline_past_on_arrival_is_unknown() {
        assert_eq!(Deadline::on_arrival(after(5), after(6)), None);
        assert_eq!(Deadline::on_arrival(after(6), after(6)), None);
    }

    #[test]
    fn a_deadline_that_passes_later_leaves_zero() {
        let deadline = Deadline::on_arrival(after(10), after(4)).unwrap();
        assert_eq!(deadline.remaining(after(4)), Duration::from_secs(6));
        assert_eq!(deadline.remaining(after(10)), Duration::ZERO);
        assert_eq!(deadline.remaining(after(11)), Duration::ZERO);
    }

    #[test]
    fn a_margin_takes_at_most_half_of_the_time() {
        let deadline = Deadline::on_arrival(after(10), after(0)).unwrap();
        assert_eq!(deadline.flush_at(Duration::from_secs(1)), after(9));
        assert_eq!(deadline.flush_at(Duration::from_secs(9)), after(5));
    }
}
