use std::fmt;

/// A number as it was written.
///
/// Two numbers are equal by value, compared in decimal: `1` equals `1.0` and `1e0`, and two
/// integers that share their nearest float do not equal each other. Only where both are written
/// as floats, with a point or an exponent, the same nearest float is enough.
#[derive(Debug, Clone)]
pub struct Number(String);

impl Number {
    /// A number of JSON; the caller has checked that it is one.
    pub(crate) fn new(written: String) -> Self {
        Self(written)
    }

    /// The characters, such as `1.50` or `1e3`.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// Whether it is written without a point and an exponent.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !self.0.contains(['.', 'e', 'E'])
    }

    /// The integer, if it is written as one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The integer, if it is written as one and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The nearest float; infinite if the number is too large for one.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // Every number of JSON is a number for Rust.
        self.0.parse().unwrap_or(f64::NAN)
    }

    fn decimal(&self) -> Decimal {
        let (mantissa, exponent) = self.0.split_once(['e', 'E']).unwrap_or((&self.0, "0"));
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // An exponent of more digits than an i64 has is out of reach for both sides.
        let exponent: i128 = exponent.parse::<i64>().map_or_else(
            |_| {
                if exponent.starts_with('-') {
                    i128::MIN / 2
                } else {
                    i128::MAX / 2
                }
            },
            i128::from,
        );
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Decimal::default();
        }
        Decimal {
            negative,
            digits: significant.to_owned(),
            point: exponent + to_i128(whole.len()) - to_i128(leading),
        }
    }
}

/// `±0.digits × 10^point` without zeros at either end of the digits.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    point: i128,
}

fn to_i128(length: usize) -> i128 {
    // A text in memory is shorter than this.
    i128::try_from(length).unwrap_or(i128::MAX)
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
            || self.decimal() == other.decimal()
            || (!self.is_integer() && !other.is_integer() && same_float(self, other))
    }
}

fn same_float(one: &Number, other: &Number) -> bool {
    let float = one.as_f64();
    float.is_finite() && float == other.as_f64()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        Self(number.to_string())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(written: &str) -> Number {
        Number::new(written.to_owned())
    }

    #[test]
    fn spelling_does_not_matter() {
        let same = [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("100", "1E+2"),
            ("1e+21", "1000000000000000000000"),
            ("0", "-0.0"),
            ("0", "0e99999999999999999999"),
            ("-0.50", "-5e-1"),
            (
                "123456789012345678901234567890",
                "1.23456789012345678901234567890e29",
            ),
            ("1e99999999999999999999", "1e+99999999999999999999"),
        ];
        for (one, other) in same {
            assert_eq!(number(one), number(other));
        }
    }

    #[test]
    fn integers_beyond_every_machine_word_are_compared_exactly() {
        let different = [
            ("9007199254740993", "9007199254740992"),
            ("9007199254740993", "9007199254740992.0"),
            ("18446744073709551616", "18446744073709551615"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567891",
            ),
            ("123456789012345678901234567890", "1.2345678901234568e29"),
            ("1", "-1"),
            ("1", "10"),
            ("0.1", "0.10000000000000002"),
            ("1e400", "1e401"),
            ("1e400", "2.0e400"),
        ];
        for (one, other) in different {
            assert_ne!(number(one), number(other));
        }
    }

    #[test]
    fn two_spellings_of_one_float_are_equal() {
        assert_eq!(number("0.1"), number("0.1000000000000000055"));
    }

    proptest! {
        #[test]
        fn integers_are_equal_exactly_if_they_are_the_same(one in any::<i128>(), other in any::<i128>()) {
            prop_assert_eq!(number(&one.to_string()) == number(&other.to_string()), one == other);
            prop_assert_eq!(number(&one.to_string()), number(&format!("{one}.0")));
            prop_assert_eq!(number(&format!("{one}0")), number(&format!("{one}e1")));
        }

        #[test]
        fn floats_equal_themselves_in_every_notation(float in any::<f64>()) {
            prop_assume!(float.is_finite());
            prop_assert_eq!(number(&format!("{float}")), number(&format!("{float:e}")));
        }
    }
}
