use std::{fmt, str::FromStr};

use crate::{MetricsError, MetricsErrorKind};

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What a metric counts: the 27 units that CloudWatch knows.
        ///
        /// As text they are spelled as CloudWatch does, `Bytes/Second`. The names of the
        /// variants, which other languages use, are read as well, and `NoUnit`.
        ///
        /// ```
        /// use powertools_metrics::Unit;
        ///
        /// assert_eq!("Bytes/Second".parse(), Ok(Unit::BytesPerSecond));
        /// assert_eq!(Unit::BytesPerSecond.to_string(), "Bytes/Second");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unit {
            $($(#[$doc])* $name,)+
        }

        /// Each with its spelling and the name of its variant.
        const UNITS: &[(Unit, &str, &str)] =
            &[$((Unit::$name, $text, stringify!($name)),)+];

        impl Unit {
            /// As CloudWatch spells it.
            #[must_use]
            #[inline]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The end of a definition in EMF, from the comma after the name on.
            #[inline]
            pub(crate) const fn definition_end(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(",\"Unit\":\"", $text, "\"}"),)+
                }
            }
        }
    };
}

units! {
    /// Seconds.
    Seconds = "Seconds",
    /// Millionths of a second.
    Microseconds = "Microseconds",
    /// Thousandths of a second.
    Milliseconds = "Milliseconds",
    /// Bytes.
    Bytes = "Bytes",
    /// Thousands of bytes.
    Kilobytes = "Kilobytes",
    /// Thousands of kilobytes.
    Megabytes = "Megabytes",
    /// Thousands of megabytes.
    Gigabytes = "Gigabytes",
    /// Thousands of gigabytes.
    Terabytes = "Terabytes",
    /// Bits.
    Bits = "Bits",
    /// Thousands of bits.
    Kilobits = "Kilobits",
    /// Thousands of kilobits.
    Megabits = "Megabits",
    /// Thousands of megabits.
    Gigabits = "Gigabits",
    /// Thousands of gigabits.
    Terabits = "Terabits",
    /// Hundredths.
    Percent = "Percent",
    /// How many.
    Count = "Count",
    /// Bytes in a second.
    BytesPerSecond = "Bytes/Second",
    /// Kilobytes in a second.
    KilobytesPerSecond = "Kilobytes/Second",
    /// Megabytes in a second.
    MegabytesPerSecond = "Megabytes/Second",
    /// Gigabytes in a second.
    GigabytesPerSecond = "Gigabytes/Second",
    /// Terabytes in a second.
    TerabytesPerSecond = "Terabytes/Second",
    /// Bits in a second.
    BitsPerSecond = "Bits/Second",
    /// Kilobits in a second.
    KilobitsPerSecond = "Kilobits/Second",
    /// Megabits in a second.
    MegabitsPerSecond = "Megabits/Second",
    /// Gigabits in a second.
    GigabitsPerSecond = "Gigabits/Second",
    /// Terabits in a second.
    TerabitsPerSecond = "Terabits/Second",
    /// How many in a second.
    CountPerSecond = "Count/Second",
    /// A number without a unit.
    None = "None",
}

impl FromStr for Unit {
    type Err = MetricsError;

    fn from_str(text: &str) -> Result<Self, MetricsError> {
        if text == "NoUnit" {
            return Ok(Self::None);
        }
        let known = UNITS
            .iter()
            .find(|(_, spelling, name)| text == *spelling || text == *name);
        known
            .map(|(unit, ..)| *unit)
            .ok_or_else(|| MetricsError::new(MetricsErrorKind::Unit))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_in_both_spellings() {
        assert_eq!(UNITS.len(), 27);
        for (unit, spelling, name) in UNITS {
            assert_eq!(spelling.parse(), Ok(*unit));
            assert_eq!(name.parse(), Ok(*unit));
            assert_eq!(unit.to_string(), *spelling);
        }
        assert_eq!("NoUnit".parse(), Ok(Unit::None));
    }

    #[test]
    fn another_word_is_no_unit() {
        for word in ["seconds", "", "Count ", "Counts", "/Second"] {
            let error = word.parse::<Unit>().unwrap_err();
            assert_eq!(error.kind(), MetricsErrorKind::Unit, "{word}");
        }
    }
}
