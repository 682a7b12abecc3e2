#![expect(
    clippy::disallowed_methods,
    reason = "nanoseconds need the monotonic clock itself"
)]

use std::{
    fmt,
    time::{Duration, Instant},
};

const BATCHES: usize = 41;
const BATCH: Duration = Duration::from_millis(3);

/// Nanoseconds per operation, over many batches.
#[derive(Debug)]
pub(crate) struct Timing {
    median: f64,
    fastest: f64,
}

impl Timing {
    /// `run` performs the operation as often as it is told.
    pub(crate) fn of(mut run: impl FnMut(u32)) -> Self {
        let mut batch = |count| {
            let start = Instant::now();
            run(count);
            start.elapsed()
        };
        let mut count = 1;
        while batch(count) < BATCH && count < u32::MAX / 2 {
            count *= 2;
        }
        let mut batches: Vec<f64> = (0..BATCHES)
            .map(|_| batch(count).as_secs_f64() * 1e9 / f64::from(count))
            .collect();
        batches.sort_by(f64::total_cmp);
        Self {
            median: batches[BATCHES / 2],
            fastest: batches[0],
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}\t{:.1}", self.median, self.fastest)
    }
}
