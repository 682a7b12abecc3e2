//! What has become of every value.

use std::time::{Duration, Instant};

use super::report::DropReason;

/// A reason is told of again only after this time.
const QUIET: Duration = Duration::from_secs(60);

const REASONS: usize = DropReason::ALL.len();

/// `recorded` is always the sum of what was sent, what was dropped and what waits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ledger {
    recorded: u64,
    sent: u64,
    dropped: [u64; REASONS],
    warned: [Option<Instant>; REASONS],
}

impl Ledger {
    pub(super) fn record(&mut self, values: u64) {
        self.recorded += values;
    }

    pub(super) fn send(&mut self, values: u64) {
        self.sent += values;
    }

    /// Gives whether it is time for a warning.
    pub(super) fn drop(&mut self, reason: DropReason, values: u64, now: Instant) -> bool {
        self.dropped[reason as usize] += values;
        let warned = &mut self.warned[reason as usize];
        let due = warned.is_none_or(|at| now.saturating_duration_since(at) >= QUIET);
        if due {
            *warned = Some(now);
        }
        due
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn dropped_because(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// In the buffer, or under way.
    pub(super) fn pending(&self) -> u64 {
        self.recorded - self.sent - self.dropped()
    }
}

#[cfg(test)]
mod tests {
    use powertools_core::SharedClock;

    use super::*;

    #[test]
    fn every_reason_is_warned_of_once_a_minute() {
        let start = SharedClock::default().instant();
        let mut ledger = Ledger::default();
        ledger.record(10);
        let mut due =
            |reason, seconds| ledger.drop(reason, 2, start + Duration::from_secs(seconds));
        assert!(due(DropReason::Full, 0));
        assert!(due(DropReason::Closed, 1));
        assert!(!due(DropReason::Full, 59));
        assert!(due(DropReason::Full, 60));
        assert!(!due(DropReason::Full, 61));
        assert_eq!((ledger.dropped(), ledger.pending()), (10, 0));
        assert_eq!(ledger.dropped_because(DropReason::Full), 8);
    }
}
