//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// Twice as long each time up to ten seconds, and of it a random part between a half and all:
/// processes that failed together do not come back together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// The wait after one more failure; `random` is spread over `0.0 <= x < 1.0`.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failed.min(16));
        self.failed += 1;
        doubled
            .min(LONGEST)
            .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(random: f64) -> Vec<u128> {
        let mut backoff = Backoff::default();
        (0..40).map(|_| backoff.next(random).as_millis()).collect()
    }

    #[test]
    fn waits_double_up_to_ten_seconds() {
        let waits = waits(1.0);
        assert_eq!(waits[..7], [200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert!(waits[7..].iter().all(|&wait| wait == 10_000));
    }

    #[test]
    fn at_least_a_half_is_waited() {
        assert_eq!(waits(0.0)[..4], [100, 200, 400, 800]);
        assert_eq!(waits(0.5)[0], 150);
    }
}
