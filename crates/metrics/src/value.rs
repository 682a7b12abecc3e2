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

exact!(bool, u8, u16, u32, i8, i16, i32, f64);

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

impl MetricValue for f32 {
    /// As it is written: `0.1_f32` is 0.1.
    fn in_unit(self, _unit: Unit) -> f64 {
        let nearest = f64::from(self);
        zmij::Buffer::new().format(self).parse().unwrap_or(nearest)
    }
}

impl MetricValue for Duration {
    /// In the unit if it is one of time, in seconds without a unit. In any other it is refused.
    fn in_unit(self, unit: Unit) -> f64 {
        match unit {
            Unit::Microseconds => self.as_secs_f64() * 1e6,
            Unit::Milliseconds => self.as_secs_f64() * 1e3,
            Unit::Seconds | Unit::None => self.as_secs_f64(),
            _ => f64::NAN,
        }
    }
}

impl<T: MetricValue + Copy> MetricValue for &T {
    fn in_unit(self, unit: Unit) -> f64 {
        (*self).in_unit(unit)
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
            (Unit::None, 1.5),
        ] {
            assert_eq!(duration.in_unit(unit), expected, "{unit}");
        }
        assert!(duration.in_unit(Unit::Count).is_nan());
    }

    #[test]
    fn a_single_float_is_what_it_prints_as() {
        assert_eq!(0.1_f32.in_unit(Unit::Count), 0.1);
        assert_eq!(f32::MAX.in_unit(Unit::Count), 3.4028235e38);
        assert!(f32::NAN.in_unit(Unit::Count).is_nan());
        assert_eq!((&7_u64).in_unit(Unit::Count), 7.0);
    }
}
