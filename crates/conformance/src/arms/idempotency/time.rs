//! The clock of a case.

use std::time::{Duration, SystemTime};

use powertools_core::{Clock, test_util::ManualClock};

/// Milliseconds since 1970.
pub(super) fn millis(clock: &ManualClock) -> i64 {
    let since = clock.now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.map(|since| i64::try_from(since.as_millis()));
    millis.map_or(0, |millis| millis.unwrap_or(i64::MAX))
}

/// The wall clock's time at these milliseconds since 1970.
pub(super) fn at(millis: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    SystemTime::UNIX_EPOCH + since
}

/// Has both clocks go on to this time; a step back is one of the wall clock alone.
pub(super) fn move_to(clock: &ManualClock, to: i64) {
    match u64::try_from(to - millis(clock)) {
        Ok(ahead) => clock.advance(Duration::from_millis(ahead)),
        Err(_) => clock.set(at(to)),
    }
}
