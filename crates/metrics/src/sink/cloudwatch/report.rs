use super::failure::PutFailure;

/// Why values were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The buffer had no room.
    Full,
    /// The service refused them for good.
    Refused,
    /// The service could not be reached in time, or the task ended, as with its runtime.
    Unsent,
    /// Their time is more than 14 days ago or 2 hours ahead: CloudWatch would refuse the whole
    /// request.
    Time,
}

impl DropReason {
    pub(super) const ALL: [Self; 4] = [Self::Full, Self::Refused, Self::Unsent, Self::Time];

    /// One word for it, the same in every version.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Refused => "refused",
            Self::Unsent => "unsent",
            Self::Time => "time",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Full => "the buffer is full; send more often, or raise max_buffered_bytes",
            Self::Refused => "CloudWatch refused them",
            Self::Unsent => "they could not be sent in time",
            Self::Time => "they are more than 14 days old or 2 hours ahead",
        }
    }
}

/// What became of the values while a flush ran.
///
/// A value counts once for each dimension set that it belongs to. What other flushes did at
/// the same time is counted too.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlushReport {
    pub(super) sent: u64,
    pub(super) dropped: u64,
    pub(super) pending: u64,
    pub(super) failure: Option<PutFailure>,
}

impl FlushReport {
    /// How many values CloudWatch has taken.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// How many values were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many values still wait: the time was over, or they came meanwhile.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Whether nothing was dropped, and nothing waits.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.dropped == 0 && self.pending == 0
    }

    /// What went wrong last while the flush ran, even if it went well later.
    #[must_use]
    pub fn failure(&self) -> Option<&PutFailure> {
        self.failure.as_ref()
    }
}
