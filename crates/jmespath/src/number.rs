use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::error::{Error, Kind};

/// A number of JSON as Python sees it: whole numbers stay whole and exact.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Num {
    Int(i128),
    Float(f64),
}

impl Num {
    pub(crate) fn of(number: &Number) -> Self {
        if let Some(int) = number.as_i64() {
            Self::Int(int.into())
        } else if let Some(int) = number.as_u64() {
            Self::Int(int.into())
        } else {
            // Never none without serde_json's arbitrary_precision
            Self::Float(number.as_f64().unwrap_or_default())
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is meant")]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    pub(crate) fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Self::Int(left.saturating_add(right)),
            (left, right) => Self::Float(left.as_f64() + right.as_f64()),
        }
    }

    /// The whole number that a float without fraction is; beyond all sums of JSON's integers it
    /// stays a float.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the float is whole and fits"
    )]
    pub(crate) fn whole(float: f64) -> Self {
        if float.abs() < 1e38 {
            Self::Int(float as i128)
        } else {
            Self::Float(float)
        }
    }

    pub(crate) fn into_value(self) -> Result<Value, Error> {
        let number = match self {
            Self::Int(int) => i64::try_from(int)
                .map(Number::from)
                .or_else(|_| u64::try_from(int).map(Number::from))
                .ok()
                .or_else(|| Number::from_f64(self.as_f64())),
            Self::Float(float) => Number::from_f64(float),
        };
        number
            .map(Value::Number)
            .ok_or_else(|| Error::from(Kind::NotFinite))
    }

    /// By value: 1 is 1.0, and no whole number is rounded to a float before it is compared.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(&right),
            (Self::Float(left), Self::Float(right)) => compare_floats(left, right),
            (Self::Int(left), Self::Float(right)) => compare_mixed(left, right),
            (Self::Float(left), Self::Int(right)) => compare_mixed(right, left).reverse(),
        }
    }
}

/// JSON knows no NaN, so any two compare.
fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

fn compare_mixed(int: i128, float: f64) -> Ordering {
    match Num::whole(float.trunc()) {
        Num::Int(trunc) => int
            .cmp(&trunc)
            .then_with(|| compare_floats(0.0, float.fract())),
        Num::Float(huge) => compare_floats(0.0, huge),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(left: &Value, right: &Value) -> Ordering {
        let num = |value: &Value| Num::of(value.as_number().unwrap());
        num(left).compare(num(right))
    }

    #[test]
    fn numbers_compare_by_value() {
        assert_eq!(compare(&json!(1), &json!(1.0)), Ordering::Equal);
        assert_eq!(compare(&json!(0), &json!(-0.0)), Ordering::Equal);
        assert_eq!(compare(&json!(-1), &json!(-1.5)), Ordering::Greater);
        assert_eq!(compare(&json!(1), &json!(1.5)), Ordering::Less);
        assert_eq!(compare(&json!(1e300), &json!(u64::MAX)), Ordering::Greater);
        assert_eq!(compare(&json!(-1e300), &json!(i64::MIN)), Ordering::Less);
    }

    #[test]
    fn comparison_is_exact_where_floats_are_not() {
        let two_to_53 = 9_007_199_254_740_992_u64;
        assert_eq!(
            compare(&json!(two_to_53 + 1), &json!(9_007_199_254_740_992.0)),
            Ordering::Greater
        );
        assert_eq!(
            compare(&json!(u64::MAX), &json!(18_446_744_073_709_551_616.0)),
            Ordering::Less
        );
        assert_eq!(
            compare(&json!(13_174_809_121_589_054_665_u64), &json!(1.08e19)),
            Ordering::Greater
        );
    }

    #[test]
    fn integers_beyond_64_bits_become_the_nearest_float() {
        let sum = Num::of(&u64::MAX.into()).add(Num::Int(1));
        assert_eq!(
            sum.into_value().unwrap(),
            json!(18_446_744_073_709_551_616.0)
        );
        assert_eq!(Num::Int(-1).into_value().unwrap(), json!(-1));
    }

    #[test]
    fn infinite_sum_is_an_error() {
        let error = Num::Float(f64::MAX).add(Num::Float(f64::MAX)).into_value();
        assert_eq!(error.unwrap_err().code(), "invalid_value");
    }
}
