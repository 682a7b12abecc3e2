use std::time::Duration;

use crate::Unit;

/// What a metric can be given as its value: the numbers, `bool`, and [`Duration`], which is
/// written in the metric's unit.
///
/// ```
/// use std::time::Duration;
/// use powertools_metrics::{MetricValue, Unit};
///
/// assert_eq!(3_u64.in_unit(Unit::Count), 3.0);
/// assert_eq!(true.in_unit(Unit::Count), 1.0);
/// assert_eq!(Duration::from_micros(1500).in_unit(Unit::Milliseconds), 1.5);
/// ```
pub trait MetricValue {
    /// The number that is recorded. One that is not finite, or beyond ±2^360, is refused.
    fn in_unit(self, unit: Unit) -> f64;
}

macro_rules! exact {
    ($($number:ty),+) => {
        $(impl MetricValue for $number {
            #[inline]
            fn in_unit(self, _unit: Unit) -> f64 {
                f64::from(self)
            }
        })+
    };
}

exact!(bool, u8, u16, u32, i8, i16, i32, f32, f64);

macro_rules! nearest {
    ($($number:ty),+) => {
        $(impl MetricValue for $number {
            /// The nearest float: exact up to 2^53.
            #[inline]
            fn in_unit(self, _unit: Unit) -> f64 {
                self as f64
            }
        })+
    };
}

nearest!(u64, i64, u128, i128, usize, isize);

impl MetricValue for Duration {
    /// In the unit if it is one of time, else in seconds.
    fn in_unit(self, unit: Unit) -> f64 {
        match unit {
            Unit::Microseconds => self.as_secs_f64() * 1e6,
            Unit::Milliseconds => self.as_secs_f64() * 1e3,
            _ => self.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_the_unit_of_time() {
        let duration = Duration::from_millis(1500);
        for (unit, expected) in [
            (Unit::Seconds, 1.5),
            (Unit::Milliseconds, 1500.0),
            (Unit::Microseconds, 1_500_000.0),
            (Unit::Count, 1.5),
        ] {
            assert_eq!(duration.in_unit(unit), expected, "{unit}");
        }
    }
}
