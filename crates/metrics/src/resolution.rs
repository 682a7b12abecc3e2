use crate::{MetricsError, MetricsErrorKind};

/// How fine CloudWatch keeps a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Resolution {
    /// A minute: the default.
    #[default]
    Standard,
    /// A second. Points finer than a minute are kept for three hours, and alarms on them
    /// cost more.
    High,
}

impl Resolution {
    /// 60 or 1.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Standard => 60,
            Self::High => 1,
        }
    }
}

impl TryFrom<u32> for Resolution {
    type Error = MetricsError;

    fn try_from(seconds: u32) -> Result<Self, MetricsError> {
        match seconds {
            60 => Ok(Self::Standard),
            1 => Ok(Self::High),
            _ => Err(MetricsError::new(MetricsErrorKind::Resolution)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_and_a_second_are_all_there_is() {
        for resolution in [Resolution::Standard, Resolution::High] {
            assert_eq!(Resolution::try_from(resolution.seconds()), Ok(resolution));
        }
        for seconds in [0, 2, 30, 61] {
            assert!(Resolution::try_from(seconds).is_err(), "{seconds}");
        }
    }
}
