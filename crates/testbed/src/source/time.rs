//! The simulated time: a duration since a fixed start.

use std::time::Duration;

/// 2024-01-01T00:00:00Z
const START_MILLIS: u64 = 1_704_067_200_000;

pub(crate) fn epoch_millis(at: Duration) -> u64 {
    START_MILLIS + millis(at)
}

pub(crate) fn since_start(epoch_millis: u64) -> Duration {
    Duration::from_millis(epoch_millis.saturating_sub(START_MILLIS))
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn text(epoch_millis: u64) -> String {
    i64::try_from(epoch_millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .expect("simulated time stays far below the year 9999")
        .to_string()
}

/// The earliest of the moments that are still to come.
pub(crate) fn earliest(
    now: Duration,
    moments: impl IntoIterator<Item = Duration>,
) -> Option<Duration> {
    moments.into_iter().filter(|moment| *moment > now).min()
}
