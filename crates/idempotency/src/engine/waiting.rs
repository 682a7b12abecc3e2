use std::time::{Duration, Instant};

/// How long those who wait for a running call first sleep; then twice as long each time.
const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);

/// The wait of one call for another.
pub(super) struct Waiting {
    since: Instant,
    limit: Duration,
    next: Duration,
}

impl Waiting {
    /// Begins. Of the time that is left of the invocation some must stay, to tell the caller.
    pub(super) fn new(since: Instant, limit: Duration, remaining: Option<Duration>) -> Self {
        let bearable = remaining.map_or(limit, |remaining| remaining / 10 * 9);
        Self {
            since,
            limit: limit.min(bearable),
            next: FIRST,
        }
    }

    /// How long to sleep before the next look; `None` when the time for it is over.
    pub(super) fn next(&mut self, now: Instant) -> Option<Duration> {
        let waited = now.saturating_duration_since(self.since);
        let left = self.limit.checked_sub(waited)?;
        if left.is_zero() {
            return None;
        }
        let next = self.next.min(left);
        self.next = (self.next * 2).min(LONGEST);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use powertools_core::SharedClock;

    use super::*;

    #[test]
    fn pauses_double_and_end_at_the_limit() {
        let begin = SharedClock::default().instant();
        let mut waiting = Waiting::new(begin, Duration::from_secs(1), None);
        let mut now = begin;
        let mut slept = Vec::new();
        while let Some(pause) = waiting.next(now) {
            slept.push(pause.as_millis());
            now += pause;
        }
        assert_eq!(slept, [20, 40, 80, 160, 320, 380]);
    }

    #[test]
    fn nine_tenths_of_the_invocation_are_the_most() {
        let begin = SharedClock::default().instant();
        let remaining = Some(Duration::from_secs(2));
        let mut waiting = Waiting::new(begin, Duration::from_secs(60), remaining);
        let before = begin + Duration::from_millis(1799);
        assert_eq!(waiting.next(before), Some(Duration::from_millis(1)));
        assert_eq!(waiting.next(begin + Duration::from_millis(1800)), None);
    }
}
