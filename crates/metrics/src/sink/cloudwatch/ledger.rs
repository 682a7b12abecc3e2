//! What has become of every value.

use super::report::DropReason;

const REASONS: usize = DropReason::ALL.len();

/// `recorded` is always the sum of what was sent, what was dropped and what waits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ledger {
    recorded: u64,
    sent: u64,
    dropped: [u64; REASONS],
    /// Of what was dropped, how much the warnings have told.
    told: [u64; REASONS],
}

impl Ledger {
    pub(super) fn record(&mut self, values: u64) {
        self.recorded += values;
    }

    pub(super) fn send(&mut self, values: u64) {
        self.sent += values;
    }

    pub(super) fn drop(&mut self, reason: DropReason, values: u64) {
        self.dropped[reason as usize] += values;
    }

    /// How many values were dropped for this reason since it was asked last.
    pub(super) fn tell(&mut self, reason: DropReason) -> u64 {
        let dropped = self.dropped_because(reason);
        dropped - std::mem::replace(&mut self.told[reason as usize], dropped)
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
